"""Tests of the storage run on SQLite; those marked `both_databases` on PostgreSQL too."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result
from sqlalchemy import insert, select
from typer.testing import CliRunner

from ivr.cli import app
from ivr.domain.readings import Window
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from tests.waiting import LIMIT_S

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture(scope="session")
def upgraded_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema, to be copied."""
    file = tmp_path_factory.mktemp("sqlite") / "upgraded.db"
    upgrade(f"sqlite:///{file}")
    return file


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_databases"):
        metafunc.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """The database that the test runs on."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def url(request: pytest.FixtureRequest, kind: str, upgraded_sqlite: Path, tmp_path: Path) -> str:
    """URL of a new database with the newest schema."""
    if kind == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    shutil.copy(upgraded_sqlite, tmp_path / "ivr.db")
    return f"sqlite:///{tmp_path / 'ivr.db'}"


@pytest.fixture
def empty_url(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> str:
    """URL of a new database without tables."""
    if kind == "postgresql":
        return str(request.getfixturevalue("empty_postgres_url"))
    return f"sqlite:///{tmp_path / 'empty.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """An open database with the newest schema."""
    opened = Database(url, LIMIT_S)
    yield opened
    opened.close()


Run = Callable[..., Result]


@pytest.fixture
def run(url: str, tmp_path: Path) -> Run:
    """Runs `ivr` with a configuration file that names the test's database."""
    config = tmp_path / "ivr.toml"
    config.write_text(f'[store]\nurl = "{url}"\n')

    def command(*words: object) -> Result:
        return CliRunner().invoke(app, [*map(str, words), "--config", str(config)])

    return command


@dataclass
class Now:
    """A clock that the test sets."""

    time: datetime = field(default_factory=lambda: datetime(2026, 11, 20, 12, tzinfo=MOSCOW))

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def now() -> Now:
    """20 November 2026, noon in Moscow; within the window."""
    return Now()


@pytest.fixture
async def ledger(database: Database, now: Now) -> AsyncIterator[AccountRepository]:
    """A ledger of the node `test`."""
    opened = AccountRepository(database, zone=MOSCOW, window=Window(), now=now, node="test", limit_s=LIMIT_S)
    yield opened
    await opened.close()


@dataclass
class Stock:
    """Puts accounts, meters and past readings into the store, and looks at what is there."""

    database: Database

    def account(self, number: str = "0012345678", **fields: str) -> int:
        """A new account; its id."""
        with self.database.writing() as connection:
            key = connection.execute(insert(tables.Account).values(number=number, **fields)).inserted_primary_key
            assert key is not None
            for phone in fields.get("phones", "").split():
                connection.execute(insert(tables.AccountPhone).values(phone=phone, account_id=key[0]))
            return int(key[0])

    def meter(self, account_id: int, serial: str = "00123456", zones: int = 1, digits: int = 5) -> list[int]:
        """A new meter of an account; the ids of its registers in the order T1, T2, T3."""
        with self.database.writing() as connection:
            meter = insert(tables.Meter).values(account_id=account_id, serial=serial, zones=zones, digits=digits)
            key = connection.execute(meter).inserted_primary_key
            assert key is not None
            ids = []
            for zone in ("T1", "T2", "T3")[:zones]:
                register = insert(tables.Register).values(meter_id=key[0], zone=zone)
                register_key = connection.execute(register).inserted_primary_key
                assert register_key is not None
                ids.append(int(register_key[0]))
            return ids

    def reading(self, register_id: int, value: int, day: str, period: str, **fields: str) -> int:
        """A reading at noon of a day, by default exported and given by keys; its id."""
        row = {"channel": "phone-keys", "status": "exported", **fields}
        at = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=MOSCOW)
        with self.database.writing() as connection:
            key = connection.execute(
                insert(tables.Reading).values(
                    register_id=register_id,
                    value=value,
                    read_on=at.date(),
                    received_at=at,
                    created_at=at,
                    period=period,
                    **row,
                )
            ).inserted_primary_key
            assert key is not None
            return int(key[0])

    def rows(self, table: type[tables.Base], *columns: str) -> list[tuple[object, ...]]:
        """These columns of all rows of a table, in the order of its key."""
        found = tables.of(table)
        with self.database.reading() as connection:
            query = select(*(found.c[name] for name in columns)).order_by(*found.primary_key.columns)
            return [tuple(row) for row in connection.execute(query)]


@pytest.fixture
def stock(database: Database) -> Stock:
    """The store as the tests fill and see it."""
    return Stock(database)


def utc(text: str) -> datetime:
    """An ISO time without zone, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
