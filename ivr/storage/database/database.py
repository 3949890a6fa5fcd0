"""One database: how it is opened, how long it may take, and what its failures are called.

SQLite (WAL, foreign keys on) is the embedded default, PostgreSQL the same code by its URL.
"""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ivr.domain.faults import BadInput, StoreProblem, StoreUnavailable

CONNECT_LIMIT_S = 10.0
"""Longest wait for a server to answer at all, however long its statements may take."""

CONNECTIONS = 8
"""Connections at most: the daemon's units of work and its journal need five."""


@dataclass(eq=False)
class BadDatabaseUrl(BadInput, ValueError):
    """The setting names no database that this project can use. is_url: it is the URL of one of another kind."""

    is_url: bool


def database_url(text: str) -> URL:
    """`text` as an URL with the driver that this project uses. Raises BadDatabaseUrl for another database."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise BadDatabaseUrl(is_url=False) from error
    if url.drivername in {"postgres", "postgresql", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in {"sqlite", "sqlite+pysqlite"} and url.database not in {None, "", ":memory:"}:
        return url
    raise BadDatabaseUrl(is_url=True)


def make_engine(url: str, limit_s: float) -> Engine:
    """An engine whose waits for a connection, a lock or a statement end after `limit_s` seconds.

    Statements' parameters never enter an exception: they hold account numbers. Raises BadDatabaseUrl.
    """
    address = database_url(url)
    common: dict[str, Any] = {"hide_parameters": True, "pool_size": CONNECTIONS, "max_overflow": 0}
    common["pool_timeout"] = limit_s
    if address.drivername.startswith("sqlite"):
        engine = create_engine(address, connect_args={"timeout": limit_s}, **common)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    milliseconds = max(1, round(limit_s * 1000))
    waits = {
        "connect_timeout": max(
            2, math.ceil(min(limit_s, CONNECT_LIMIT_S))
        ),  # libpq takes whole seconds and no less than two
        "tcp_user_timeout": milliseconds,
        "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds} -c timezone=UTC",
    }
    return create_engine(address, connect_args=waits, pool_pre_ping=True, **common)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy begins them, see _begin_sqlite
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_mode = WAL")
    # A reading that was announced as stored must survive a loss of power; NORMAL would not write it through.
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once where another wrote in between, whatever the
    # time limit is; one that will write asks for the lock at its start, and waits.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """Units of work on one database, from any thread.

    Every failure of the database (locked, gone, refused, too slow) leaves here as StoreUnavailable, with the
    transaction undone. Violated constraints (IntegrityError) are the caller's to handle.
    """

    def __init__(self, url: str, limit_s: float = 5.0) -> None:
        """limit_s: longest wait for a connection, a lock or a statement. Raises BadDatabaseUrl."""
        self.limit_s = limit_s
        self.engine = make_engine(url, limit_s)
        self._writer = self.engine.execution_options(writes=True)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # SQLite's own waiting is a sleep that grows and knows no order; among our threads a lock is fairer.
        self._turn = threading.Lock()

    @property
    def exists(self) -> bool:
        """Whether there is anything to open: an SQLite file that nobody made would be made empty by looking."""
        return not self.is_sqlite or Path(str(self.engine.url.database)).is_file()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads. Raises StoreUnavailable."""
        with _faults_named(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction, committed at the end, undone by any exception. Raises StoreUnavailable, IntegrityError."""
        with _faults_named(), self._waited_turn(), self._writer.begin() as connection:
            yield connection

    @contextmanager
    def several(self) -> Iterator[Connection]:
        """A connection of its own for several transactions (`connection.begin()`), closed at the end.

        The one that writes sets `connection.execution_options(writes=True)` before it begins. Raises StoreUnavailable,
        IntegrityError.
        """
        with _faults_named(), self.engine.connect() as connection:
            connection.detach()
            yield connection

    @contextmanager
    def _waited_turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._turn.acquire(timeout=self.limit_s):
            raise StoreUnavailable(StoreProblem.LOCKED)
        try:
            yield
        finally:
            self._turn.release()

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An INSERT that knows ON CONFLICT in the words of this database. Keep it: building costs more than running."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Close all connections that are not in use."""
        self.engine.dispose()


@contextmanager
def _faults_named() -> Iterator[None]:
    try:
        yield
    except (IntegrityError, DataError):
        raise  # a row that breaks a rule, not a database that is away
    except DBAPIError as error:
        raise StoreUnavailable(StoreProblem.DRIVER, _first_line(error.orig)) from error
    except (PoolTimeout, sqlite3.Error) as error:  # the latter from preparing a new connection
        raise StoreUnavailable(StoreProblem.DRIVER, _first_line(error)) from error


def _first_line(error: BaseException | None) -> str:
    # Only the first: PostgreSQL writes values of rows into the lines below.
    return next(iter(str(error).splitlines()), type(error).__name__)
