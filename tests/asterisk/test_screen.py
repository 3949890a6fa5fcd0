"""What goes with a call to whoever takes it: the event `IvrCall` as a program for operators sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import update

from ivr.lab.lab import Lab
from ivr.robot.system import System
from ivr.storage import tables
from ivr.telephony.ami import AmiRefused, Events, Message, connected
from tests.asterisk.conftest import ringing
from tests.asterisk.test_surge import ring, system
from tests.lab.phone import CALLER, calling

__all__ = ["system"]

LIMIT_S = 30.0
NASTY = 'Ленина, "5"; ${EVIL} (угол) [2]\\, 3, 7'
INJECTS = "Мира\r\nAccount: 666\r\n\r\nEvent: Forged"


@asynccontextmanager
async def screen(lab: Lab) -> AsyncIterator[Events]:
    """Events that the account `ivr-screen` sees: all of them, whatever their name."""
    state = lab.state
    assert state is not None
    async with connected(state.ami_port, "ivr-screen", state.ami_secret) as ami:
        with pytest.raises(AmiRefused):
            await ami.action("Getvar", Variable="IVR_SOCKET")
        with ami.events() as events:
            yield events


def fields(event: Message, *names: str) -> list[str]:
    assert (event.name, event["UserEvent"]) == ("UserEvent", "IvrCall")
    return [event[name] for name in names]


async def test_who_presses_zero_at_once_is_told_too_without_the_daemon(lab: Lab) -> None:
    async with screen(lab) as events, calling(lab) as phone:
        await phone.presses("0")
        await phone.sees("QueueCallerJoin", Queue="hotline")
        event = await events.next(LIMIT_S)
    assert fields(event, "Queue", "Account", "Address", "Call", "Danger") == ["hotline", "", "", "", ""]
    assert event["CallerIDNum"] == CALLER
    assert event["Channel"] == phone.line


async def test_an_address_arrives_as_it_is_whatever_is_in_it(lab: Lab, system: System) -> None:
    database = system.open_database()
    accounts = tables.of(tables.Account)
    with database.writing() as connection:
        connection.execute(update(accounts).where(accounts.c.number == "1000000008").values(street=INJECTS))
    database.close()
    identified = [
        {"hears": "identify/confirm", "keys": "1"},
        {"hears": "reading/ask", "keys": "12150"},
        {"hears": "reading/confirm", "keys": "1"},
        {"hears": "menu/else", "keys": "1"},
        {"hears": "menu/main", "keys": "3"},
        {"hears": "report/trouble", "keys": "4"},
    ]
    async with ringing(system) as robot, screen(lab) as events:
        result = await ring(robot, 7, identified, "hotline", "hotline/connecting")
        event = await events.next(LIMIT_S)
        assert fields(event, "Account", "Confirmed", "District", "Address") == ["1000000007", "yes", "Север", NASTY]
        assert fields(event, "Danger", "Trouble", "Report", "Outage") == ["yes", "danger", "1001", ""]
        assert event["Call"] == result.call_id

        await ring(robot, 8, [{"hears": "identify/confirm", "keys": "0"}], "hotline", "hotline/connecting")
        event = await events.next(LIMIT_S)
        assert fields(event, "Account", "Confirmed") == ["1000000008", "no"]
        assert event["Address"] == "Мира  Account: 666    Event: Forged, 2, 8"
