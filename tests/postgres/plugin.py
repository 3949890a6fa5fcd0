"""One PostgreSQL for a whole run of the tests, one database in it for each worker, emptied before each test.

Side by side, the process that hands out the tests starts it while the workers still collect them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from xdist.workermanage import WorkerController

from tests.postgres.server import PostgresServer, starting_server

FOLDER = "postgres_folder"
_servers = pytest.StashKey[ExitStack]()
_started = pytest.StashKey[PostgresServer]()
_numbers = count(1)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    stash = node.config.stash
    if _started not in stash:
        stash[_servers] = ExitStack()
        stash[_started] = stash[_servers].enter_context(starting_server())
    node.workerinput[FOLDER] = str(stash[_started].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _servers in config.stash:
        config.stash[_servers].close()


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[PostgresServer]:
    """The PostgreSQL of this run."""
    if hasattr(request.config, "workerinput"):
        yield PostgresServer(Path(request.config.workerinput[FOLDER])).wait()
    else:
        with starting_server() as server:
            yield server.wait()


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """A name that no other worker has."""
    return str(getattr(request.config, "workerinput", {"workerid": "alone"})["workerid"])


@pytest.fixture(scope="session")
def _database_of_the_worker(postgres_server: PostgresServer, worker: str) -> str:
    name = f"of_{worker}"
    postgres_server.make(name)
    return name


@pytest.fixture
def postgres_url(postgres_server: PostgresServer, _database_of_the_worker: str) -> str:
    """URL of a database with the newest schema and no row: this worker's, emptied."""
    return postgres_server.empty(_database_of_the_worker)


@pytest.fixture
def own_postgres_url(postgres_server: PostgresServer, worker: str) -> Iterator[str]:
    """URL of a new database with the newest schema, for tests that change the database itself."""
    name = f"{worker}_{next(_numbers)}"
    yield postgres_server.make(name)
    postgres_server.drop(name)


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer, worker: str) -> Iterator[str]:
    """URL of a new database without tables."""
    name = f"{worker}_{next(_numbers)}"
    yield postgres_server.make(name, "template1")
    postgres_server.drop(name)
