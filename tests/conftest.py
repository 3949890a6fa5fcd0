"""What many tests need: a real PostgreSQL and a real Asterisk, each started when the first test asks for it."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from ivr.config import REPOSITORY
from ivr.lab.lab import Lab
from ivr.storage.migrations import upgrade
from tests.postgres.server import PostgresServer, running_server

_numbers = count(1)


@pytest.fixture(scope="module")
def processors() -> Iterator[None]:
    """For modules that need the processors, or take them: one after the other, whichever workers they run in."""
    with (Path(tempfile.gettempdir()) / "ivr-tests-processors").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


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
    server.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield server.url(name)
    server.run(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def lab_folder() -> Iterator[Path]:
    """A folder for a lab of one's own; whatever still runs in it is stopped afterwards."""
    yield from _lab_folder()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab that is up, with the published prompts."""
    for folder in _lab_folder():
        lab = Lab(folder)
        lab.up()
        yield lab


def _lab_folder() -> Iterator[Path]:
    (REPOSITORY / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="lab-", dir=REPOSITORY / "var"))
    yield folder
    Lab(folder).down()
    shutil.rmtree(folder)
