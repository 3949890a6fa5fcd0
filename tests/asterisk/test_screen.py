"""What goes with a call to whoever takes it: the event `IvrCall` as a program for operators sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, select, update

from ivr.domain.journal.steps import OutageTold
from ivr.domain.journal.stored import columns
from ivr.domain.outages import Cause, Scope
from ivr.storage import tables
from ivr.telephony.manager.ami import AmiRefused, Events, Message, connected
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import MANY_OF_ONE_DISTRICT
from tests.asterisk.callbacks import called, forgotten, standing, variable
from tests.asterisk.conftest import ringing
from tests.asterisk.district import REPORTS, ring
from tests.lab.phone import CALLER, calling, nobody_answers

LIMIT_S = 90.0
NASTY = 'Ленина, "5"; ${EVIL} (угол) [2]\\, 3, 7'
ASKED_IN = "01JHASKEDINTHISONE"
INJECTS = "Мира\r\nAccount: 666\r\n\r\nEvent: Forged"


@pytest.fixture(scope="module")
def running(lab: Lab) -> Iterator[System]:
    with standing(lab, MANY_OF_ONE_DISTRICT) as system:
        yield system


@pytest.fixture
async def system(running: System) -> AsyncIterator[System]:
    """The daemon of the module; nobody has reported anything or is promised a call."""
    yield running
    await forgotten(running)


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
    identified = [*REPORTS[:-1], {"hears": "report/trouble", "keys": "4"}]
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


@pytest.mark.parametrize(("kind", "key"), [("queue", "1"), ("power", "2")])
async def test_who_is_rung_back_is_shown_as_they_were(lab: Lab, system: System, kind: str, key: str) -> None:
    does_ = "confirms" if key == "1" else "declines"
    async with called(lab, does_), nobody_answers(lab), screen(lab) as events:
        owe(system, kind, "1000000007")
        event = await events.next(LIMIT_S)
    assert fields(event, "Account", "Confirmed", "District", "Address") == ["1000000007", "no", "Север", NASTY]
    assert (event["Promise"] != "", event["CallerIDNum"]) == (True, CALLER)
    assert event["Call"] == ASKED_IN


async def test_who_left_danger_for_a_call_is_shown_in_danger_again(lab: Lab, system: System) -> None:
    """Without it the operator begins anew with somebody who stands beside a fallen wire."""
    async with called(lab, "confirms"), nobody_answers(lab), screen(lab) as events:
        owe(system, "queue", "1000000007", priority=10)
        event = await events.next(LIMIT_S)
        place = await variable(lab, "QUEUE_PRIO")
    assert fields(event, "Danger", "Trouble", "Report", "Outage", "Told") == ["yes", "danger", "1001", "1", "cable"]
    assert place == "15", "danger that was rung back stays before all other danger"


def owe(system: System, kind: str, number: str, priority: int = 0) -> None:
    """A promise that is due, to somebody whose account is known; if they are in danger, they reported it."""
    database, now = system.open_database(), datetime.now(UTC)
    accounts, callbacks = tables.of(tables.Account), tables.of(tables.Callback)
    row = {"kind": kind, "state": "due", "phone": CALLER, "queue": "hotline" if kind == "queue" else ""}
    with database.writing() as connection:
        key = connection.scalar(select(accounts.c.id).where(accounts.c.number == number))
        if kind == "power":
            place = {"kind": "emergency", "state": "ended", "district": "Юг", "cause": "cable", "ended_at": now}
            ended = tables.of(tables.Outage)
            new = insert(ended).values(began_at=now, created_at=now, **place).returning(ended.c.id)
            row["outage_id"] = connection.execute(new).scalar_one()
        asked = {"id": ASKED_IN, "node": "test", "started_at": now, "ended_at": now, "outcome": "hotline"}
        connection.execute(insert(tables.of(tables.Call)).values(asked))
        row["call_id"] = ASKED_IN
        if priority:
            told = OutageTold(1, Scope.DISTRICT, Cause.CABLE)
            step = {"call_id": ASKED_IN, "seq": 1, "at": now, **columns(told)}
            connection.execute(insert(tables.of(tables.CallStep)).values(step))
            report = {"call_id": ASKED_IN, "created_at": now, "trouble": "danger"}
            connection.execute(insert(tables.of(tables.OutageReport)).values(report))
        connection.execute(
            insert(callbacks).values(
                account_id=key, due_at=now, created_at=now, joined_at=now, priority=priority, **row
            )
        )
    database.close()
