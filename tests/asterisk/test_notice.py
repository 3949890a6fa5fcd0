"""A large outage that the dialplan tells of by itself: never before, never after, whatever is restarted."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from ivr.domain.outages import Cause, Kind, Place
from ivr.storage.outages import changes as outages
from ivr.storage.outages import views as outages_seen
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import MANY_OF_ONE_DISTRICT, import_accounts
from tests.asterisk.callbacks import system_of
from tests.lab.phone import calling, global_variable
from tests.waiting import until

HOLDS_S = 180


def news(lab: Lab) -> int:
    """For how many seconds the dialplan tells of an outage from now on; -1: it was never told of one."""
    for line in lab.command("dialplan show globals").splitlines():
        name, _, value = line.strip().partition("=")
        if name == "IVR_NOTICE_UNTIL":
            return max(int(value or 0) - int(time.time()), 0)
    return -1


def enter(system: System, place: Place) -> int:
    now, database = datetime.now(UTC), system.open_database()
    entered = outages.add(database, Kind.EMERGENCY, place, Cause.CABLE, now, None, "test", now)
    database.close()
    return entered.id


def end(system: System, outage: int) -> None:
    now, database = datetime.now(UTC), system.open_database()
    outages.end(database, outage, "test", now, ended_at=now)
    database.close()


async def test_it_is_told_when_the_menu_is_full_until_it_ends(lab_folder: Path) -> None:
    lab = Lab(lab_folder)
    await asyncio.to_thread(lab.up)
    with system_of(lab, surge={"notice": 3}) as system:
        import_accounts(system, MANY_OF_ONE_DISTRICT)
        await asyncio.to_thread(system.start_daemon)
        await until(lambda: news(lab) == 0)
        small = enter(system, Place("Север", "Мира", "1"))
        large = enter(system, Place("Север"))
        await until(lambda: news(lab) > 0)
        assert news(lab) <= HOLDS_S
        async with global_variable(lab, "IVR_CALLS", "0"), calling(lab) as phone:
            await phone.hears_next("fixed/greeting", "fixed/outage-notice", "fixed/fallback")

        await asyncio.to_thread(lab.restart)
        await until(lambda: news(lab) > 0)

        end(system, large)
        await until(lambda: news(lab) == 0)
        assert [one.outage.id for one in outages_of(system)] == [small], "too small to be told of"

        enter(system, Place("Север"))
        await until(lambda: news(lab) > 0)
        system.kill_daemon()
        assert 0 < news(lab) <= HOLDS_S, "and over by itself"


def outages_of(system: System) -> list[outages_seen.OutageView]:
    database = system.open_database()
    try:
        return list(outages_seen.listed(database))
    finally:
        database.close()
