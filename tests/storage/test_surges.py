"""Suspected outages from reports, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from ivr.cli.labels import fault_text
from ivr.domain.callbacks import OutageCallbackRequest
from ivr.domain.outages import Cause, Kind, Place, Report, State, Trouble
from ivr.domain.surges import Greeting, SurgeTerms
from ivr.intake.callbacks import Callbacks
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.callbacks.repository import CallbackUnits
from ivr.storage.callbacks.views import OutageCallbacksView, outage_callbacks
from ivr.storage.database.database import Database
from ivr.storage.database.runtime_flags import GREETING, OFF, ON, SURGE, RuntimeFlags, switch, switched
from ivr.storage.outages import changes as outages
from ivr.storage.outages import views as outages_seen
from ivr.storage.outages.changes import NoSuchOutage
from ivr.storage.outages.repository import OutageRepository
from ivr.storage.outages.surges import confirm, fade, suspect
from tests.storage.conftest import MOSCOW, Now, Run, Stock
from tests.waiting import LIMIT_S

NOON = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
TERMS = SurgeTerms()
NORTH = Place("Север", "Ленина", "5")


def report(
    database: Database,
    stock: Stock,
    number: int,
    at: datetime = NOON,
    place: Place = NORTH,
    caller: str | None = None,
    account: int | None = None,
    outage: int | None = None,
    trouble: Trouble = Trouble.HOUSE,
) -> None:
    """A report from an account and a telephone of its own, if no others are given."""
    call = f"c{number}-{at:%H%M%S}"
    if account is None:
        account = stock.account(f"{number:03}{at:%H%M%S}", district=place.district, street=place.street)
    with database.writing() as connection:
        phone = f"+7916000{number:04}" if caller is None else caller
        connection.execute(insert(tables.Call).values(id=call, node="test", started_at=at, caller=phone))
        row = {"created_at": at, "call_id": call, "account_id": account, "outage_id": outage, "trouble": trouble.value}
        where = {"district": place.district, "street": place.street, "house": place.house}
        connection.execute(insert(tables.OutageReport).values(row | where))


def states(stock: Stock) -> list[tuple[object, ...]]:
    return stock.rows(tables.Outage, "id", "state", "district", "street")


@pytest.fixture
def surge(database: Database, stock: Stock) -> Iterator[None]:
    """Six callers of one district have reported; the outage is suspected."""
    for number in range(6):
        report(database, stock, number, NOON - 5 * MINUTE + number * MINUTE)
    assert [(one.id, one.callers) for one in suspect(database, TERMS, NOON)] == [(1, 6)]
    yield


@pytest.mark.both_databases
def test_six_callers_in_ten_minutes_open_one_suspected_outage(database: Database, stock: Stock, surge: None) -> None:
    assert states(stock) == [(1, "suspected", "Север", "")]
    assert suspect(database, TERMS, NOON) == []
    (seen,) = outages_seen.listed(database)
    assert (seen.outage.state, seen.outage.cause, seen.reports) == (State.SUSPECTED, Cause.UNKNOWN, 6)
    assert seen.outage.began_at == NOON - 5 * MINUTE
    assert [(one.who, one.action, one.facts) for one in seen.changes] == [
        ("surge", "suspect", {"callers": 6, "minutes": 10})
    ]


def test_too_few_too_slow_or_from_everywhere_open_none(database: Database, stock: Stock) -> None:
    for number in range(5):
        report(database, stock, number)
    report(database, stock, 6, NOON - 11 * MINUTE)
    report(database, stock, 7, place=Place("Юг", "Мира"))
    report(database, stock, 8, place=Place())
    assert suspect(database, TERMS, NOON) == [] == states(stock)


def test_one_who_reports_six_times_is_one(database: Database, stock: Stock) -> None:
    account = stock.account(district="Север")
    for number in range(6):
        report(database, stock, number, caller="+79161234567", account=account)
        report(database, stock, 100 + number, caller="+79161234567")
    assert suspect(database, TERMS, NOON) == []


@pytest.mark.both_databases
def test_reports_of_a_known_outage_do_not_count_and_are_given_to_it(database: Database, stock: Stock) -> None:
    stock.account(district="Север", street="Ленина", house="5")
    street = Place("Север", "Ленина")
    known = outages.add(database, Kind.EMERGENCY, street, Cause.CABLE, NOON - HOUR, None, "anna", NOON).id
    for number in range(4):
        report(database, stock, number, trouble=Trouble.DANGER)  # who sees sparks waits for no look-up
        report(database, stock, 10 + number, outage=known)
    for number in range(20, 25):
        report(database, stock, number, place=Place("Север", "Мира", "1"))
    assert suspect(database, TERMS, NOON) == []
    assert [(one.outage.id, one.reports) for one in outages_seen.listed(database)] == [(known, 8)]
    report(database, stock, 26, place=Place("Север", "Мира", "1"))
    assert [one.callers for one in suspect(database, TERMS, NOON)] == [6]


@pytest.mark.both_databases
def test_a_withdrawn_suspicion_comes_back_from_new_reports_only(database: Database, stock: Stock, surge: None) -> None:
    report(database, stock, 50, trouble=Trouble.DANGER)  # belongs to nothing yet when it is withdrawn
    for number in range(60, 65):
        report(database, stock, number)
    outages.end(database, 1, "anna", NOON + MINUTE, ended_at=NOON - HOUR, withdrawn=True)
    assert suspect(database, TERMS, NOON + MINUTE) == []
    for number in range(70, 75):
        report(database, stock, number, NOON + 2 * MINUTE)
    assert suspect(database, TERMS, NOON + 3 * MINUTE) == []
    report(database, stock, 75, NOON + 3 * MINUTE)
    assert [(one.id, one.callers) for one in suspect(database, TERMS, NOON + 3 * MINUTE)] == [(2, 6)]


@pytest.mark.both_databases
def test_a_clerk_confirms(database: Database, stock: Stock, surge: None) -> None:
    with pytest.raises(outages.AlreadyKnown) as known_already:
        outages.add(database, Kind.EMERGENCY, Place("север"), Cause.LINE, NOON, None, "anna", NOON)
    assert "ivr outage confirm 1" in fault_text(known_already.value)
    known = confirm(database, 1, "anna", NOON, cause=Cause.LINE, expected_end=NOON + 2 * HOUR, note="crew there")
    assert (known.state, known.cause, known.expected_end) == (State.OPEN, Cause.LINE, NOON + 2 * HOUR)
    (seen,) = outages_seen.listed(database)
    assert seen.changes[-1].facts == {
        "cause": "line",
        "expected_end": "2026-11-20T14:00+03:00",
        "note": "crew there",
    }
    with pytest.raises(NoSuchOutage) as open_already:
        confirm(database, 1, "anna", NOON)
    with pytest.raises(NoSuchOutage) as missing:
        confirm(database, 2, "anna", NOON)
    assert fault_text(open_already.value) == "outage 1 is open, not suspected"
    assert fault_text(missing.value) == "there is no outage 2"
    assert fade(database, TERMS, NOON + 99 * HOUR) == []


@pytest.mark.both_databases
async def test_an_unconfirmed_suspicion_fades_after_its_last_report_and_its_callbacks_are_due(
    database: Database, stock: Stock, surge: None, ledger: AccountRepository, now: Now
) -> None:
    requests = Callbacks(CallbackUnits(ledger.units, "test"), now)
    await requests.ask_after_outage(OutageCallbackRequest("p1", "+79161234567", 1))
    assert outage_callbacks(database) == OutageCallbacksView(waiting=1)
    report(database, stock, 80, NOON + HOUR, outage=1)
    assert fade(database, TERMS, NOON + 3.5 * HOUR) == []
    assert fade(database, TERMS, NOON + 4 * HOUR) == [1]
    assert fade(database, TERMS, NOON + 4 * HOUR) == []
    assert states(stock) == [(1, "ended", "Север", "")]
    assert outage_callbacks(database) == OutageCallbacksView(due=1)
    (seen,) = outages_seen.listed(database, over_too=True)
    assert (seen.changes[-1].who, seen.changes[-1].action) == ("surge", "end")
    assert (seen.changes[-1].facts["to_ring"], seen.changes[-1].facts["unconfirmed"]) == (1, True)


@pytest.mark.both_databases
async def test_several_daemons_that_look_at_once_open_one(url: str, database: Database, stock: Stock) -> None:
    for number in range(6):
        report(database, stock, number)
    daemons = [Database(url, LIMIT_S) for _ in range(6)]
    try:
        looks = await asyncio.gather(*(asyncio.to_thread(suspect, one, TERMS, NOON) for one in daemons))
    finally:
        for daemon in daemons:
            daemon.close()
    assert sorted(len(look) for look in looks) == [0, 0, 0, 0, 0, 1]
    assert states(stock) == [(1, "suspected", "Север", "")]


@pytest.mark.both_databases
async def test_a_withdrawal_at_the_same_moment_is_not_overlooked(url: str, database: Database, stock: Stock) -> None:
    for turn in range(5):
        at = NOON + turn * HOUR
        for number in range(6):
            report(database, stock, number, at)
        (opened,) = suspect(database, TERMS, at)
        for number in range(10, 16):
            report(database, stock, number, at, trouble=Trouble.DANGER)
        other = Database(url, LIMIT_S)
        look = asyncio.to_thread(suspect, other, TERMS, at + MINUTE)
        withdrawal = asyncio.to_thread(
            outages.end, database, opened.id, "anna", at + MINUTE, ended_at=at + MINUTE, withdrawn=True
        )
        try:
            assert (await asyncio.gather(look, withdrawal))[0] == []
        finally:
            other.close()
        assert suspect(database, TERMS, at + MINUTE) == []


async def test_who_reports_wakes_the_watch(
    database: Database, stock: Stock, ledger: AccountRepository, now: Now
) -> None:
    woken: list[int] = []
    emergencies = OutageRepository(ledger.units, now, "test", lambda: woken.append(1))
    await emergencies.report(Report("c1", Trouble.HOUSE, NORTH, stock.account(district="Север")))
    assert woken == [1]


async def test_callers_hear_of_a_suspicion(
    database: Database, surge: None, ledger: AccountRepository, now: Now
) -> None:
    emergencies = OutageRepository(ledger.units, now, "test")
    found = await emergencies.at(Place("Север", "Мира", "9"))
    assert found is not None and (found.id, found.state) == (1, State.SUSPECTED)
    assert await emergencies.at(Place("Юг")) is None


@pytest.mark.both_databases
def test_what_clerks_switch_is_kept_and_in_the_audit(database: Database, stock: Stock) -> None:
    assert switched(database) == RuntimeFlags(Greeting.AUTO, suspects=True)
    switch(database, GREETING, Greeting.SHORT, "anna", NOON)
    switch(database, SURGE, OFF, "boris", NOON)
    assert switched(database) == RuntimeFlags(Greeting.SHORT, suspects=False)
    switch(database, GREETING, Greeting.AUTO, "anna", NOON)
    switch(database, SURGE, ON, "boris", NOON)
    assert switched(database) == RuntimeFlags()
    assert stock.rows(tables.Audit, "who", "action", "subject", "detail")[:2] == [
        ("anna", "greeting.switch", "switch:greeting", {"value": "short"}),
        ("boris", "surge.switch", "switch:surge", {"value": "off"}),
    ]


def test_what_a_clerk_sees_and_does(run: Run, database: Database, stock: Stock, surge: None) -> None:
    listed = run("outage", "list").stdout
    assert "suspected" in listed
    assert "outage 1 is suspected, reports: 6. Confirm: ivr outage confirm 1" in listed
    assert "ivr outage end 1 --withdrawn" in listed
    done = run("outage", "confirm", 1, "--cause", "line", "--expected", "2030-01-02T09:00", "--by", "anna")
    assert (done.exit_code, done.stdout) == (0, "outage 1: Север, line, expected end 2030-01-02 09:00\n")
    assert "is suspected" not in run("outage", "list").stdout
    again = run("outage", "confirm", 1)
    assert (again.exit_code, again.stderr) == (1, "ivr outage confirm: outage 1 is open, not suspected\n")
    assert run("outage", "surge", "off").stdout == "suspected outages: off\n"
    assert run("hotline", "greeting", "short").stdout == "greeting: short\n"
    assert switched(database) == RuntimeFlags(Greeting.SHORT, suspects=False)
    assert run("hotline", "greeting", "loud").exit_code == 2
