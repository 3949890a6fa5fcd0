"""A PostgreSQL of Debian's package for the tests: own folder, own Unix socket, no network, no fsync.

A process of its own keeps it (`python -m tests.postgres.server FOLDER`), so that it starts while others work. It ends,
and its folder with it, when the pipe to that process is closed: also when the run of the tests was killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from ivr.config import REPOSITORY
from ivr.storage.migrations import upgrade

START_LIMIT_S = 120.0
TEMPLATE = "upgraded"
"""The database with the newest schema; nobody is connected to it, so that others can be made from it."""
TERMINATE = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
EMPTY = """
DO $$ DECLARE name text; BEGIN
    SET LOCAL session_replication_role = replica;  -- foreign keys are not looked at: all rows go
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
    PERFORM setval(format('%I', sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""
"""DELETE, since TRUNCATE makes a new file for each table and index: 5 ms instead of 250."""


def newest_programs() -> Path:
    """Folder of the newest installed PostgreSQL's programs; Debian keeps them off PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    assert found, "PostgreSQL is not installed: apt-get install postgresql"
    return found[-1].parent


class PostgresServer:
    """A server that runs, or begins to; databases in it are made from SQL names given here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def is_ready(self) -> Path:
        """A file that is there as soon as the server answers and its template is made."""
        return self.folder / "ready"

    def wait(self) -> PostgresServer:
        """Wait until it is ready."""
        end = time.monotonic() + START_LIMIT_S
        while not self.is_ready.exists():
            assert self.folder.exists(), "PostgreSQL did not start: its fault is in the output of the tests' run"
            assert time.monotonic() < end, f"PostgreSQL is not ready after {START_LIMIT_S:.0f} s"
            time.sleep(0.02)
        return self

    def url(self, database: str) -> str:
        """URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def run(self, statement: str) -> None:
        """Run one statement as its administrator."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def make(self, database: str, template: str = TEMPLATE) -> str:
        """A new database; its URL."""
        self.run(f"CREATE DATABASE {database} TEMPLATE {template} STRATEGY file_copy")
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.run(f"DROP DATABASE {database} WITH (FORCE)")

    def empty(self, database: str) -> str:
        """End the sessions that killed programs left, and leave the database as it was made; its URL."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(TERMINATE)
            connection.execute(EMPTY)
        return self.url(database)


@contextmanager
def starting_server() -> Iterator[PostgresServer]:
    """A server in a new folder; it starts meanwhile (`wait`), and is stopped at the end."""
    # The path of a Unix socket has at most 107 bytes, so the folder is not pytest's.
    folder = Path(tempfile.mkdtemp(prefix="ivr-pg-"))
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.postgres.server", str(folder)],
        stdin=subprocess.PIPE, cwd=REPOSITORY, start_new_session=True,
    )  # fmt: skip
    try:
        yield PostgresServer(folder)
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        keeper.wait(timeout=90)


def _as_postgres(*command: str) -> list[str]:
    if os.geteuid() != 0:
        return list(command)
    # PostgreSQL refuses to run as root. --pdeathsig: it does not outlive its keeper.
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=QUIT"]
    return [*drop, *command]


def _keep(folder: Path) -> None:
    """Run a server in a folder until standard input is closed; then remove the folder."""
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        programs, data = newest_programs(), folder / "data"
        initdb = [str(programs / "initdb"), "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"]
        subprocess.run(
            _as_postgres(*initdb, "--locale=C.UTF-8", "-D", str(data)),
            check=True, stdout=subprocess.DEVNULL, timeout=START_LIMIT_S, cwd=folder,
        )  # fmt: skip
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                _as_postgres(*command, "-c", "fsync=off", "-c", "max_connections=200"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
            )  # fmt: skip
        try:
            server = PostgresServer(folder)
            _wait_until_it_answers(server, process)
            server.run(f"CREATE DATABASE {TEMPLATE}")
            upgrade(server.url(TEMPLATE))
            server.is_ready.touch()
            sys.stdin.buffer.read()
        finally:
            process.send_signal(signal.SIGQUIT)  # ends sessions without waiting for them
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder)


def _wait_until_it_answers(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_LIMIT_S
    while True:
        try:
            server.run("SELECT 1")
            return
        except psycopg.OperationalError:
            assert process.poll() is None and time.monotonic() < end, (server.folder / "log").read_text()
            time.sleep(0.02)


if __name__ == "__main__":
    _keep(Path(sys.argv[1]))
