"""The light is back, on the real Asterisk: who asked is rung, hears so, and can say that it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert

from ivr.domain.outages import Cause, Kind, Place
from ivr.lab.lab import Lab
from ivr.robot.scenario import parse
from ivr.robot.system import System
from ivr.storage import outages, tables
from ivr.storage.reports import SeenReport, reports
from tests.asterisk.accounts import import_accounts
from tests.asterisk.conftest import SHORT_WAITS, ringing
from tests.asterisk.promises import (
    called,
    does,
    heard,
    kept,
    promise,
    rung,
    system_of,
    told,
    two_daemons,
)
from tests.asterisk.test_outages import FILE
from tests.lab.phone import exchange, global_variable, nobody_answers, waiting_callers
from tests.waiting import until

FIRST, SECOND = "+79160000001", "+79160000002"
STREET = Place("Север", "Ленина")


@pytest.fixture
def system(lab: Lab) -> Iterator[System]:
    with system_of(lab, waits=SHORT_WAITS["waits"]) as system:
        import_accounts(system, FILE)
        yield system


def enter(system: System, place: Place = STREET) -> int:
    """An outage that has begun; its number."""
    now, database = datetime.now(UTC), system.open_database()
    entered = outages.add(database, Kind.EMERGENCY, place, Cause.CABLE, now, None, "test", now, anywhere=True)
    database.close()
    return entered.id


def asked(system: System, outage: int, *phones: str, account: int = 1) -> None:
    """These callers were promised a call at the end of an outage; account: the key of their account."""
    now, database = datetime.now(UTC), system.open_database()
    row = {"kind": "power", "state": "due", "outage_id": outage, "created_at": now, "due_at": outages.NOT_YET}
    with database.writing() as connection:
        rows = [{"phone": phone, "account_id": account, **row} for phone in phones]
        connection.execute(insert(tables.of(tables.Callback)), rows)
    database.close()


def end(system: System, outage: int) -> None:
    now, database = datetime.now(UTC), system.open_database()
    outages.end(database, outage, "test", now, ended_at=now)
    database.close()


def reported(system: System) -> list[SeenReport]:
    database = system.open_database()
    try:
        return reports(database)
    finally:
        database.close()


async def test_the_light_is_back_for_one_caller_and_not_for_the_other(lab: Lab, system: System) -> None:
    outage = enter(system)
    system.start_daemon()
    async with ringing(system) as robot:
        for caller in (FIRST, SECOND):
            steps = [{"hears": "outage/choices", "keys": "1", "timeout": 40}, {"hears": "menu/else", "keys": "2"}]
            expect = {"outcome": "nothing", "heard": ["outage/known", "outage/choices", "outage/promised"]}
            result = await robot.ring(
                parse({"title": "ask", "from": caller, "step": steps, "expect": expect}, FILE.parent)
            )
            assert not result.faults
    async with (
        called(lab, "confirms"),
        global_variable(lab, f"LAB_CALLED_{SECOND[1:]}", "declines"),
        nobody_answers(lab),
        rung(lab) as numbers,
        heard(lab) as prompts,
        told(lab, "IVR_REPORT") as told_numbers,
    ):
        said: list[str] = []
        told_numbers.append(lambda _channel, number: said.append(number) if number else None)
        assert numbers == []
        end(system, outage)
        await until(lambda: {state for _, state, *_ in kept(system)} == {"done"})
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        assert sorted(numbers) == [FIRST, SECOND]
        assert prompts[FIRST] == ["fixed/power-hello", "fixed/power-thanks", "fixed/goodbye"]
        last_words = ["fixed/power-dark", "fixed/message-number", "fixed/hotline-connecting"]
        assert prompts[SECOND] == ["fixed/power-hello", *last_words]
        (waits,) = (
            call for call in lab.command("core show channels concise").splitlines() if call.split("!")[5] == "Queue"
        )
        assert waits.split("!")[7] == SECOND, "who takes the call needs the number"
    assert sorted(kept(system)) == [(FIRST, "done", "confirmed", 1), (SECOND, "done", "dark", 1)]
    (report,) = reported(system)
    assert (report.caller, report.account, report.trouble) == (SECOND, "1000000002", "house")
    assert set(said) == {str(report.number)}
    assert (report.place, report.outage_id, report.rung_after) == (Place("Север", "Ленина", "1"), None, outage)


async def test_who_is_still_without_light_waits_behind_who_waits_already(lab: Lab, system: System) -> None:
    outage = enter(system)
    asked(system, outage, FIRST)
    end(system, outage)
    async with waiting_callers(lab, 1), called(lab, "declines"), exchange(lab) as ami:
        with ami.events("QueueCallerJoin") as events:
            system.start_daemon()
            joined = await events.wait_for("QueueCallerJoin", 30, Queue="hotline")
            assert joined["Position"] == "2"


async def test_who_wants_a_person_gets_one_and_reports_nothing(lab: Lab, system: System) -> None:
    outage = enter(system)
    asked(system, outage, FIRST)
    end(system, outage)
    async with called(lab, "person"), nobody_answers(lab):
        system.start_daemon()
        await until(lambda: kept(system) == [(FIRST, "done", "person", 1)])
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
    assert reported(system) == []


@pytest.mark.parametrize("does", ["busy", "silent"])
async def test_who_cannot_be_reached_is_tried_again_and_then_given_up(lab: Lab, system: System, does: str) -> None:
    outage = enter(system)
    asked(system, outage, FIRST)
    end(system, outage)
    async with called(lab, does), rung(lab) as numbers, heard(lab) as prompts:
        system.start_daemon()
        if does == "busy":
            await until(lambda: kept(system) == [(FIRST, "given-up", does, 3)])
            await until(lambda: numbers == [FIRST] * 3)
        else:
            await until(lambda: kept(system)[0][1:] in {("due", does, 1), ("calling", does, 2)}, 60)
            assert prompts[FIRST][:2] == ["fixed/power-hello"] * 2
    assert reported(system) == []


async def test_nobody_is_rung_at_night_however_lately_they_asked(lab: Lab) -> None:
    hour = datetime.now(UTC).hour
    night = {"quiet_from": (hour - 1) % 24, "quiet_to": (hour + 3) % 24}
    with system_of(lab, callbacks=night) as system:
        system.config_file.write_text(f'time_zone = "UTC"\n{system.config_file.read_text()}')
        import_accounts(system, FILE)
        outage = enter(system)
        asked(system, outage, FIRST)
        end(system, outage)
        async with called(lab, "confirms"), rung(lab) as numbers:
            system.start_daemon()
            promise(system, SECOND)  # who has just asked for their place in the queue is
            await until(lambda: (SECOND, "done", "confirmed", 1) in kept(system))
            await until(lambda: numbers == [SECOND])
            assert kept(system)[0] == (FIRST, "due", "", 0)


async def test_another_outage_there_and_nobody_hears_that_the_light_is_back(lab: Lab, system: System) -> None:
    outage = enter(system)
    asked(system, outage, FIRST)
    end(system, outage)
    again = enter(system, Place("Север"))
    elsewhere = enter(system, Place("Юг", "Мира"))
    asked(system, elsewhere, SECOND, account=5)
    end(system, elsewhere)
    async with called(lab, "confirms"), rung(lab) as numbers:
        system.start_daemon()
        await until(lambda: (FIRST, "due", "", 0) in kept(system) and bool(numbers))
        assert FIRST not in numbers
        end(system, again)
        await until(lambda: (FIRST, "done", "confirmed", 1) in kept(system))


async def test_daemon_killed_before_the_answer_and_still_no_light_is_reported_once(lab: Lab, system: System) -> None:
    outage = enter(system)
    asked(system, outage, FIRST)
    end(system, outage)
    async with called(lab, "rings"), nobody_answers(lab), rung(lab) as numbers:
        system.start_daemon()
        await until(lambda: numbers == [FIRST])
        system.kill_daemon()
        await does(lab, "declines")
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        assert (kept(system), reported(system)) == ([(FIRST, "calling", "", 1)], [])
        system.start_daemon()
        await until(lambda: kept(system) == [(FIRST, "done", "dark", 1)])
        assert "lab-called" in lab.command("queue show hotline"), "known while they still wait"
        assert len(reported(system)) == 1
        await until(lambda: numbers == [FIRST])
    assert len(reported(system)) == 1


async def test_two_daemons_on_one_postgresql_ring_nobody_twice_and_report_once(lab: Lab, postgres_url: str) -> None:
    phones = [f"+7916555{number:04d}" for number in range(12)]
    with two_daemons(lab, postgres_url) as (one, other):
        import_accounts(one, FILE)
        outage = enter(one)
        asked(one, outage, *phones)
        async with called(lab, "declines"), nobody_answers(lab), rung(lab) as numbers:
            one.start_daemon()
            other.start_daemon()
            end(one, outage)
            await until(lambda: {state for _, state, *_ in kept(one)} == {"done"})
        assert sorted(numbers) == phones
        assert {(reason, tries) for *_, reason, tries in kept(one)} == {("dark", 1)}
        assert sorted(report.caller for report in reported(one)) == phones


async def test_so_many_a_minute_and_no_more(lab: Lab) -> None:
    phones = [f"+7916555{number:04d}" for number in range(6)]
    with system_of(lab, callbacks={"power_per_minute": 60, "at_once": 50, "pauses_s": []}) as system:
        import_accounts(system, FILE)
        outage = enter(system)
        asked(system, outage, *phones)
        end(system, outage)
        async with called(lab, "busy"), exchange(lab) as ami:
            with ami.events("VarSet") as events:
                system.start_daemon()
                rings = [await events.wait_for("VarSet", 90, Variable="IVR_RUNG") for _ in phones]
        assert sorted(ring["Value"] for ring in rings) == phones
        first, *_, last = (float(ring["Timestamp"]) for ring in rings)
        assert last - first > 3, "one a second"
