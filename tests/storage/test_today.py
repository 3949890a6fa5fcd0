"""The figures of the first page, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from ivr.domain.outages import Place
from ivr.storage import tables
from ivr.storage.accounts.address_index import all_places
from ivr.storage.calls.dashboard import OpenCall, today
from ivr.storage.database.database import Database
from ivr.storage.outages import details as outage_details
from tests.storage.conftest import MOSCOW, Stock

NOON = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
MIDNIGHT = NOON.replace(hour=0)


@pytest.mark.both_databases
def test_what_goes_on_and_waits(database: Database, stock: Stock) -> None:
    register = stock.meter(stock.account())[0]
    stock.reading(register, 5, "2026-11-20", "2026-10", status="flagged")
    stock.reading(register, 6, "2026-11-20", "2026-11", status="accepted")
    calls = [{"id": "now", "started_at": NOON}, {"id": "new", "started_at": NOON + timedelta(seconds=1)}]
    over = [
        {"id": outcome, "started_at": NOON, "ended_at": NOON, "outcome": outcome}
        for outcome in ("stored", "nothing", "hotline")
    ]
    over.append(
        {"id": "yesterday", "started_at": MIDNIGHT - timedelta(seconds=1), "ended_at": NOON, "outcome": "nothing"}
    )
    calls.append({"id": "studio-now", "started_at": NOON, "called": "*77"})
    over.append({"id": "studio", "started_at": NOON, "ended_at": NOON, "outcome": "nothing", "called": "*77"})
    steps = [("prompt", "greeting/welcome"), ("prompt", "identify/ask"), ("keys", "")]
    with database.writing() as connection:
        for row in (*calls, *over):
            connection.execute(insert(tables.of(tables.Call)).values(row))
        connection.execute(
            insert(tables.of(tables.CallStep)),
            [
                {"call_id": "now", "seq": n, "at": NOON, "kind": kind, "prompt": prompt}
                for n, (kind, prompt) in enumerate(steps)
            ],
        )
        place = {"kind": "emergency", "district": "Север", "began_at": NOON, "created_at": NOON}
        late = NOON - timedelta(minutes=1)
        connection.execute(insert(tables.of(tables.Outage)).values(state="suspected", **place))
        connection.execute(insert(tables.of(tables.Outage)).values(state="open", expected_end=late, **place))
        connection.execute(insert(tables.of(tables.Outage)).values(state="ended", expected_end=late, **place))
        report = {"trouble": "house", "outage_id": 2}
        for at in (NOON, MIDNIGHT - timedelta(seconds=1)):
            connection.execute(insert(tables.of(tables.OutageReport)).values(created_at=at, **report))
        ring = {"kind": "power", "outage_id": 2, "created_at": NOON}
        for number, (state, due) in enumerate((("due", NOON), ("due", NOON + timedelta(days=900)), ("done", NOON))):
            row = {"phone": f"+7916000000{number}", "state": state, "due_at": due}
            connection.execute(insert(tables.of(tables.Callback)).values(row | ring))
    day = today(database, MIDNIGHT, NOON)
    assert day.open_calls == (
        OpenCall("now", NOON, "identify/ask"),
        OpenCall("new", NOON + timedelta(seconds=1), ""),
    )
    assert day.outcomes == {"stored": 1, "nothing": 1, "hotline": 1} and (day.alone, day.ended) == (2, 3)
    waiting = day.waiting
    assert (waiting.flagged, waiting.suspected, waiting.late, waiting.open_outages) == (1, 1, 1, 1)
    assert (waiting.reports, waiting.rings) == (1, 1)

    seen = outage_details.details(database, 2)
    assert seen is not None and seen.counts == {"due": 2, "done": 1}
    assert len(seen.to_ring) == 3 and len(seen.reports) == 2
    assert outage_details.details(database, 99) is None
    assert outage_details.same_place(database, Place("СЕВЕР")) in {1, 2}
    assert outage_details.same_place(database, Place("Юг")) is None


@pytest.mark.both_databases
def test_places_are_counted_as_they_are_compared(database: Database, stock: Stock) -> None:
    for number, (district, street, house) in enumerate(
        (("Север", "Ленина", "5"), ("Север", "ул. Ленина", "дом 5"), ("Север", "Лесная", "5"), ("Юг", "Ленина", "5"))
    ):
        stock.account(str(number), district=district, street=street, house=house)
    places = all_places(database)
    assert places.districts == ["Север", "Юг"]
    for place, count in (
        (Place("север"), 3),
        (Place("Север", "Ленина"), 2),
        (Place("", "Ленина"), 3),
        (Place("Север", "Ленина", "5"), 2),
        (Place("Север", "Ленина", "7"), 0),
        (Place("", "", "5"), 0),
        (Place(), 0),
    ):
        assert places.accounts_at(place) == count, place


def test_open_calls_and_flagged_readings_are_found_by_their_indexes(database: Database) -> None:
    """SQLite: PostgreSQL's planner knows how many rows there are, none."""
    seen: list[str] = []
    with database.reading() as connection:
        for query in (
            "SELECT id FROM calls WHERE calls.ended_at IS NULL ORDER BY started_at",
            "SELECT count(*) FROM readings WHERE status IN ('accepted', 'flagged') AND readings.status = 'flagged'",
        ):
            seen += [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}")]
    assert any("ix_calls_open" in step for step in seen) and any("ix_readings_waiting" in step for step in seen), seen
