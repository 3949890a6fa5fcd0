"""Call-backs at the end of outages: when they are due, what moves them, what their answers leave."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import update

from ivr.domain.callbacks import (
    TOO_LATE_AFTER_OUTAGE,
    Callback,
    CallbackKind,
    CallbackRequest,
    CallbackResult,
    OutageCallbackRequest,
)
from ivr.domain.outages import Cause, Kind, Place
from ivr.intake.callbacks import Callbacks
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.callbacks.repository import CallbackRepository, CallbackUnits
from ivr.storage.callbacks.views import finished
from ivr.storage.database.database import Database
from ivr.storage.outages import changes as outages
from ivr.storage.outages import views as outages_seen
from ivr.storage.outages.reports import reports
from tests.owed import asked, claimed_after_outage, still_dark
from tests.storage.conftest import Now, Stock
from tests.storage.entering import HOUR, NOON, PHONE, STREET, entered
from tests.waiting import LIMIT_S

LEASE = timedelta(seconds=60)
HOME = Place("Север", "Ленина", "5")
ROW = ("state", "reason", "outage_id", "due_at", "tries")


@pytest.fixture
def requests(ledger: AccountRepository, now: Now) -> Callbacks:
    """Where callers ask to be rung."""
    return Callbacks(CallbackUnits(ledger.units, "test"), now)


async def ask(requests: Callbacks, outage: int, phone: str = PHONE, account: int | None = 1) -> None:
    """A caller asks to be rung when the light is back."""
    await requests.ask_after_outage(OutageCallbackRequest(f"call-{phone}-{outage}", phone, outage, account))


def ended(database: Database, outage: int, hours: float = 1, *, withdrawn: bool = False) -> int:
    """The outage ends so many hours after noon; how many are to be rung."""
    at = NOON + hours * HOUR
    return outages.end(database, outage, "anna", at, ended_at=at, withdrawn=withdrawn).to_ring


def claim(database: Database, hours: float = 1) -> Callback | None:
    return claimed_after_outage(CallbackRepository(database), NOON + hours * HOUR, LEASE)


def add(database: Database, place: Place, hours: float = 0) -> int:
    """Another outage, from so many hours after noon on; its id."""
    at = NOON + hours * HOUR
    return outages.add(database, Kind.EMERGENCY, place, Cause.LINE, at, None, "anna", at, anywhere=True).id


@pytest.mark.both_databases
@pytest.mark.parametrize("withdrawn", [False, True])
async def test_who_asked_is_rung_when_the_outage_is_over_and_not_before(
    database: Database, stock: Stock, requests: Callbacks, withdrawn: bool
) -> None:
    outage = entered(database, stock)
    await ask(requests, outage)
    callbacks = CallbackRepository(database)
    assert not callbacks.any_after_outage(NOON + HOUR) and claim(database) is None
    ended(database, outage, withdrawn=withdrawn)
    assert callbacks.any_after_outage(NOON + HOUR)
    callback = claim(database)
    assert callback is not None
    assert (callback.kind, callback.phone, callback.account, callback.tries) == (
        CallbackKind.POWER,
        PHONE,
        "0012345678",
        1,
    )
    assert callback.joined_at == NOON + HOUR
    assert callback.call_id == f"call-{PHONE}-{outage}"
    assert claim(database) is None and not callbacks.any_after_outage(NOON + HOUR)
    assert callbacks.claim("", "here", NOON + HOUR, LEASE) is None


@pytest.mark.both_databases
async def test_who_was_never_tried_comes_before_who_is_tried_again(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    outage = entered(database, stock)
    for number in range(3):
        await ask(requests, outage, f"+7916000000{number}")
    ended(database, outage)
    callbacks = CallbackRepository(database)
    first = claim(database)
    assert first is not None
    assert callbacks.again(first, NOON + 2 * HOUR, CallbackResult.NO_ANSWER)
    order = [claim(database, 2) for _ in range(4)]
    assert [one.phone[-1] if one else "" for one in order] == ["1", "2", "0", ""]


@pytest.mark.both_databases
async def test_the_light_is_back(database: Database, stock: Stock, requests: Callbacks) -> None:
    outage = entered(database, stock)
    await ask(requests, outage)
    ended(database, outage)
    callback = claim(database)
    assert callback is not None
    assert CallbackRepository(database).done(callback, NOON + HOUR, CallbackResult.CONFIRMED)
    assert stock.rows(tables.Callback, "state", "reason") == [("done", "confirmed")]
    assert reports(database) == []
    (seen,) = outages_seen.listed(database, over_too=True)
    assert (seen.waiting, seen.rung, seen.dark, seen.given_up) == (0, 1, 0, 0)
    assert finished(database, outage) == [NOON + HOUR]


@pytest.mark.both_databases
async def test_still_no_light_is_reported_once(database: Database, stock: Stock, requests: Callbacks) -> None:
    outage = entered(database, stock)
    await ask(requests, outage)
    ended(database, outage)
    callback = claim(database)
    assert callback is not None
    assert still_dark(CallbackRepository(database), callback, NOON + 1.1 * HOUR)
    assert not still_dark(CallbackRepository(database), callback, NOON + 1.2 * HOUR), "a daemon that comes too late"
    (report,) = reports(database)
    assert (report.number, report.place, report.trouble, report.account) == (1001, HOME, "house", "0012345678")
    assert [CallbackRepository(database).report_number(token) for token in (callback.token, "another", "")] == [
        "1001",
        "",
        "",
    ]
    assert (report.caller, report.outage_id, report.rung_after) == (PHONE, None, outage)
    assert report.at == NOON + 1.1 * HOUR
    (seen,) = outages_seen.listed(database, over_too=True)
    assert (seen.rung, seen.dark, seen.reports) == (1, 1, 0)


@pytest.mark.both_databases
async def test_without_an_account_the_place_of_the_outage_is_reported(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    outage = entered(database, stock)
    await ask(requests, outage, account=None)
    ended(database, outage)
    callback = claim(database)
    assert callback is not None
    known = add(database, STREET, 1)
    assert still_dark(CallbackRepository(database), callback, NOON + 1.1 * HOUR)
    (report,) = reports(database)
    assert (report.place, report.trouble, report.account) == (STREET, "street", "")
    assert report.outage_id == known, "entered while they were rung"


@pytest.mark.both_databases
@pytest.mark.parametrize("account", [1, None])
async def test_who_is_dark_by_another_outage_waits_for_its_end(
    database: Database, stock: Stock, requests: Callbacks, account: int | None
) -> None:
    outage = entered(database, stock)
    await ask(requests, outage, account=account)
    ended(database, outage)
    elsewhere = add(database, Place("Юг"), 1)
    again = add(database, Place("Север"), 1)
    assert claim(database) is None
    assert stock.rows(tables.Callback, *ROW) == [("due", "", again, None, 0)]
    assert ended(database, elsewhere) == 0
    assert ended(database, again, 3) == 1
    callback = claim(database, 3)
    assert callback is not None and callback.phone == PHONE


async def test_who_asked_for_both_outages_waits_once(database: Database, stock: Stock, requests: Callbacks) -> None:
    outage = entered(database, stock)
    await ask(requests, outage)
    ended(database, outage)
    again = add(database, STREET, 1)
    await ask(requests, again)
    assert claim(database) is None
    assert stock.rows(tables.Callback, *ROW) == [
        ("given-up", "asked anew", outage, NOON + HOUR, 0),
        ("due", "", again, None, 0),
    ]


async def test_works_that_have_not_begun_keep_nobody_waiting(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    outage = entered(database, stock)
    await ask(requests, outage)
    ended(database, outage)
    add(database, STREET, 9)
    assert claim(database) is not None


@pytest.mark.both_databases
async def test_two_outages_of_one_place_are_one_ring(database: Database, stock: Stock, requests: Callbacks) -> None:
    wide, narrow = entered(database, stock, Place("Север")), entered(database, stock)
    for outage in (wide, narrow):
        await ask(requests, outage)
    ended(database, narrow)
    assert claim(database) is None, "the district is still dark"
    ended(database, wide, 2)
    narrow = entered(database, stock, HOME)
    await ask(requests, narrow)
    ended(database, narrow, 2)
    callbacks = CallbackRepository(database)
    callback = claim(database, 2)
    assert callback is not None and claim(database, 2) is None
    assert callbacks.again(callback, NOON + 3 * HOUR, CallbackResult.BUSY)
    assert claim(database, 2.5) is None, "the pause is the phone's, not the callback's"
    callback = claim(database, 3)
    assert callback is not None and callback.tries == 2
    assert still_dark(callbacks, callback, NOON + 3 * HOUR)
    assert [row[0] for row in stock.rows(tables.Callback, "reason")].count("dark") == 2
    assert len(reports(database)) == 1


async def test_another_account_of_the_phone_is_asked_about_after_the_first(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    north, south = entered(database, stock), add(database, Place("Юг"))
    other = stock.account("0012345679", district="Юг")
    await ask(requests, north)
    await ask(requests, south, account=other)
    ended(database, north)
    ended(database, south)
    first = claim(database)
    assert first is not None and claim(database) is None, "one call at a time for a phone"
    assert CallbackRepository(database).done(first, NOON + HOUR, CallbackResult.CONFIRMED)
    second = claim(database)
    assert second is not None and {first.account, second.account} == {"0012345678", "0012345679"}


async def test_who_is_rung_back_for_the_queue_is_not_rung_meanwhile(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    outage = entered(database, stock)
    await ask(requests, outage)
    ended(database, outage)
    callbacks = CallbackRepository(database)
    asked(callbacks, CallbackRequest(PHONE, "hotline", 0, NOON), NOON)
    queued = callbacks.claim("hotline", "here", NOON + HOUR, LEASE)
    assert queued is not None and claim(database) is None
    callbacks.done(queued, NOON + HOUR, CallbackResult.CONFIRMED)
    assert claim(database) is not None


@pytest.mark.both_databases
async def test_who_is_rung_for_the_last_time_when_the_outage_is_reopened_waits_on(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    """Nobody answered, and nobody has heard that the light is back, which it is not."""
    outage = entered(database, stock)
    phones = ["+79160000001", "+79160000002"]
    for phone in phones:
        await ask(requests, outage, phone)
    ended(database, outage)
    rings, answers = claim(database), claim(database)
    assert rings is not None and answers is not None
    outages.reopen(database, outage, "boris", NOON + 1.2 * HOUR)
    callbacks = CallbackRepository(database)
    assert callbacks.give_up(rings, NOON + 1.3 * HOUR, CallbackResult.NO_ANSWER)
    assert callbacks.done(answers, NOON + 1.3 * HOUR, CallbackResult.CONFIRMED)
    states = [row[:3] for row in stock.rows(tables.Callback, *ROW)]
    assert states == [("due", "", outage), ("done", "confirmed", outage)]
    assert claim(database, 2) is None
    assert ended(database, outage, 4) == 1
    again = claim(database, 4)
    assert again is not None and (again.phone, again.tries, again.token != rings.token) == (phones[0], 1, True)
    assert callbacks.give_up(again, NOON + 5 * HOUR, CallbackResult.NO_ANSWER)
    assert stock.rows(tables.Callback, *ROW)[0][:2] == ("given-up", "no answer"), "this time it is over"


@pytest.mark.both_databases
async def test_an_outage_ended_by_mistake_takes_its_callbacks_back(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    outage = entered(database, stock)
    phones = [f"+7916000000{number}" for number in range(4)]
    for phone in phones:
        await ask(requests, outage, phone)
    ended(database, outage)
    callbacks = CallbackRepository(database)
    told, rings, missed = claim(database), claim(database), claim(database)
    assert told is not None and rings is not None and missed is not None
    callbacks.done(told, NOON + HOUR, CallbackResult.CONFIRMED)
    for _ in range(2):  # not reached, asked once more, not reached
        callbacks.give_up(missed, NOON + HOUR, CallbackResult.NO_ANSWER)
        await ask(requests, outage, phones[2])
        missed = claim(database, 1.1)
        assert missed is not None
    callbacks.give_up(missed, NOON + HOUR, CallbackResult.BUSY)
    again = outages.reopen(database, outage, "boris", NOON + 1.2 * HOUR, note="wrong street")
    assert (again.outage.state, again.outage.ended_at, again.to_ring) == ("open", None, 2)
    assert callbacks.again(rings, NOON + 1.3 * HOUR, CallbackResult.NO_ANSWER)
    assert claim(database, 2) is None
    waits = ("due", "", outage, None, 0)
    rows = stock.rows(tables.Callback, "phone", *ROW)
    assert [row[0] for row in rows if row[1:] == waits] == [phones[1], phones[3], phones[2]]
    (seen,) = outages_seen.listed(database)
    assert (seen.waiting, seen.rung, seen.given_up) == (3, 1, 2)
    assert (seen.changes[-1].who, seen.changes[-1].action) == ("boris", "reopen")
    assert seen.changes[-1].facts == {"was": "ended", "wait_again": 2, "note": "wrong street"}
    assert ended(database, outage, 4) == 3
    fresh = claim(database, 4)
    assert fresh is not None and fresh.tries == 1
    assert not callbacks.done(rings, NOON + 4 * HOUR, CallbackResult.CONFIRMED), "the first try of the time before"


@pytest.mark.both_databases
def test_what_goes_on_is_not_reopened(database: Database, stock: Stock) -> None:
    outage = entered(database, stock)
    with pytest.raises(outages.GoesOn):
        outages.reopen(database, outage, "anna", NOON)
    ended(database, outage)
    again = entered(database, stock)
    with pytest.raises(outages.AlreadyKnown) as refused:
        outages.reopen(database, outage, "anna", NOON)
    assert refused.value.known.id == again


@pytest.mark.both_databases
async def test_nobody_is_told_of_what_was_over_two_days_ago(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    outage = entered(database, stock)
    await ask(requests, outage)
    await ask(requests, entered(database, stock, Place("Север")), "+79160000000")
    ended(database, outage)
    late = NOON + HOUR + TOO_LATE_AFTER_OUTAGE + timedelta(minutes=1)
    assert claimed_after_outage(CallbackRepository(database), late, LEASE) is None
    assert CallbackRepository(database).give_up_late(late) == 1
    assert stock.rows(tables.Callback, "state", "reason") == [("given-up", "too late"), ("due", "")]


async def test_a_callback_of_before_the_upgrade_whose_end_is_unknown_is_not_rung(
    database: Database, stock: Stock, requests: Callbacks
) -> None:
    outage = entered(database, stock)
    await ask(requests, outage)
    ended(database, outage)
    with database.writing() as connection:
        connection.execute(update(tables.of(tables.Callback)).values(joined_at=None))
    assert claim(database) is None


@pytest.mark.both_databases
async def test_many_at_once_never_claim_the_same_nor_the_same_phone(
    url: str, database: Database, stock: Stock, requests: Callbacks
) -> None:
    north, south = entered(database, stock), add(database, Place("Юг"))
    other = stock.account("0012345679", district="Юг")
    for number in range(15):
        for outage, account in ((north, 1), (south, other)):
            await ask(requests, outage, f"+791600000{number:02d}", account)
    ended(database, north)
    ended(database, south)
    nodes = [Database(url, LIMIT_S) for _ in range(4)]

    def take(node: Database) -> list[str]:
        mine = []
        for _ in range(30):
            callback = claim(node)
            if callback is not None:
                mine.append(callback.phone)
        return mine

    with ThreadPoolExecutor(4) as pool:
        taken = [phone for phones in pool.map(take, nodes) for phone in phones]
    for node in nodes:
        node.close()
    assert len(taken) == len(set(taken)) == 15
