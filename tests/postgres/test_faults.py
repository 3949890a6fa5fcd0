"""A server that goes away, refuses or is slow: told in time, and well again when it is back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from ivr.domain.faults import StoreUnavailable
from ivr.domain.journal.steps import PromptBegan
from ivr.domain.journal.words import Outcome
from ivr.domain.readings import Window
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.calls.journal import Journal
from ivr.storage.database.database import Database
from tests.postgres.server import PostgresServer
from tests.waiting import LIMIT_S, until

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def database(own_postgres_url: str) -> Iterator[Database]:
    """A database with the newest schema and a wide limit."""
    opened = Database(own_postgres_url, LIMIT_S)
    yield opened
    opened.close()


@pytest.fixture
def hurried(postgres_url: str) -> Iterator[Database]:
    """A database with a limit of one second."""
    opened = Database(postgres_url, limit_s=1)
    yield opened
    opened.close()


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[AccountRepository]:
    """A ledger on it."""
    opened = AccountRepository(
        database, zone=ZoneInfo("Europe/Moscow"), window=Window(), now=lambda: NOON, limit_s=LIMIT_S
    )
    yield opened
    await opened.close()


def disconnect(server: PostgresServer, database: Database) -> None:
    """End all sessions of the database, as a restart of the server does."""
    name = database.engine.url.database
    server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def allow(server: PostgresServer, database: Database, *, connections: bool) -> None:
    """Let the server refuse new sessions of the database, or accept them again."""
    server.run(f"ALTER DATABASE {database.engine.url.database} ALLOW_CONNECTIONS {connections}")


async def test_a_lost_connection_is_replaced(
    postgres_server: PostgresServer, database: Database, ledger: AccountRepository
) -> None:
    assert await ledger.account("0012345678") is None
    disconnect(postgres_server, database)
    assert await ledger.account("0012345678") is None


async def test_a_server_that_refuses_is_told_and_well_again(
    postgres_server: PostgresServer, database: Database, ledger: AccountRepository
) -> None:
    allow(postgres_server, database, connections=False)
    disconnect(postgres_server, database)
    with pytest.raises(StoreUnavailable, match="not currently accepting connections"):
        await ledger.account("0012345678")
    allow(postgres_server, database, connections=True)
    assert await ledger.account("0012345678") is None


async def test_the_journal_survives_a_server_that_was_away(
    postgres_server: PostgresServer, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(database, "test")
    journal.start()
    journal.opened("c1", NOON, "", "100", "")
    allow(postgres_server, database, connections=False)
    disconnect(postgres_server, database)
    journal.step("c1", 0, NOON, PromptBegan("greeting/welcome"))
    journal.closed("c1", NOON, Outcome.NOTHING)
    await until(lambda: "journal waits, the store is unavailable" in caplog.messages)
    allow(postgres_server, database, connections=True)
    await journal.close(LIMIT_S)
    with database.reading() as connection:
        assert connection.execute(tables.of(tables.Call).select()).one().outcome == "nothing"
        assert connection.execute(tables.of(tables.CallStep).select()).one().prompt == "greeting/welcome"
    assert journal.dropped == 0


def test_no_server_at_all() -> None:
    database = Database("postgresql://127.0.0.1:1/ivr", limit_s=1)
    with pytest.raises(StoreUnavailable, match="refused"), database.reading():
        pass
    database.close()


def test_a_slow_statement_ends_in_time_and_its_values_never_enter_the_fault(hurried: Database) -> None:
    """An exception may reach a log; account numbers must not."""
    with pytest.raises(StoreUnavailable, match="statement timeout") as raised, hurried.reading() as connection:
        connection.execute(text("SELECT pg_sleep(30), :number"), {"number": "0012345678"})
    assert "0012345678" not in f"{raised.value} {raised.value.__cause__}"
