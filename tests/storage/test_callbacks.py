"""Call-backs to queues: one for each caller, claimed once, changed by nobody who has lost them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from ivr.domain.callbacks import UNWATCHED, Callback, CallbackRequest, CallbackResult, GivenUp, Subject
from ivr.domain.journal.steps import OutageTold
from ivr.domain.journal.stored import columns
from ivr.domain.outages import Cause, Scope
from ivr.hotline.queue_board import QueueBoard
from ivr.intake.callbacks import LEAVES, MOST_A_DAY, Callbacks
from ivr.storage import tables
from ivr.storage.callbacks.repository import ABANDONED, CallbackRepository, CallbackUnits
from ivr.storage.callbacks.views import queue_callbacks
from ivr.storage.database.database import Database
from ivr.storage.database.unit_of_work import UnitsOfWork
from ivr.telephony.hotline import Hotline
from tests.owed import asked
from tests.storage.conftest import Stock
from tests.waiting import LIMIT_S

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
LEASE = timedelta(seconds=60)
PHONE = "+79161234567"


def request(phone: str = PHONE, priority: int = 0, minutes: int = 0, **more: str) -> CallbackRequest:
    """A request of a caller who began to wait so many minutes before noon."""
    return CallbackRequest(phone, "hotline", priority, NOON - timedelta(minutes=minutes), **more)


def claim(callbacks: CallbackRepository, now: datetime = NOON, **more: datetime) -> Callback | None:
    return callbacks.claim("hotline", "here", now, LEASE, **more)


@pytest.mark.both_databases
def test_a_number_that_asks_twice_is_owed_one_callback(database: Database, stock: Stock) -> None:
    callbacks = CallbackRepository(database)
    assert asked(callbacks, request(), NOON) and asked(callbacks, request(), NOON)
    assert queue_callbacks(database).due == 1


def tried(callbacks: CallbackRepository, **more: int) -> Callback:
    """A call-back whose first try has begun at noon."""
    assert asked(callbacks, request(**more), NOON)  # type: ignore[arg-type]
    claimed = claim(callbacks)
    assert claimed is not None
    return claimed


@pytest.mark.both_databases
def test_a_caller_who_asks_before_the_next_try_has_a_new_callback_due_at_once(database: Database, stock: Stock) -> None:
    stock.account("0012345678")
    callbacks = CallbackRepository(database)
    before = tried(callbacks, minutes=9)
    assert callbacks.again(before, NOON + timedelta(hours=2), "busy")
    asks = NOON + timedelta(hours=1, minutes=50)
    assert asked(callbacks, CallbackRequest(PHONE, "hotline", 10, asks, account="0012345678"), asks)
    assert callbacks.queues_due(asks) == ["hotline"]
    again = claim(callbacks, asks, asked_after=asks - timedelta(minutes=1))  # at night too
    assert again is not None and again.token != before.token
    assert (again.tries, again.priority, again.account) == (1, 10, "0012345678")
    assert again.joined_at == NOON - timedelta(minutes=9), "the place that was kept is not lost"
    assert stock.rows(tables.Callback, "state", "reason") == [("given-up", GivenUp.REPLACED), ("calling", "")]
    assert asked(callbacks, request(), asks), "danger is not lost by asking once more"
    assert callbacks.again(again, asks, CallbackResult.BUSY)
    renewed = claim(callbacks, asks)
    assert renewed is not None and (renewed.priority, renewed.account) == (10, "0012345678")


def test_who_asks_before_anybody_has_rung_is_urgent_if_there_is_danger_now(database: Database) -> None:
    callbacks = CallbackRepository(database)
    asked(callbacks, request(minutes=5), NOON - timedelta(minutes=5))
    asked(callbacks, request(priority=10), NOON)
    claimed = claim(callbacks, joined_before=NOON - timedelta(hours=1), asked_after=NOON - timedelta(minutes=1))
    assert claimed is not None and claimed.priority == 10


@pytest.mark.both_databases
@pytest.mark.parametrize("last", [False, True])
def test_a_request_while_it_rings_outlives_the_try(database: Database, stock: Stock, last: bool) -> None:
    callbacks = CallbackRepository(database)
    claimed, asks = tried(callbacks), NOON + timedelta(seconds=30)
    assert asked(callbacks, request(priority=10), asks)
    assert (claim(callbacks, asks), queue_callbacks(database).calling) == (None, 1), "one call for one number"
    late = NOON + timedelta(minutes=1)
    assert (
        callbacks.give_up(claimed, late, CallbackResult.BUSY)
        if last
        else callbacks.again(claimed, late + LEASE, CallbackResult.BUSY)
    )
    again = claim(callbacks, late)
    assert again is not None and (again.tries, again.priority, again.token != claimed.token) == (1, 10, True)
    assert [row[0] for row in stock.rows(tables.Callback, "state")] == ["given-up", "calling"]


@pytest.mark.both_databases
@pytest.mark.parametrize("older", [False, True])
def test_an_answer_ends_a_request_that_came_before_it_alone(database: Database, older: bool) -> None:
    callbacks = CallbackRepository(database)
    claimed = tried(callbacks)
    assert asked(callbacks, request(), NOON)
    assert callbacks.done(claimed, NOON, CallbackResult.CONFIRMED, before_request=older)
    assert (claim(callbacks) is not None) is older


@pytest.mark.both_databases
def test_a_caller_who_asks_in_the_call_of_their_callback_is_owed_another(database: Database, stock: Stock) -> None:
    """Nobody has learnt that they answered it: the daemon died, or lost its Asterisk."""
    callbacks = CallbackRepository(database)
    claimed = tried(callbacks)
    asks = NOON + timedelta(minutes=5)
    assert asked(callbacks, request(callback=claimed.token), asks)
    assert stock.rows(tables.Callback, "state", "reason") == [("done", "confirmed"), ("due", "")]
    assert claim(callbacks, asks) is None, "they are still in that call"
    again = claim(callbacks, asks + LEAVES)
    assert again is not None and again.token != claimed.token
    assert not callbacks.done(claimed, asks + LEAVES, CallbackResult.CONFIRMED)


@pytest.mark.both_databases
def test_who_asks_while_the_exchange_that_rang_is_gone_waits_for_nobody(database: Database, stock: Stock) -> None:
    callbacks = CallbackRepository(database)
    claimed = tried(callbacks)
    gone = NOON + LEASE + UNWATCHED + timedelta(seconds=1)
    assert asked(callbacks, request(), gone)
    assert claim(callbacks, gone) is not None
    assert not callbacks.done(claimed, gone, CallbackResult.CONFIRMED)


@pytest.mark.both_databases
def test_asking_again_and_again_rings_nobody_all_day(database: Database, stock: Stock) -> None:
    """Neither between tries nor while it rings: a caller ID can be forged."""
    callbacks = CallbackRepository(database)
    rung = 0
    for number in range(4 * MOST_A_DAY):
        asked(callbacks, request(), NOON)
        claimed = claim(callbacks)
        if claimed is None:
            continue
        rung += 1
        if number % 2:
            asked(callbacks, request(), NOON)
        callbacks.again(claimed, NOON + timedelta(hours=1), "no answer")
    assert rung == MOST_A_DAY
    assert not asked(callbacks, request(), NOON), "and is told so"


@pytest.mark.both_databases
def test_call_and_account_go_with_the_callback_where_they_are_known(database: Database, stock: Stock) -> None:
    stock.account("0012345678")
    callbacks = CallbackRepository(database)
    asked(callbacks, request(account="0012345678", call_id="nobody wrote this one down"), NOON)
    claimed = claim(callbacks)
    assert claimed is not None and claimed.account == "0012345678"
    assert claimed.call_id == ""
    with database.writing() as connection:
        connection.execute(insert(tables.of(tables.Call)).values(id="01JHCALL", node="test", started_at=NOON))
    asked(callbacks, request("+79160000002", call_id="01JHCALL"), NOON)
    claimed = claim(callbacks)
    assert claimed is not None and claimed.call_id == "01JHCALL"
    assert sorted(stock.rows(tables.Callback, "state", "tries")) == [("calling", 1)] * 2


def test_a_number_is_owed_so_many_calls_a_day(database: Database) -> None:
    callbacks = CallbackRepository(database)
    for _ in range(MOST_A_DAY):
        assert asked(callbacks, request(), NOON)
        claimed = claim(callbacks)
        assert claimed is not None
        callbacks.done(claimed, NOON, CallbackResult.CONFIRMED)
    assert not asked(callbacks, request(), NOON)
    assert asked(callbacks, request(), NOON + timedelta(days=1, seconds=1))


@pytest.mark.both_databases
def test_the_urgent_first_and_then_who_waits_longest(database: Database) -> None:
    callbacks = CallbackRepository(database)
    asked(callbacks, request("+79160000001", minutes=1), NOON)
    asked(callbacks, request("+79160000002", minutes=9), NOON)
    asked(callbacks, request("+79160000003", priority=10), NOON)
    claimed = [claim(callbacks) for _ in range(4)]
    assert [callback.phone[-1] for callback in claimed if callback is not None] == ["3", "2", "1"]


@pytest.mark.both_databases
def test_whose_turn_has_not_come_is_left_unless_urgent(database: Database) -> None:
    callbacks = CallbackRepository(database)
    asked(callbacks, request("+79160000001", minutes=1), NOON)
    before = {"joined_before": NOON - timedelta(minutes=5)}
    assert claim(callbacks, **before) is None
    asked(callbacks, request("+79160000002", priority=10), NOON)
    urgent = claim(callbacks, **before)
    assert urgent is not None and urgent.phone == "+79160000002"


def test_at_night_only_who_asked_just_now(database: Database) -> None:
    callbacks = CallbackRepository(database)
    asked(callbacks, request(), NOON)
    assert claim(callbacks, NOON + timedelta(hours=2), asked_after=NOON + timedelta(hours=1)) is None
    assert claim(callbacks, NOON + timedelta(hours=2), asked_after=NOON - timedelta(hours=1)) is not None


@pytest.mark.both_databases
def test_a_claim_holds_until_its_lease_ends(database: Database) -> None:
    callbacks = CallbackRepository(database)
    asked(callbacks, request(), NOON)
    claimed = claim(callbacks)
    assert claimed is not None
    assert callbacks.extend(claimed, NOON + LEASE, LEASE)
    assert callbacks.expired("here", NOON + 2 * LEASE) == []
    late = NOON + 2 * LEASE + timedelta(seconds=1)
    assert callbacks.expired("here", late) == [claimed]
    assert callbacks.expired("elsewhere", late) == callbacks.abandoned("elsewhere", late) == []
    assert callbacks.abandoned("elsewhere", late + ABANDONED) == [claimed]


@pytest.mark.both_databases
def test_a_daemon_that_lost_a_callback_changes_nothing(database: Database, stock: Stock) -> None:
    callbacks = CallbackRepository(database)
    asked(callbacks, request(), NOON)
    first = claim(callbacks)
    assert first is not None
    callbacks.again(first, NOON, CallbackResult.BUSY)
    second = claim(callbacks)
    assert second is not None and (second.tries, second.token) == (2, first.token)
    assert not callbacks.done(first, NOON, CallbackResult.CONFIRMED)
    assert not callbacks.again(first, NOON, CallbackResult.BUSY)
    assert stock.rows(tables.Callback, "state", "tries") == [("calling", 2)]
    assert callbacks.give_up(second, NOON, CallbackResult.BUSY)
    assert not callbacks.extend(second, NOON, LEASE)
    assert stock.rows(tables.Callback, "state", "reason") == [("given-up", "busy")]


@pytest.mark.both_databases
def test_what_is_due_since_yesterday_is_given_up(database: Database, stock: Stock) -> None:
    callbacks = CallbackRepository(database)
    asked(callbacks, request("+79160000001"), NOON)
    asked(callbacks, request("+79160000002"), NOON + timedelta(hours=1))
    assert callbacks.give_up_late(NOON + timedelta(hours=24, minutes=1)) == 1
    assert stock.rows(tables.Callback, "state", "reason") == [("given-up", "too late"), ("due", "")]


@pytest.mark.both_databases
@pytest.mark.parametrize("first", ["hotline", "operator"])
def test_a_number_that_is_rung_is_rung_for_nothing_else(database: Database, first: str) -> None:
    callbacks = CallbackRepository(database)
    for queue in ("hotline", "operator"):
        asked(callbacks, CallbackRequest(PHONE, queue, 0, NOON), NOON)
    other = "operator" if first == "hotline" else "hotline"
    claimed = callbacks.claim(first, "here", NOON, LEASE)
    assert claimed is not None
    assert callbacks.claim(other, "elsewhere", NOON, LEASE) is None
    callbacks.done(claimed, NOON, CallbackResult.CONFIRMED)
    assert callbacks.claim(other, "elsewhere", NOON, LEASE) is not None


def test_a_claim_of_who_is_gone_holds_up_nobody_for_long(database: Database) -> None:
    callbacks = CallbackRepository(database)
    tried(callbacks)
    asked(callbacks, CallbackRequest(PHONE, "operator", 0, NOON), NOON)
    gone = NOON + LEASE + UNWATCHED
    assert callbacks.claim("operator", "here", gone, LEASE) is None
    assert callbacks.claim("operator", "here", gone + timedelta(seconds=1), LEASE) is not None


@pytest.mark.both_databases
def test_many_at_once_never_ring_one_number_twice(url: str) -> None:
    nodes = [Database(url, LIMIT_S) for _ in range(4)]
    phones = [f"+7916000{number:04d}" for number in range(20)]
    for phone in phones:
        for queue in ("hotline", "operator"):
            asked(CallbackRepository(nodes[0]), CallbackRequest(phone, queue, 0, NOON), NOON)

    def take(node: Database, queue: str) -> list[str]:
        claims = (CallbackRepository(node).claim(queue, "here", NOON, LEASE) for _ in range(4 * len(phones)))
        return [callback.phone for callback in claims if callback is not None]

    with ThreadPoolExecutor(4) as pool:
        taken = [phone for mine in pool.map(take, nodes, ["hotline", "operator"] * 2) for phone in mine]
    for node in nodes:
        node.close()
    assert sorted(taken) == phones


@pytest.mark.both_databases
def test_what_their_call_was_about_goes_with_the_callback(database: Database, stock: Stock) -> None:
    callbacks = CallbackRepository(database)
    with database.writing() as connection:
        connection.execute(insert(tables.of(tables.Call)).values(id="01JHCALL", node="test", started_at=NOON))
        told = (OutageTold(5, Scope.STREET), OutageTold(7, Scope.DISTRICT, Cause.CABLE))
        steps = [{"call_id": "01JHCALL", "at": NOON, "seq": n, **columns(one)} for n, one in enumerate(told)]
        connection.execute(insert(tables.of(tables.CallStep)), steps)
        report = {"call_id": "01JHCALL", "created_at": NOON, "trouble": "danger"}
        connection.execute(insert(tables.of(tables.OutageReport)).values(report))
    asked(callbacks, request("+79160000001", priority=10, call_id="01JHCALL"), NOON)
    asked(callbacks, request("+79160000002"), NOON)
    known, bare = claim(callbacks), claim(callbacks)
    assert known is not None and known.about == Subject("danger", "1001", "7", "cable")
    assert bare is not None and bare.about == Subject()


@pytest.mark.both_databases
async def test_nobody_waits_in_silence_for_a_locked_database(kind: str, url: str, stock: Stock) -> None:
    """All who press 1 at the same moment hear within their limit that it is not possible; that is true later on."""
    database, locking = Database(url), Database(url)
    units = UnitsOfWork(database, threads=4, limit_s=2)
    callbacks = Callbacks(CallbackUnits(units), lambda: NOON)
    hotline = Hotline(None, None, CallbackRepository(database), callbacks, QueueBoard(), lambda: NOON)
    with locking.writing() as connection:
        if kind == "postgresql":
            connection.exec_driver_sql("LOCK TABLE callbacks IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(LIMIT_S):
            agreed = await asyncio.gather(*(hotline.ask(request(f"+7916000{n:04d}")) for n in range(50)))
    assert not any(agreed)
    async with asyncio.timeout(LIMIT_S):
        while not await hotline.ask(request()):
            assert stock.rows(tables.Callback, "phone") in ([], [(PHONE,)])
    await units.close()
    assert stock.rows(tables.Callback, "phone") == [(PHONE,)]
    database.close()
    locking.close()


@pytest.mark.both_databases
def test_many_at_once_never_claim_the_same(url: str) -> None:
    nodes = [Database(url, LIMIT_S) for _ in range(4)]
    for number in range(40):
        asked(CallbackRepository(nodes[0]), request(f"+7916000{number:04d}"), NOON)

    def take(node: Database) -> list[int]:
        mine = []
        while (callback := claim(CallbackRepository(node))) is not None:
            mine.append(callback.id)
        return mine

    with ThreadPoolExecutor(4) as pool:
        taken = [key for keys in pool.map(take, nodes) for key in keys]
    for node in nodes:
        node.close()
    assert len(taken) == len(set(taken)) == 40
