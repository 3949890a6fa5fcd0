"""Promises to ring back: one for each caller, claimed once, never changed by who has lost them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from ivr.domain.promises import Promise, Wish
from ivr.storage import tables
from ivr.storage.engine import Database
from ivr.storage.promises import ABANDONED, MOST_A_DAY, Promises
from tests.storage.conftest import Stock

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
LEASE = timedelta(seconds=60)
PHONE = "+79161234567"


def wish(phone: str = PHONE, priority: int = 0, minutes: int = 0, **more: str) -> Wish:
    """A wish of who began to wait so many minutes before noon."""
    return Wish(phone, "hotline", priority, NOON - timedelta(minutes=minutes), **more)


def claim(promises: Promises, now: datetime = NOON, **more: datetime) -> Promise | None:
    return promises.claim("hotline", "here", now, LEASE, **more)


def test_who_asks_twice_is_promised_once(database: Database, stock: Stock) -> None:
    promises = Promises(database)
    assert promises.make(wish(), NOON) and promises.make(wish(), NOON)
    assert promises.open().due == 1


def test_call_and_account_go_with_the_promise_where_they_are_known(database: Database, stock: Stock) -> None:
    stock.account("0012345678")
    promises = Promises(database)
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
    promises = Promises(database)
    for _ in range(MOST_A_DAY):
        assert promises.make(wish(), NOON)
        claimed = claim(promises)
        assert claimed is not None
        promises.done(claimed, NOON, "confirmed")
    assert not promises.make(wish(), NOON)
    assert promises.make(wish(), NOON + timedelta(days=1, seconds=1))


def test_the_urgent_first_and_then_who_waits_longest(database: Database) -> None:
    promises = Promises(database)
    promises.make(wish("+79160000001", minutes=1), NOON)
    promises.make(wish("+79160000002", minutes=9), NOON)
    promises.make(wish("+79160000003", priority=10), NOON)
    claimed = [claim(promises) for _ in range(4)]
    assert [promise.phone[-1] for promise in claimed if promise is not None] == ["3", "2", "1"]


def test_whose_turn_has_not_come_is_left_unless_urgent(database: Database) -> None:
    promises = Promises(database)
    promises.make(wish("+79160000001", minutes=1), NOON)
    before = {"joined_before": NOON - timedelta(minutes=5)}
    assert claim(promises, **before) is None
    promises.make(wish("+79160000002", priority=10), NOON)
    urgent = claim(promises, **before)
    assert urgent is not None and urgent.phone == "+79160000002"


def test_at_night_only_who_asked_just_now(database: Database) -> None:
    promises = Promises(database)
    promises.make(wish(), NOON)
    assert claim(promises, NOON + timedelta(hours=2), asked_after=NOON + timedelta(hours=1)) is None
    assert claim(promises, NOON + timedelta(hours=2), asked_after=NOON - timedelta(hours=1)) is not None


def test_a_claim_holds_until_its_lease_ends(database: Database) -> None:
    promises = Promises(database)
    promises.make(wish(), NOON)
    claimed = claim(promises)
    assert claimed is not None
    assert promises.extend(claimed, NOON + LEASE, LEASE)
    assert promises.expired("here", NOON + 2 * LEASE) == []
    late = NOON + 2 * LEASE + timedelta(seconds=1)
    assert promises.expired("here", late) == [claimed]
    assert promises.expired("elsewhere", late) == promises.abandoned("elsewhere", late) == []
    assert promises.abandoned("elsewhere", late + ABANDONED) == [claimed]


def test_who_lost_a_promise_changes_nothing(database: Database, stock: Stock) -> None:
    promises = Promises(database)
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


def test_what_is_due_since_yesterday_is_given_up(database: Database, stock: Stock) -> None:
    promises = Promises(database)
    promises.make(wish("+79160000001"), NOON)
    promises.make(wish("+79160000002"), NOON + timedelta(hours=1))
    assert promises.give_up_late(NOON + timedelta(hours=24, minutes=1)) == 1
    assert stock.rows(tables.Callback, "state", "reason") == [("given-up", "too late"), ("due", "")]


def test_many_at_once_never_claim_the_same(url: str) -> None:
    nodes = [Database(url) for _ in range(4)]
    for number in range(40):
        Promises(nodes[0]).make(wish(f"+7916000{number:04d}"), NOON)

    def take(node: Database) -> list[int]:
        mine = []
        while (promise := claim(Promises(node))) is not None:
            mine.append(promise.id)
        return mine

    with ThreadPoolExecutor(4) as pool:
        taken = [key for keys in pool.map(take, nodes) for key in keys]
    for node in nodes:
        node.close()
    assert len(taken) == len(set(taken)) == 40
