"""Databases for the tests: a real PostgreSQL, started when the first test asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from ivr.storage.migrations import upgrade
from tests.postgres.server import PostgresServer, running_server

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL with a database `upgraded` that holds the newest schema."""
    with running_server() as server:
        server.run("CREATE DATABASE upgraded")
        upgrade(server.url("upgraded"))
        yield server


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a new database without tables."""
    yield from _new_database(postgres_server, "template1")


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a new database with the newest schema."""
    yield from _new_database(postgres_server, "upgraded")


def _new_database(server: PostgresServer, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    server.run(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.url(name)
    server.run(f"DROP DATABASE {name} WITH (FORCE)")
