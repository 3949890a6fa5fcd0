"""Promises to ring back: one for each caller, claimed once, never changed by who has lost them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from ivr.domain.callbacks import Callback, CallbackRequest, Subject
from ivr.domain.journal.steps import OutageTold
from ivr.domain.journal.stored import columns
from ivr.domain.outages import Cause, Scope
from ivr.hotline.queue_board import QueueBoard
from ivr.storage import tables
from ivr.storage.callbacks.repository import ABANDONED, CallbackRepository
from ivr.storage.callbacks.requests import ANEW, LEAVES, MOST_A_DAY, UNWATCHED
from ivr.storage.database.database import Database
from ivr.storage.database.unit_of_work import UnitsOfWork
from ivr.telephony.hotline import Hotline
from tests.storage.conftest import Stock
from tests.waiting import LIMIT_S

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
LEASE = timedelta(seconds=60)
PHONE = "+79161234567"


def wish(phone: str = PHONE, priority: int = 0, minutes: int = 0, **more: str) -> CallbackRequest:
    """A wish of who began to wait so many minutes before noon."""
    return CallbackRequest(phone, "hotline", priority, NOON - timedelta(minutes=minutes), **more)


def claim(promises: CallbackRepository, now: datetime = NOON, **more: datetime) -> Callback | None:
    return promises.claim("hotline", "here", now, LEASE, **more)


@pytest.mark.both_databases
def test_who_asks_twice_is_promised_once(database: Database, stock: Stock) -> None:
    promises = CallbackRepository(database)
    assert promises.make(wish(), NOON) and promises.make(wish(), NOON)
    assert promises.open().due == 1


def tried(promises: CallbackRepository, **more: int) -> Callback:
    """A promise whose first try has begun at noon."""
    assert promises.make(wish(**more), NOON)  # type: ignore[arg-type]
    claimed = claim(promises)
    assert claimed is not None
    return claimed


@pytest.mark.both_databases
def test_who_asks_again_before_the_next_try_has_a_new_promise_due_at_once(database: Database, stock: Stock) -> None:
    stock.account("0012345678")
    promises = CallbackRepository(database)
    before = tried(promises, minutes=9)
    assert promises.again(before, NOON + timedelta(hours=2), "busy")
    asks = NOON + timedelta(hours=1, minutes=50)
    assert promises.make(CallbackRequest(PHONE, "hotline", 10, asks, account="0012345678"), asks)
    assert promises.queues_due(asks) == ["hotline"]
    again = claim(promises, asks, asked_after=asks - timedelta(minutes=1))  # at night too
    assert again is not None and again.token != before.token
    assert (again.tries, again.priority, again.account) == (1, 10, "0012345678")
    assert again.joined_at == NOON - timedelta(minutes=9), "the place that was kept is not lost"
    assert stock.rows(tables.Callback, "state", "reason") == [("given-up", ANEW), ("calling", "")]
    assert promises.make(wish(), asks), "danger is not lost by asking once more"
    assert promises.again(again, asks, "busy")
    renewed = claim(promises, asks)
    assert renewed is not None and (renewed.priority, renewed.account) == (10, "0012345678")


def test_who_asks_before_anybody_has_rung_is_urgent_if_there_is_danger_now(database: Database) -> None:
    promises = CallbackRepository(database)
    promises.make(wish(minutes=5), NOON - timedelta(minutes=5))
    promises.make(wish(priority=10), NOON)
    claimed = claim(promises, joined_before=NOON - timedelta(hours=1), asked_after=NOON - timedelta(minutes=1))
    assert claimed is not None and claimed.priority == 10


@pytest.mark.both_databases
@pytest.mark.parametrize("last", [False, True])
def test_a_wish_while_it_rings_outlives_the_try(database: Database, stock: Stock, last: bool) -> None:
    promises = CallbackRepository(database)
    claimed, asks = tried(promises), NOON + timedelta(seconds=30)
    assert promises.make(wish(priority=10), asks)
    assert (claim(promises, asks), promises.open().calling) == (None, 1), "one call for one number"
    late = NOON + timedelta(minutes=1)
    assert promises.give_up(claimed, late, "busy") if last else promises.again(claimed, late + LEASE, "busy")
    again = claim(promises, late)
    assert again is not None and (again.tries, again.priority, again.token != claimed.token) == (1, 10, True)
    assert [row[0] for row in stock.rows(tables.Callback, "state")] == ["given-up", "calling"]


@pytest.mark.both_databases
@pytest.mark.parametrize("older", [False, True])
def test_an_answer_ends_a_wish_that_came_before_it_alone(database: Database, older: bool) -> None:
    promises = CallbackRepository(database)
    claimed = tried(promises)
    assert promises.make(wish(), NOON)
    assert promises.done(claimed, NOON, "confirmed", before_wish=older)
    assert (claim(promises) is not None) is older


@pytest.mark.both_databases
def test_who_asks_in_the_call_that_kept_their_promise_is_promised_another(database: Database, stock: Stock) -> None:
    """Nobody has learnt that they answered it: the daemon died, or lost its Asterisk."""
    promises = CallbackRepository(database)
    claimed = tried(promises)
    asks = NOON + timedelta(minutes=5)
    assert promises.make(wish(promise=claimed.token), asks)
    assert stock.rows(tables.Callback, "state", "reason") == [("done", "confirmed"), ("due", "")]
    assert claim(promises, asks) is None, "they are still in that call"
    again = claim(promises, asks + LEAVES)
    assert again is not None and again.token != claimed.token
    assert not promises.done(claimed, asks + LEAVES, "confirmed")


@pytest.mark.both_databases
def test_who_asks_while_the_exchange_that_rang_is_gone_waits_for_nobody(database: Database, stock: Stock) -> None:
    promises = CallbackRepository(database)
    claimed = tried(promises)
    gone = NOON + LEASE + UNWATCHED + timedelta(seconds=1)
    assert promises.make(wish(), gone)
    assert claim(promises, gone) is not None
    assert not promises.done(claimed, gone, "confirmed")


@pytest.mark.both_databases
def test_asking_again_and_again_rings_nobody_all_day(database: Database, stock: Stock) -> None:
    """Neither between tries nor while it rings: a caller ID can be forged."""
    promises = CallbackRepository(database)
    rung = 0
    for number in range(4 * MOST_A_DAY):
        promises.make(wish(), NOON)
        claimed = claim(promises)
        if claimed is None:
            continue
        rung += 1
        if number % 2:
            promises.make(wish(), NOON)
        promises.again(claimed, NOON + timedelta(hours=1), "no answer")
    assert rung == MOST_A_DAY
    assert not promises.make(wish(), NOON), "and is told so"


@pytest.mark.both_databases
def test_call_and_account_go_with_the_promise_where_they_are_known(database: Database, stock: Stock) -> None:
    stock.account("0012345678")
    promises = CallbackRepository(database)
    promises.make(wish(account="0012345678", call_id="nobody wrote this one down"), NOON)
    claimed = claim(promises)
    assert claimed is not None and claimed.account == "0012345678"
    assert claimed.call_id == ""
    with database.writing() as connection:
        connection.execute(insert(tables.of(tables.Call)).values(id="01JHCALL", node="test", started_at=NOON))
    promises.make(wish("+79160000002", call_id="01JHCALL"), NOON)
    claimed = claim(promises)
    assert claimed is not None and claimed.call_id == "01JHCALL"
    assert sorted(stock.rows(tables.Callback, "state", "tries")) == [("calling", 1)] * 2


def test_a_number_is_promised_so_many_calls_a_day(database: Database) -> None:
    promises = CallbackRepository(database)
    for _ in range(MOST_A_DAY):
        assert promises.make(wish(), NOON)
        claimed = claim(promises)
        assert claimed is not None
        promises.done(claimed, NOON, "confirmed")
    assert not promises.make(wish(), NOON)
    assert promises.make(wish(), NOON + timedelta(days=1, seconds=1))


@pytest.mark.both_databases
def test_the_urgent_first_and_then_who_waits_longest(database: Database) -> None:
    promises = CallbackRepository(database)
    promises.make(wish("+79160000001", minutes=1), NOON)
    promises.make(wish("+79160000002", minutes=9), NOON)
    promises.make(wish("+79160000003", priority=10), NOON)
    claimed = [claim(promises) for _ in range(4)]
    assert [promise.phone[-1] for promise in claimed if promise is not None] == ["3", "2", "1"]


@pytest.mark.both_databases
def test_whose_turn_has_not_come_is_left_unless_urgent(database: Database) -> None:
    promises = CallbackRepository(database)
    promises.make(wish("+79160000001", minutes=1), NOON)
    before = {"joined_before": NOON - timedelta(minutes=5)}
    assert claim(promises, **before) is None
    promises.make(wish("+79160000002", priority=10), NOON)
    urgent = claim(promises, **before)
    assert urgent is not None and urgent.phone == "+79160000002"


def test_at_night_only_who_asked_just_now(database: Database) -> None:
    promises = CallbackRepository(database)
    promises.make(wish(), NOON)
    assert claim(promises, NOON + timedelta(hours=2), asked_after=NOON + timedelta(hours=1)) is None
    assert claim(promises, NOON + timedelta(hours=2), asked_after=NOON - timedelta(hours=1)) is not None


@pytest.mark.both_databases
def test_a_claim_holds_until_its_lease_ends(database: Database) -> None:
    promises = CallbackRepository(database)
    promises.make(wish(), NOON)
    claimed = claim(promises)
    assert claimed is not None
    assert promises.extend(claimed, NOON + LEASE, LEASE)
    assert promises.expired("here", NOON + 2 * LEASE) == []
    late = NOON + 2 * LEASE + timedelta(seconds=1)
    assert promises.expired("here", late) == [claimed]
    assert promises.expired("elsewhere", late) == promises.abandoned("elsewhere", late) == []
    assert promises.abandoned("elsewhere", late + ABANDONED) == [claimed]


@pytest.mark.both_databases
def test_who_lost_a_promise_changes_nothing(database: Database, stock: Stock) -> None:
    promises = CallbackRepository(database)
    promises.make(wish(), NOON)
    first = claim(promises)
    assert first is not None
    promises.again(first, NOON, "busy")
    second = claim(promises)
    assert second is not None and (second.tries, second.token) == (2, first.token)
    assert not promises.done(first, NOON, "confirmed")
    assert not promises.again(first, NOON, "busy")
    assert stock.rows(tables.Callback, "state", "tries") == [("calling", 2)]
    assert promises.give_up(second, NOON, "busy")
    assert not promises.extend(second, NOON, LEASE)
    assert stock.rows(tables.Callback, "state", "reason") == [("given-up", "busy")]


@pytest.mark.both_databases
def test_what_is_due_since_yesterday_is_given_up(database: Database, stock: Stock) -> None:
    promises = CallbackRepository(database)
    promises.make(wish("+79160000001"), NOON)
    promises.make(wish("+79160000002"), NOON + timedelta(hours=1))
    assert promises.give_up_late(NOON + timedelta(hours=24, minutes=1)) == 1
    assert stock.rows(tables.Callback, "state", "reason") == [("given-up", "too late"), ("due", "")]


@pytest.mark.both_databases
@pytest.mark.parametrize("first", ["hotline", "operator"])
def test_a_number_that_is_rung_is_rung_for_nothing_else(database: Database, first: str) -> None:
    promises = CallbackRepository(database)
    for queue in ("hotline", "operator"):
        promises.make(CallbackRequest(PHONE, queue, 0, NOON), NOON)
    other = "operator" if first == "hotline" else "hotline"
    claimed = promises.claim(first, "here", NOON, LEASE)
    assert claimed is not None
    assert promises.claim(other, "elsewhere", NOON, LEASE) is None
    promises.done(claimed, NOON, "confirmed")
    assert promises.claim(other, "elsewhere", NOON, LEASE) is not None


def test_a_claim_of_who_is_gone_holds_up_nobody_for_long(database: Database) -> None:
    promises = CallbackRepository(database)
    tried(promises)
    promises.make(CallbackRequest(PHONE, "operator", 0, NOON), NOON)
    gone = NOON + LEASE + UNWATCHED
    assert promises.claim("operator", "here", gone, LEASE) is None
    assert promises.claim("operator", "here", gone + timedelta(seconds=1), LEASE) is not None


@pytest.mark.both_databases
def test_many_at_once_never_ring_one_number_twice(url: str) -> None:
    nodes = [Database(url, LIMIT_S) for _ in range(4)]
    phones = [f"+7916000{number:04d}" for number in range(20)]
    for phone in phones:
        for queue in ("hotline", "operator"):
            CallbackRepository(nodes[0]).make(CallbackRequest(phone, queue, 0, NOON), NOON)

    def take(node: Database, queue: str) -> list[str]:
        claims = (CallbackRepository(node).claim(queue, "here", NOON, LEASE) for _ in range(4 * len(phones)))
        return [promise.phone for promise in claims if promise is not None]

    with ThreadPoolExecutor(4) as pool:
        taken = [phone for mine in pool.map(take, nodes, ["hotline", "operator"] * 2) for phone in mine]
    for node in nodes:
        node.close()
    assert sorted(taken) == phones


@pytest.mark.both_databases
def test_what_their_call_was_about_goes_with_the_promise(database: Database, stock: Stock) -> None:
    promises = CallbackRepository(database)
    with database.writing() as connection:
        connection.execute(insert(tables.of(tables.Call)).values(id="01JHCALL", node="test", started_at=NOON))
        told = (OutageTold(5, Scope.STREET), OutageTold(7, Scope.DISTRICT, Cause.CABLE))
        steps = [{"call_id": "01JHCALL", "at": NOON, "seq": n, **columns(one)} for n, one in enumerate(told)]
        connection.execute(insert(tables.of(tables.CallStep)), steps)
        report = {"call_id": "01JHCALL", "created_at": NOON, "trouble": "danger"}
        connection.execute(insert(tables.of(tables.OutageReport)).values(report))
    promises.make(wish("+79160000001", priority=10, call_id="01JHCALL"), NOON)
    promises.make(wish("+79160000002"), NOON)
    known, bare = claim(promises), claim(promises)
    assert known is not None and known.about == Subject("danger", "1001", "7", "cable")
    assert bare is not None and bare.about == Subject()


@pytest.mark.both_databases
async def test_nobody_waits_in_silence_for_a_locked_database(kind: str, url: str, stock: Stock) -> None:
    """All who press 1 at the same moment hear within their limit that it is not possible; that is true later on."""
    database, locking = Database(url), Database(url)
    units = UnitsOfWork(database, threads=4, limit_s=2)
    hotline = Hotline(None, None, CallbackRepository(database), units, QueueBoard(), lambda: NOON)
    with locking.writing() as connection:
        if kind == "postgresql":
            connection.exec_driver_sql("LOCK TABLE callbacks IN ACCESS EXCLUSIVE MODE")
        async with asyncio.timeout(LIMIT_S):
            promised = await asyncio.gather(*(hotline.promise(wish(f"+7916000{n:04d}")) for n in range(50)))
    assert not any(promised)
    async with asyncio.timeout(LIMIT_S):
        while not await hotline.promise(wish()):
            assert stock.rows(tables.Callback, "phone") in ([], [(PHONE,)])
    await units.close()
    assert stock.rows(tables.Callback, "phone") == [(PHONE,)]
    database.close()
    locking.close()


@pytest.mark.both_databases
def test_many_at_once_never_claim_the_same(url: str) -> None:
    nodes = [Database(url, LIMIT_S) for _ in range(4)]
    for number in range(40):
        CallbackRepository(nodes[0]).make(wish(f"+7916000{number:04d}"), NOON)

    def take(node: Database) -> list[int]:
        mine = []
        while (promise := claim(CallbackRepository(node))) is not None:
            mine.append(promise.id)
        return mine

    with ThreadPoolExecutor(4) as pool:
        taken = [key for keys in pool.map(take, nodes) for key in keys]
    for node in nodes:
        node.close()
    assert len(taken) == len(set(taken)) == 40
