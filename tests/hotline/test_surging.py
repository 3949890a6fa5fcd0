"""The watch of reports of one daemon: when it looks, how callers are greeted, and a database that goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from ivr.domain.surges import Greeting, SurgeTerms
from ivr.hotline.queue_board import QueueBoard
from ivr.hotline.surge_detector import SurgeDetector
from ivr.storage import tables
from ivr.storage.database import runtime_flags
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.storage.outages import views as outages_seen
from ivr.telephony.names import QueueName
from tests.hotline.boards import built, event
from tests.waiting import until

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'ivr.db'}"
    upgrade(url)
    opened = Database(url)
    yield opened
    opened.close()


def watch_of(database: Database, board: QueueBoard, waiting: int = 1) -> SurgeDetector:
    return SurgeDetector(database, SurgeTerms(reports=2), waiting, board, tuple(QueueName), lambda: NOON)


def report(database: Database, number: int) -> None:
    with database.writing() as connection:
        account = insert(tables.Account).values(id=number, number=f"{number}", district="Север")
        connection.execute(account)
        row = {"created_at": NOON, "account_id": number, "district": "Север", "trouble": "house"}
        connection.execute(insert(tables.OutageReport).values(row))


def board_with(*queues: tuple[str, int]) -> QueueBoard:
    """A board that is current, with so many callers in these queues."""
    entries = [
        event("QueueEntry", Queue=queue, Uniqueid=f"{queue}-{place}", Position=str(place + 1))
        for queue, callers in queues
        for place in range(callers)
    ]
    return built(*entries)


async def test_a_report_is_looked_at_when_it_comes_and_a_clerk_may_switch_that_off(database: Database) -> None:
    watch = watch_of(database, QueueBoard())
    running = asyncio.create_task(watch.run())
    runtime_flags.switch(database, runtime_flags.SURGE, runtime_flags.OFF, "anna", NOON)
    for number in range(3):
        report(database, number)
    watch.reported()
    runtime_flags.switch(database, runtime_flags.SURGE, runtime_flags.ON, "anna", NOON)
    watch.reported()
    await until(lambda: [one.reports for one in outages_seen.listed(database)] == [3])
    running.cancel()
    await asyncio.wait((running,))


async def test_it_goes_on_when_the_database_is_back(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    watch = watch_of(database, QueueBoard())
    with database.writing() as connection:
        connection.execute(text("ALTER TABLE switches RENAME TO away"))
    running = asyncio.create_task(watch.run())
    for _ in range(3):
        await until(lambda: bool(caplog.messages))
        watch.reported()
    assert set(caplog.messages) == {"the database does not answer; reports are not watched"}
    with database.writing() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO switches"))
    for number in range(3):
        report(database, number)
    watch.reported()
    await until(lambda: len(outages_seen.listed(database)) == 1)
    running.cancel()
    await asyncio.wait((running,))


@pytest.mark.parametrize(
    ("queues", "short"),
    [
        ([("hotline", 1)], False),
        ([("hotline", 1), ("operator", 1)], True),
        ([("sales", 9)], False),
    ],
)
def test_more_callers_than_the_limit_in_our_queues_are_greeted_shortly(
    database: Database, queues: list[tuple[str, int]], short: bool
) -> None:
    board = board_with(*queues)
    assert watch_of(database, board).greets_shortly() is short
    assert watch_of(database, board, waiting=0).greets_shortly() is False
    board.lost()
    assert watch_of(database, board).greets_shortly() is False


@pytest.mark.parametrize("mode", Greeting)
async def test_a_clerk_decides_over_the_board(database: Database, mode: Greeting) -> None:
    watch = watch_of(database, board_with(("hotline", 5)))
    runtime_flags.switch(database, runtime_flags.GREETING, mode, "anna", NOON)
    running = asyncio.create_task(watch.run())
    await until(lambda: watch.greets_shortly() is (mode is not Greeting.FULL))
    running.cancel()
    await asyncio.wait((running,))
