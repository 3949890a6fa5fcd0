"""Readings that wait for a clerk: their order, what is shown of one, and decisions, two at once too."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import event, update

from ivr.domain.readings import Channel, Entry, Period
from ivr.intake.review import DoesNotFit, NotWaiting
from ivr.intake.submit import Doubted
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.calls.dashboard import today
from ivr.storage.database.database import Database
from ivr.storage.readings import export as exporting
from ivr.storage.readings import review_views as checking
from ivr.storage.readings.review import flagged as flagged_readings
from tests.clerk import accept, correct, refuse
from tests.storage.conftest import Now, Stock
from tests.submissions import by_phone

SEEN = ("value", "status", "reason")


@pytest.fixture
def register(stock: Stock) -> int:
    """A register of a meter with five digits and a reading of October."""
    (register,) = stock.meter(stock.account(street="Мира", house="5"))
    stock.reading(register, 12000, "2026-10-20", "2026-10", channel="billing")
    return register


def flagged(stock: Stock, register: int, value: int, day: str, **fields: str) -> int:
    return stock.reading(
        register,
        value,
        day,
        day[:7],
        status="flagged",
        **{"reason": "above-usual-use", "channel": "phone-voice"} | fields,
    )


@pytest.mark.both_databases
def test_the_oldest_comes_first_and_each_has_a_next_one(database: Database, stock: Stock, register: int) -> None:
    late = flagged(stock, register, 15000, "2026-11-20")
    (other,) = stock.meter(stock.account("0087654321"), "77")
    early, same_day = flagged(stock, other, 5, "2026-11-18"), flagged(stock, other, 6, "2026-12-18")
    assert [row.id for row in checking.waiting(database)] == [early, late, same_day]
    assert [row.id for row in checking.waiting(database, early, most=1)] == [late]
    assert checking.how_many_wait(database) == 3
    assert [checking.next_waiting(database, key) for key in (early, late, same_day)] == [late, same_day, early]
    accept(database, early, "anna", Now().time)
    accept(database, same_day, "anna", Now().time)
    assert checking.next_waiting(database, late) is None
    assert checking.next_waiting(database, early) == late


@pytest.mark.both_databases
def test_one_is_seen_with_its_history(database: Database, stock: Stock, register: int) -> None:
    key = flagged(stock, register, 15000, "2026-11-20")
    seen = checking.checked(database, key)
    assert seen is not None and seen.waits
    assert (seen.account, seen.street, seen.meter, seen.digits, seen.value) == (
        "0012345678",
        "Мира",
        "00123456",
        5,
        15000,
    )
    assert [past.value for past in seen.history] == [15000, 12000]
    assert seen.earlier is not None and seen.earlier.value == 12000
    assert checking.checked(database, 999) is None


@pytest.mark.both_databases
async def test_a_correction_replaces_and_the_old_stays(
    database: Database, stock: Stock, register: int, ledger: AccountRepository, now: Now
) -> None:
    entry = Entry(register, 15000, flagged=True, reason="above-usual-use", voice="voice/2026-11-20/a-1.wav")
    await ledger.keep(by_phone("call", now(), Period(2026, 11), Channel.VOICE, (entry,)))
    (waiting,) = checking.waiting(database)
    new = correct(database, waiting.id, 12150, "anna", now())
    assert stock.rows(tables.Reading, *SEEN)[1:] == [
        (15000, "superseded", "refused corrected"),
        (12150, "accepted", "corrected"),
    ]
    kept = ("id", "contact_id", "read_on", "received_at", "channel", "period", "voice")
    *_, old_row, new_row = stock.rows(tables.Reading, *kept)
    assert new_row == (new, *old_row[1:])
    assert stock.rows(tables.Audit, "who", "action", "subject", "detail") == [
        (
            "anna",
            "reading.correct",
            f"reading:{waiting.id}",
            {"value": {"old": 15000, "new": 12150}, "replacement": new},
        )
    ]
    decision = checking.decision_on(database, waiting.id)
    assert decision is not None and (decision.who, decision.action) == ("anna", "reading.correct")


@pytest.mark.parametrize("value", [-1, 100_000, 15000])
def test_what_the_display_cannot_show_changes_nothing(
    database: Database, stock: Stock, register: int, now: Now, value: int
) -> None:
    key = flagged(stock, register, 15000, "2026-11-20")
    with pytest.raises(DoesNotFit):
        correct(database, key, value, "anna", now())
    assert stock.rows(tables.Reading, *SEEN)[1:] == [(15000, "flagged", "above-usual-use")]
    assert stock.rows(tables.Audit, "who") == []


@pytest.mark.parametrize(("value", "verdict"), [(15001, "above-usual-use"), (11000, "lower-than-last")])
def test_a_doubtful_correction_needs_a_clerk_who_insists(
    database: Database, stock: Stock, register: int, now: Now, value: int, verdict: str
) -> None:
    key = flagged(stock, register, 15000, "2026-11-20")
    with pytest.raises(Doubted) as doubt:
        correct(database, key, value, "anna", now())
    assert doubt.value.judgement.verdict == verdict
    assert stock.rows(tables.Reading, *SEEN)[1:] == [(15000, "flagged", "above-usual-use")]
    correct(database, key, value, "anna", now(), insist=True)
    assert stock.rows(tables.Reading, *SEEN)[1:] == [
        (15000, "superseded", "refused corrected"),
        (value, "accepted", f"corrected {verdict}"),
    ]


def test_a_correction_at_a_meter_that_was_taken_away_has_nothing_to_be_judged_by(
    database: Database, stock: Stock, register: int, now: Now
) -> None:
    key = flagged(stock, register, 15000, "2026-11-20")
    with database.writing() as connection:
        connection.execute(update(tables.of(tables.Meter)).values(removed=now().date()))
    correct(database, key, 5, "anna", now())
    assert stock.rows(tables.Reading, *SEEN)[-1] == (5, "accepted", "corrected")


@pytest.mark.both_databases
def test_two_clerks_at_the_same_moment_decide_once(database: Database, stock: Stock, register: int, now: Now) -> None:
    key = flagged(stock, register, 15000, "2026-11-20")

    def decide(n: int) -> str:
        try:
            if n % 2:
                correct(database, key, 12100 + n, f"clerk{n}", now())
            else:
                refuse(database, key, "чужой счётчик", f"clerk{n}", now())
        except NotWaiting as error:
            return str(error.status)
        return "decided"

    with ThreadPoolExecutor(8) as threads:
        told = sorted(threads.map(decide, range(8)))
    assert told == ["decided"] + ["superseded"] * 7
    assert len(stock.rows(tables.Audit, "who")) == 1
    assert len([row for row in stock.rows(tables.Reading, "status") if row == ("accepted",)]) <= 1


def test_what_left_meanwhile_is_told(database: Database, stock: Stock, register: int, now: Now) -> None:
    key = stock.reading(register, 15000, "2026-11-20", "2026-11")
    for decide in (
        lambda: accept(database, key, "anna", now()),
        lambda: correct(database, key, 5, "anna", now()),
        lambda: correct(database, 999, 5, "anna", now()),
    ):
        with pytest.raises(NotWaiting) as told:
            decide()
    assert told.value.status is None
    assert stock.rows(tables.Audit, "who") == []


@pytest.mark.both_databases
def test_the_voice_of_a_reading(database: Database, stock: Stock, register: int) -> None:
    key = flagged(stock, register, 15000, "2026-11-20", voice="voice/2026-11-20/a-1.wav")
    assert checking.voice_of(database, key) == "voice/2026-11-20/a-1.wav"
    assert checking.voice_of(database, key + 1) is None


LOOKS: dict[str, Callable[[Database], Any]] = {
    "list": lambda database: checking.waiting(database, 1),
    "count": checking.how_many_wait,
    "next": lambda database: checking.next_waiting(database, 1),
    "command": flagged_readings,
    "first page": lambda database: today(database, Now().time, Now().time),
    "export": lambda database: exporting.take_batch(database, Now().time, with_flagged=True),
}


def test_no_look_reads_all_readings(database: Database, stock: Stock, register: int) -> None:
    """SQLite: each is answered by an index."""
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda _c, _r, text, *_: asked.append(text))
    flagged(stock, register, 15000, "2026-11-20")
    for name, look in LOOKS.items():
        asked.clear()
        look(database)
        queries = [text for text in asked if text.startswith(("SELECT", "UPDATE"))]
        assert queries, name
        with database.reading() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            for text in queries:
                values = [None] * text.count("?")
                plan = [row[3] for row in raw.cursor().execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()]
                whole = [step for step in plan if step.startswith("SCAN readings") and "USING" not in step]
                assert not whole, (name, text, plan)
