"""Figures of the reports: counted right, kept by the hour, the same the second time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, update

from ivr.storage import tables
from ivr.storage.calls import call_statistics
from ivr.storage.database.database import Database
from ivr.testbed.benchmarks.filled_database import Size, fill
from tests.storage.conftest import MOSCOW, Now, Stock
from tests.waiting import LIMIT_S

NOON = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
DAY = (datetime(2026, 11, 20, tzinfo=MOSCOW), datetime(2026, 11, 21, tzinfo=MOSCOW))
GREETED, ASKED, KEYS, GONE = ("prompt", "greeting/welcome"), ("prompt", "identify/ask"), ("keys", ""), ("hung-up", "")


def call(
    database: Database, name: str, at: datetime, outcome: str | None, *steps: tuple[str, str], **fields: str
) -> None:
    with database.writing() as connection:
        ended = None if outcome is None else at
        row = {"id": name, "started_at": at, "ended_at": ended, "outcome": outcome, **fields}
        connection.execute(insert(tables.Call).values(row))
        for seq, (kind, prompt) in enumerate(steps, start=1):
            connection.execute(
                insert(tables.CallStep).values(call_id=name, seq=seq, at=at, kind=kind, prompt=prompt, detail="")
            )


def counted(database: Database, now: datetime = NOON) -> call_statistics.Figures:
    return call_statistics.figures(database, *DAY, now)


@pytest.mark.both_databases
def test_outcomes_leaving_tries_and_repeats(database: Database, stock: Stock) -> None:
    at = NOON - timedelta(hours=9)
    again = {"caller": "+79161234567"}
    call(database, "a", at, "nothing", GREETED, ASKED, KEYS, ASKED, GONE, **again)
    call(database, "b", at + timedelta(minutes=1), "stored", GREETED, ASKED, KEYS, GONE, **again)
    call(database, "c", at + timedelta(hours=3), "hotline", GREETED, **again)
    call(database, "d", at + timedelta(hours=3), "nothing", GONE)
    call(database, "e", at - timedelta(days=3), "stored", **again)  # before the day
    for _ in range(2):
        found = counted(database)
        assert found.of(call_statistics.CALLS) == {"nothing": 2, "stored": 1, "hotline": 1}
        assert found.of(call_statistics.LEFT) == {"identify/ask": 1, "": 1}
        assert found.of(call_statistics.TRIES) == {"identify/ask 1": 1, "identify/ask 2": 1}
        assert (found.of(call_statistics.NUMBERED), found.of(call_statistics.REPEATS)) == ({"": 3}, {"": 2})
        assert {hour.astimezone(MOSCOW).hour: counts[call_statistics.CALLS] for hour, counts in found.hours.items()}[3]
        assert found.left_out == 0


@pytest.mark.both_databases
def test_who_calls_again_within_a_day_to_the_second(database: Database) -> None:
    at, day, second = NOON - timedelta(hours=9) + timedelta(minutes=59), timedelta(days=1), timedelta(seconds=1)
    for caller, before in (("+79161234501", day), ("+79161234502", day + second), ("+79161234503", second)):
        call(database, f"{caller} earlier", at - before, "stored", caller=caller)
        call(database, caller, at, "stored", caller=caller)
    for _ in range(2):
        found = counted(database)
        assert (found.of(call_statistics.NUMBERED), found.of(call_statistics.REPEATS)) == ({"": 4}, {"": 2})


@pytest.mark.both_databases
def test_calls_to_the_studio_do_not_count(database: Database) -> None:
    at, again = NOON - timedelta(hours=9), {"caller": "+79161234567"}
    call(database, "studio", at, "nothing", GREETED, ASKED, GONE, called="*77", **again)
    call(database, "lab", at, None, ASKED, called="*771234")
    call(database, "a", at + timedelta(minutes=1), "stored", GREETED, called="88001000000", **again)
    found = counted(database)
    assert found.of(call_statistics.CALLS) == {"stored": 1}
    assert (found.of(call_statistics.LEFT), found.of(call_statistics.TRIES)) == ({}, {})
    assert (found.of(call_statistics.NUMBERED), found.of(call_statistics.REPEATS)) == ({"": 1}, {})


@pytest.mark.both_databases
def test_readings_by_channel_and_doubt(database: Database, stock: Stock) -> None:
    (register,) = stock.meter(stock.account())
    stock.reading(register, 1, "2026-11-20", "2026-08", reason="")
    stock.reading(register, 2, "2026-11-20", "2026-09", reason="refused", status="superseded")
    stock.reading(register, 3, "2026-11-20", "2026-10", reason="corrected", status="accepted")
    stock.reading(register, 4, "2026-11-20", "2026-11", channel="billing")
    stock.reading(register, 5, "2026-11-20", "2026-12", channel="phone-emergency", reason="emergency", status="flagged")
    found = counted(database, NOON + timedelta(hours=8)).of(call_statistics.TAKEN)
    assert found == {"phone-keys plain": 1, "phone-keys flagged": 1, "phone-emergency flagged": 1}


def test_an_hour_that_is_over_is_counted_once(database: Database) -> None:
    at = NOON - timedelta(hours=9)
    call(database, "a", at, "stored")
    assert counted(database).of(call_statistics.CALLS) == {"stored": 1}
    with database.writing() as connection:
        connection.execute(tables.of(tables.Call).delete())  # what is old is deleted; its figures stay
    assert counted(database).of(call_statistics.CALLS) == {"stored": 1}


def test_an_hour_that_goes_on_is_counted_anew(database: Database) -> None:
    call(database, "a", NOON - timedelta(minutes=10), None)
    call(database, "old", NOON - timedelta(hours=5), None)
    assert counted(database).of(call_statistics.CALLS) == {"open": 2}
    with database.writing() as connection:
        connection.execute(update(tables.Call).values(outcome="stored", ended_at=NOON))
    assert counted(database).of(call_statistics.CALLS) == {"stored": 2}


def test_a_long_time_is_counted_in_pieces(database: Database) -> None:
    first = datetime(2026, 10, 1, tzinfo=MOSCOW)
    call(database, "a", first, "stored")
    month = (first, datetime(2026, 11, 1, tzinfo=MOSCOW))
    found = call_statistics.figures(database, *month, NOON, budget_s=0)
    assert found.left_out == 31 * 24 and not found.totals
    assert call_statistics.figures(database, *month, NOON, budget_s=LIMIT_S).of(call_statistics.CALLS) == {"stored": 1}
    assert call_statistics.figures(database, *month, NOON, budget_s=0).left_out == 0


@pytest.mark.both_databases
def test_hours_are_counted_before_somebody_asks(database: Database) -> None:
    call(database, "a", NOON - timedelta(days=2), "stored")
    call(database, "goes on", NOON - timedelta(hours=9), None)
    hours = call_statistics.uncounted(database, NOON)
    assert hours == sorted(hours, reverse=True) and len(hours) == 48 - 2 - 1
    assert hours[0] == (NOON - timedelta(hours=3)).astimezone(UTC)
    assert call_statistics.keep(database, hours[:6]) == 6
    assert call_statistics.uncounted(database, NOON) == hours[6:]
    assert call_statistics.uncounted(database, NOON, NOON - timedelta(hours=20)) == [
        hour for hour in hours[6:] if hour >= NOON - timedelta(hours=20)
    ]
    assert (call_statistics.keep(database, hours), call_statistics.keep(database, hours)) == (len(hours) - 6, 0)
    month = (NOON - timedelta(days=30), NOON)
    found = call_statistics.figures(database, *month, NOON, budget_s=0)
    assert (found.left_out, found.of(call_statistics.CALLS)) == (0, {"stored": 1, "open": 1})


@pytest.mark.both_databases
def test_two_that_count_the_same_hours_count_them_once(url: str, database: Database) -> None:
    for hour in range(40):
        call(database, f"{hour}", NOON - timedelta(hours=3 + hour), "stored", GREETED, ASKED, GONE)
    hours = call_statistics.uncounted(database, NOON)

    def count(_: int) -> int:
        own = Database(url, LIMIT_S)  # as another node
        kept = sum(call_statistics.keep(own, hours[first : first + 6]) for first in range(0, len(hours), 6))
        own.close()
        return kept

    with ThreadPoolExecutor(3) as nodes:
        assert sum(nodes.map(count, range(3))) == len(hours)
    found = call_statistics.figures(database, NOON - timedelta(days=3), NOON, NOON, budget_s=0)
    assert (found.left_out, found.of(call_statistics.CALLS)) == (0, {"stored": 40})
    assert found.of(call_statistics.TRIES) == {"identify/ask 1": 40}


@pytest.mark.both_databases
def test_what_another_kept_first_stays(database: Database) -> None:
    call(database, "a", NOON - timedelta(hours=5), "stored")
    hours = call_statistics.uncounted(database, NOON)
    call_statistics.keep(database, hours)
    with database.writing() as connection:
        connection.execute(update(tables.Call).values(outcome="hotline"))
    assert call_statistics.keep(database, hours) == 0
    assert counted(database).of(call_statistics.CALLS) == {"stored": 1}


def test_nothing_is_counted_where_nothing_was(database: Database) -> None:
    found = call_statistics.figures(
        database, datetime(2020, 1, 1, tzinfo=MOSCOW), datetime(2020, 2, 1, tzinfo=MOSCOW), NOON
    )
    assert (found.totals, found.left_out) == ({}, 0)


@pytest.mark.both_databases
@pytest.mark.parametrize("size", [Size(500, 200, 60), Size(1, 1, 1)], ids=["small", "least"])
def test_the_benchmarks_database_can_be_counted(database: Database, now: Now, size: Size) -> None:
    fill(database, size, now(), lambda step: None)
    since = now() - timedelta(days=31)
    found = call_statistics.figures(database, since, now() + timedelta(hours=1), now(), budget_s=LIMIT_S)
    assert sum(found.of(call_statistics.CALLS).values()) == size.calls
    with database.reading() as connection:
        violated = connection.exec_driver_sql("PRAGMA foreign_key_check").all() if database.is_sqlite else []
    assert violated == []
