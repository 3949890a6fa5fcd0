"""What clerks enter and callers leave about outages, on both databases."""

from __future__ import annotations

import asyncio

import pytest

from ivr.cli.labels import fault_text
from ivr.domain.callbacks import OutageCallbackRequest
from ivr.domain.outages import Cause, Kind, Place, Report, State, Trouble
from ivr.intake.callbacks import Callbacks
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.callbacks.repository import CallbackUnits
from ivr.storage.database.database import Database
from ivr.storage.outages import changes as outages
from ivr.storage.outages import views as outages_seen
from ivr.storage.outages.reports import reports
from ivr.storage.outages.repository import OutageRepository
from tests.storage.conftest import Now, Stock, utc
from tests.storage.entering import HOUR, NOON, PHONE, entered


@pytest.fixture
def emergencies(ledger: AccountRepository, now: Now) -> OutageRepository:
    """The port of the node `test`, on the ledger's threads."""
    return OutageRepository(ledger.units, now, "test")


@pytest.fixture
def requests(ledger: AccountRepository, now: Now) -> Callbacks:
    """Where callers ask to be rung, on the ledger's threads."""
    return Callbacks(CallbackUnits(ledger.units, "test"), now)


@pytest.mark.both_databases
async def test_a_caller_finds_the_outage_of_their_place(
    database: Database, stock: Stock, emergencies: OutageRepository, now: Now
) -> None:
    number = entered(database, stock, Place("СЕВЕР", "ул. Ленина"))
    found = await emergencies.at(Place("Север", "Ленина", "5"))
    assert found is not None and (found.id, found.cause, found.state) == (number, Cause.CABLE, State.OPEN)
    assert found.expected_end == NOON + 6.5 * HOUR
    assert await emergencies.at(Place("Юг", "Ленина", "5")) is None
    now.time = NOON - 2 * HOUR
    assert await emergencies.at(Place("Север", "Ленина", "5")) is None


def test_the_place_must_be_one_of_an_account(database: Database, stock: Stock) -> None:
    stock.account(district="Север", street="Ленина", house="5")
    with pytest.raises(outages.NobodyThere):
        entered(database, stock, Place("Сервер"))
    assert stock.rows(tables.Outage, "id") == [] == stock.rows(tables.Audit, "id")
    entered(database, stock, Place("Сервер"), anywhere=True)


@pytest.mark.both_databases
def test_a_place_has_one_outage_that_goes_on(database: Database, stock: Stock) -> None:
    first = entered(database, stock)
    with pytest.raises(outages.AlreadyKnown) as refused:
        entered(database, stock, Place("север", "ул. ленина"))
    assert refused.value.known.id == first
    entered(database, stock, Place("Север"))
    outages.end(database, first, "anna", NOON, ended_at=NOON)
    entered(database, stock)


@pytest.mark.both_databases
def test_every_change_is_in_the_history(database: Database, stock: Stock) -> None:
    number = entered(database, stock)
    changed = outages.change(database, number, "boris", NOON, expected_end=NOON + 8 * HOUR, cause=Cause.WEATHER)
    assert (changed.expected_end, changed.cause) == (NOON + 8 * HOUR, Cause.WEATHER)
    changed = outages.change(database, number, "boris", NOON + HOUR, end_unknown=True, note="second cable")
    assert (changed.expected_end, changed.cause) == (None, Cause.WEATHER)
    ended = outages.end(database, number, "anna", NOON + 2 * HOUR, ended_at=NOON + HOUR, note="all back")
    assert (ended.outage.state, ended.outage.ended_at, ended.to_ring) == (State.ENDED, NOON + HOUR, 0)
    assert outages_seen.listed(database) == []
    (seen,) = outages_seen.listed(database, over_too=True)
    assert [(one.who, one.action, one.at - NOON, one.facts) for one in seen.changes] == [
        (
            "anna",
            "add",
            0 * HOUR,
            {
                "kind": "emergency",
                "cause": "cable",
                "began_at": "2026-11-20T11:00+03:00",
                "expected_end": "2026-11-20T18:30+03:00",
            },
        ),
        (
            "boris",
            "change",
            0 * HOUR,
            {
                "expected_end": {"old": "2026-11-20T18:30+03:00", "new": "2026-11-20T20:00+03:00"},
                "cause": {"old": "cable", "new": "weather"},
            },
        ),
        (
            "boris",
            "change",
            HOUR,
            {"expected_end": {"old": "2026-11-20T20:00+03:00", "new": None}, "note": "second cable"},
        ),
        ("anna", "end", 2 * HOUR, {"ended_at": "2026-11-20T13:00+03:00", "to_ring": 0, "note": "all back"}),
    ]


def test_what_is_over_cannot_be_changed(database: Database, stock: Stock) -> None:
    number = entered(database, stock)
    outages.end(database, number, "anna", NOON, ended_at=NOON, withdrawn=True)
    with pytest.raises(outages.NoSuchOutage) as changed:
        outages.change(database, number, "anna", NOON, cause=Cause.LINE)
    with pytest.raises(outages.NoSuchOutage) as ended:
        outages.end(database, number, "anna", NOON, ended_at=NOON)
    with pytest.raises(outages.NoSuchOutage) as missing:
        outages.change(database, 99, "anna", NOON, cause=Cause.LINE)
    assert fault_text(changed.value) == fault_text(ended.value) == f"outage {number} is withdrawn"
    assert fault_text(missing.value) == "there is no outage 99"


def test_it_does_not_end_before_it_began(database: Database, stock: Stock) -> None:
    began = NOON + 3 * HOUR + HOUR / 100  # people give the minute
    number = entered(database, stock, kind=Kind.PLANNED, began_at=began)
    with pytest.raises(outages.OutOfOrder) as refused:
        outages.change(database, number, "anna", NOON, expected_end=NOON + HOUR)
    assert "began later, at 2026-11-20T15:00" in fault_text(refused.value)
    with pytest.raises(outages.OutOfOrder):
        outages.end(database, number, "anna", NOON, ended_at=NOON)
    assert stock.rows(tables.Outage, "state", "expected_end", "ended_at") == [("open", NOON + 6.5 * HOUR, None)]
    outages.change(database, number, "anna", NOON, expected_end=NOON + 3 * HOUR)
    outages.end(database, number, "anna", NOON, ended_at=NOON, withdrawn=True)
    assert stock.rows(tables.Outage, "state") == [("withdrawn",)]


@pytest.mark.both_databases
async def test_a_phone_is_owed_one_callback_for_an_outage_due_at_its_end(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    number = entered(database, stock)
    (account,) = stock.rows(tables.Account, "id")
    for call in ("c1", "c2"):
        await requests.ask_after_outage(OutageCallbackRequest(call, PHONE, number, 1))
    await requests.ask_after_outage(OutageCallbackRequest("c3", "+79160000000", number))
    columns = ("kind", "state", "phone", "call_id", "account_id", "outage_id", "due_at", "tries")
    assert stock.rows(tables.Callback, *columns) == [
        ("power", "due", PHONE, "c1", account[0], number, None, 0),
        ("power", "due", "+79160000000", "c3", None, number, None, 0),
    ]
    assert [one.waiting for one in outages_seen.listed(database)] == [2]
    ended = outages.end(database, number, "anna", NOON + HOUR, ended_at=NOON)
    assert ended.to_ring == 2
    assert stock.rows(tables.Callback, "due_at") == [(NOON + HOUR,)] * 2
    await requests.ask_after_outage(OutageCallbackRequest("c4", "+79160000009", number))
    assert stock.rows(tables.Callback, "due_at")[-1] == (NOON,), "who comes just after the end is rung at once"


@pytest.mark.both_databases
async def test_many_requests_at_once_are_one(database: Database, stock: Stock, requests: Callbacks) -> None:
    number = entered(database, stock)
    await asyncio.gather(*(requests.ask_after_outage(OutageCallbackRequest(f"c{n}", PHONE, number)) for n in range(8)))
    assert len(stock.rows(tables.Callback, "id")) == 1


@pytest.mark.both_databases
async def test_a_request_while_the_outage_ends_is_not_forgotten(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    for turn in range(4):
        number = entered(database, stock)
        asking = (OutageCallbackRequest(f"c{turn}-{n}", f"+7916000000{n}", number) for n in range(6))
        ending = asyncio.to_thread(outages.end, database, number, "anna", NOON, ended_at=NOON)
        await asyncio.gather(*(requests.ask_after_outage(one) for one in asking), ending)
    assert set(stock.rows(tables.Callback, "due_at")) == {(NOON,)}


@pytest.mark.both_databases
async def test_a_report_keeps_what_is_known_and_has_a_number(
    database: Database, stock: Stock, emergencies: OutageRepository
) -> None:
    number = entered(database, stock)
    known = Report("c1", Trouble.HOUSE, Place("Север", "Ленина", "5"), account_id=1, outage_id=number)
    spoken = Report("c2", Trouble.FLICKER, recording="voice/2026-11-20/c2-1.wav")
    assert [await emergencies.report(known), await emergencies.report(spoken)] == ["1001", "1002"]
    columns = ("call_id", "trouble", "district", "street", "house", "account_id", "outage_id", "recording")
    assert stock.rows(tables.OutageReport, *columns) == [
        ("c1", "house", "Север", "Ленина", "5", 1, number, None),
        ("c2", "flicker", "", "", "", None, None, "voice/2026-11-20/c2-1.wav"),
    ]
    assert [call for (call,) in stock.rows(tables.Call, "id")] == ["c1", "c2"]
    latest, first = reports(database)
    assert (latest.number, latest.recording, latest.account) == (1002, "voice/2026-11-20/c2-1.wav", "")
    assert (first.number, first.account, first.place) == (1001, "0012345678", Place("Север", "Ленина", "5"))
    assert first.at == utc("2026-11-20T09:00:00")
    assert [one.reports for one in outages_seen.listed(database)] == [1]


@pytest.mark.both_databases
async def test_a_report_is_seen_once_with_the_number_of_its_own_call(
    database: Database, stock: Stock, emergencies: OutageRepository
) -> None:
    account = stock.account(district="Север", street="Ленина", house="5")
    with database.writing() as connection:
        for name, phone in (("mine", PHONE), ("before", "+79990000001"), ("other", "+79990000002")):
            row = {"id": name, "started_at": NOON, "caller": phone, "account_id": account}
            connection.execute(tables.of(tables.Call).insert().values(row))
    await emergencies.report(Report("mine", Trouble.HOUSE, account_id=account))
    await emergencies.report(Report("other", Trouble.HOUSE))
    assert [(one.caller, one.account) for one in reports(database)] == [
        ("+79990000002", ""),
        (PHONE, "0012345678"),
    ]
