"""The journal: what happened in calls is written soon, completely and without holding anybody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from ivr.domain.journal.steps import KeysPressed, PromptBegan
from ivr.domain.journal.words import Outcome, TurnEnd
from ivr.domain.readings import Channel, Entry, Period
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.calls.journal import Journal
from ivr.storage.database.database import Database
from tests.storage.conftest import Stock, utc
from tests.submissions import by_phone
from tests.waiting import LIMIT_S, until

NOON = utc("2026-11-20T12:00:00.123000")
LATER = utc("2026-11-20T12:00:50")
CALL = ("id", "node", "started_at", "ended_at", "caller", "called", "channel", "uniqueid", "account_id", "outcome")


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[Journal]:
    """A started journal of the node `test`."""
    opened = Journal(database, "test")
    opened.start()
    yield opened
    await opened.close(LIMIT_S)


@pytest.mark.both_databases
async def test_a_call_is_written_with_its_steps(journal: Journal, stock: Stock) -> None:
    account = stock.account()
    journal.opened("c1", NOON, "+79161234567", "100", "PJSIP/100-1", "17.1")
    journal.step("c1", 0, NOON, PromptBegan("greeting/welcome"))
    journal.step("c1", 1, NOON + timedelta(milliseconds=7), KeysPressed(TurnEnd.ANSWER, "12345"))
    journal.identified("c1", account)
    journal.closed("c1", LATER, Outcome.STORED)
    await journal.close(LIMIT_S)
    assert stock.rows(tables.Call, *CALL) == [
        ("c1", "test", NOON, LATER, "+79161234567", "100", "PJSIP/100-1", "17.1", account, "stored")
    ]
    assert stock.rows(tables.CallStep, "call_id", "seq", "at", "kind", "prompt", "detail") == [
        ("c1", 0, NOON, "prompt", "greeting/welcome", ""),
        ("c1", 1, NOON + timedelta(milliseconds=7), "keys", "", '{"ended":"answer","given":"12345"}'),
    ]


async def test_a_call_in_progress_is_seen_at_once(journal: Journal, stock: Stock) -> None:
    journal.opened("c1", NOON, "", "100", "")
    await until(lambda: stock.rows(tables.Call, "id", "ended_at") == [("c1", None)])
    journal.step("c1", 0, NOON, PromptBegan("identify/ask"))
    await until(lambda: stock.rows(tables.CallStep, "prompt") == [("identify/ask",)])


@pytest.mark.both_databases
async def test_a_reading_faster_than_the_journal_is_no_trouble(
    journal: Journal, ledger: AccountRepository, stock: Stock
) -> None:
    (register,) = stock.meter(stock.account())
    await ledger.keep(by_phone("c1", NOON, Period(2026, 11), Channel.KEYS, (Entry(register, 1),)))
    journal.opened("c1", NOON - timedelta(seconds=30), "+79161234567", "100", "")
    await until(lambda: stock.rows(tables.Call, "caller") == [("+79161234567",)])
    assert stock.rows(tables.Call, "started_at") == [(NOON - timedelta(seconds=30),)]


async def test_many_calls_are_written_completely(journal: Journal, stock: Stock) -> None:
    for number in range(50):
        journal.opened(f"c{number}", NOON, "", "100", "")
    for seq in range(40):
        for number in range(50):
            journal.step(f"c{number}", seq, NOON, PromptBegan("reading/ask"))
        await asyncio.sleep(0)
    for number in range(50):
        journal.closed(f"c{number}", NOON, Outcome.NOTHING)
    await journal.close(LIMIT_S)
    assert len(stock.rows(tables.CallStep, "seq")) == 2000
    assert stock.rows(tables.Call, "outcome") == [("nothing",)] * 50
    assert journal.dropped == 0


@contextmanager
def out_of_order(database: Database) -> Iterator[None]:
    """The journal's tables are locked by somebody else for the length of this block."""
    with database.writing() as connection:
        if not database.is_sqlite:  # SQLite is locked as a whole by now
            connection.execute(text("LOCK TABLE calls IN ACCESS EXCLUSIVE MODE"))
        yield


@pytest.fixture
def other(url: str) -> Iterator[Database]:
    """The same database with a short patience."""
    opened = Database(url, limit_s=0.1)
    yield opened
    opened.close()


@pytest.mark.both_databases
async def test_what_happens_while_the_store_is_away_is_written_when_it_is_back(
    database: Database, other: Database, stock: Stock, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(other, "test")
    journal.start()
    with out_of_order(database):
        journal.opened("c1", NOON, "", "100", "")
        journal.step("c1", 0, NOON, PromptBegan("greeting/welcome"))
        await until(lambda: "journal waits, the store is unavailable" in caplog.messages)
        journal.step("c1", 1, NOON, PromptBegan("identify/ask"))
        journal.closed("c1", NOON, Outcome.NOTHING)
    await until(lambda: stock.rows(tables.Call, "id", "outcome") == [("c1", "nothing")])
    assert stock.rows(tables.CallStep, "seq") == [(0,), (1,)]
    await journal.close(LIMIT_S)
    assert journal.dropped == 0


async def test_what_does_not_fit_is_dropped_steps_first(database: Database, other: Database, stock: Stock) -> None:
    journal = Journal(other, "test", capacity=10)
    journal.start()
    with out_of_order(database):
        for number in range(4):
            journal.opened(f"c{number}", NOON, "", "100", "")
        for seq in range(20):
            journal.step("c0", seq, NOON, PromptBegan("reading/ask"))
        for number in range(4):
            journal.closed(f"c{number}", NOON, Outcome.NOTHING)
    await journal.close(LIMIT_S)
    assert stock.rows(tables.Call, "id", "outcome") == [(f"c{number}", "nothing") for number in range(4)]
    assert stock.rows(tables.CallStep, "seq") == [(seq,) for seq in range(14, 20)]
    assert journal.dropped == 14


async def test_steps_of_a_call_that_was_dropped_harm_no_other(
    database: Database, other: Database, stock: Stock
) -> None:
    journal = Journal(other, "test", capacity=2)
    journal.start()
    with out_of_order(database):
        for name in ("lost", "c1", "c2"):
            journal.opened(name, NOON, "", "100", "")
    await until(lambda: stock.rows(tables.Call, "id") == [("c1",), ("c2",)])
    journal.step("lost", 0, NOON, PromptBegan("reading/ask"))
    journal.step("c1", 0, NOON, PromptBegan("reading/ask"))
    journal.closed("lost", NOON, Outcome.NOTHING)
    await journal.close(LIMIT_S)
    assert stock.rows(tables.CallStep, "call_id") == [("c1",)]
    assert journal.dropped == 2


@pytest.mark.both_databases
async def test_an_entry_that_the_database_refuses_harms_no_other(journal: Journal, stock: Stock) -> None:
    journal.opened("c1", NOON, "", "100", "")
    journal.step("c1", 0, NOON, PromptBegan("reading/ask"))
    journal.step("never opened", 0, NOON, PromptBegan("reading/ask"))
    journal.step("c1", 1, NOON, PromptBegan("reading/confirm"))
    journal.closed("c1", NOON, Outcome.NOTHING)
    await journal.close(LIMIT_S)
    assert stock.rows(tables.CallStep, "seq") == [(0,), (1,)]
    assert stock.rows(tables.Call, "outcome") == [("nothing",)]
    assert journal.dropped == 1


@pytest.mark.both_databases
async def test_close_does_not_wait_for_a_store_that_is_away(database: Database, other: Database) -> None:
    journal = Journal(other, "test")
    journal.start()
    with out_of_order(database):
        journal.opened("c1", NOON, "", "100", "")
        async with asyncio.timeout(LIMIT_S):
            await journal.close(limit_s=0.3)
    assert journal.dropped == 1


@pytest.mark.both_databases
async def test_calls_of_a_killed_daemon_are_ended_at_the_next_start(
    database: Database, journal: Journal, ledger: AccountRepository, stock: Stock
) -> None:
    (register,) = stock.meter(stock.account())
    elsewhere = Journal(database, "another node")
    elsewhere.start()
    elsewhere.opened("theirs", NOON, "", "100", "")
    await elsewhere.close(LIMIT_S)
    for name in ("kept", "hung"):
        journal.opened(name, NOON, "", "100", "")
    journal.opened("over", NOON, "", "100", "")
    journal.closed("over", NOON, Outcome.HOTLINE)
    await journal.close(LIMIT_S)
    await ledger.keep(by_phone("kept", NOON, Period(2026, 11), Channel.KEYS, (Entry(register, 1),)))

    restarted = Journal(database, "test")
    assert await restarted.close_abandoned(LATER) == 2
    await restarted.close(LIMIT_S)
    assert stock.rows(tables.Call, "id", "ended_at", "outcome") == [
        ("hung", LATER, "nothing"),
        ("kept", LATER, "stored"),
        ("over", NOON, "hotline"),
        ("theirs", None, None),
    ]
