"""Calls are found by what is known of them, page by page, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, text

from ivr.storage import tables
from ivr.storage.calls import search as call_search
from ivr.storage.calls.search import Place, Wanted
from ivr.storage.database.database import Database
from tests.storage.conftest import MOSCOW, Stock

NOON = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
MINUTE = timedelta(minutes=1)


def put_calls(database: Database, count: int, **fields: object) -> list[str]:
    """Calls from noon on, two in each minute; their ids, the latest first."""
    rows = [
        {"id": f"call-{n:04}", "started_at": NOON + n // 2 * MINUTE, "ended_at": NOON + (n // 2 + 1) * MINUTE}
        | {"caller": f"+7916000{n % 10:04}", "outcome": "stored" if n % 3 else "hotline"}
        | fields
        for n in range(count)
    ]
    with database.writing() as connection:
        connection.execute(insert(tables.Call), rows)
    return [str(row["id"]) for row in reversed(rows)]


def ids(found: call_search.Found) -> list[str]:
    return [call.id for call in found.calls]


@pytest.mark.both_databases
def test_pages_forwards_and_back_show_every_call_once(database: Database) -> None:
    calls = put_calls(database, 25)
    page = call_search.found(database, Wanted(), most=10)
    assert (ids(page), page.later, page.earlier) == (calls[:10], False, True)
    last = page.calls[-1]
    second = call_search.found(database, Wanted(), Place(last.started_at, last.id), most=10)
    assert (ids(second), second.later, second.earlier) == (calls[10:20], True, True)
    last = second.calls[-1]
    third = call_search.found(database, Wanted(), Place(last.started_at, last.id), most=10)
    assert (ids(third), third.later, third.earlier) == (calls[20:], True, False)
    first = third.calls[0]
    back = call_search.found(database, Wanted(), Place(first.started_at, first.id, back=True), most=10)
    assert (ids(back), back.later, back.earlier) == (calls[10:20], True, True)
    first = back.calls[0]
    front = call_search.found(database, Wanted(), Place(first.started_at, first.id, back=True), most=10)
    assert (ids(front), front.later) == (calls[:10], False)


@pytest.mark.both_databases
def test_each_field_narrows_it_down(database: Database, stock: Stock) -> None:
    account = stock.account("4012345678")
    put_calls(database, 12)
    with database.writing() as connection:
        known = insert(tables.of(tables.Call)).values(id="known", started_at=NOON - MINUTE, account_id=account)
        connection.execute(known)
        told = "1001"
        contact = {"channel": "phone", "source": "phone", "key": "known", "call_id": "known", "receipt": told}
        connection.execute(insert(tables.of(tables.Contact)).values(received_at=NOON - MINUTE, **contact))
    for wanted, expected in (
        (Wanted(account="4012345678"), ["known"]),
        (Wanted(account="4012345679"), []),
        (Wanted(account="не номер"), []),
        (Wanted(caller="+79160000003"), ["call-0003"]),
        (Wanted(outcome="hotline"), ["call-0009", "call-0006", "call-0003", "call-0000"]),
        (Wanted(outcome="open"), ["known"]),
        (Wanted(name=told), ["known"]),
        (Wanted(name="999999999"), []),
        (Wanted(name="CALL-0002"), ["call-0002"]),
        (Wanted(name="\x00'; DROP TABLE calls"), []),
        (Wanted(since=NOON + MINUTE, until=NOON + 2 * MINUTE), ["call-0003", "call-0002"]),
        (Wanted(since=NOON, outcome="hotline", caller="+79160000000"), ["call-0000"]),
    ):
        assert ids(call_search.found(database, wanted)) == expected, wanted
    assert call_search.found(database, Wanted(account="4012345678")).calls[0].account == "4012345678"


def test_a_page_is_found_by_an_index(database: Database, stock: Stock) -> None:
    """SQLite: no query reads all calls."""
    stock.account("4012345678")
    put_calls(database, 3000)
    with database.writing() as connection:
        connection.execute(text("ANALYZE"))
    for wanted in (Wanted(), Wanted(caller="+79160000003"), Wanted(outcome="message"), Wanted(account="4012345678")):
        with database.reading() as connection:
            conditions = call_search._conditions(connection, wanted)
            assert conditions is not None
            query = call_search._page(conditions, Place(NOON + MINUTE, "call-0002"), 51)
            compiled = query.compile(database.engine, compile_kwargs={"literal_binds": True})
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
        assert any(step.startswith("SEARCH calls USING INDEX") for step in plan), (wanted, plan)
