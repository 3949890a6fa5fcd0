"""A PostgreSQL of Debian's package for the tests: own folder, own Unix socket, no network, no fsync."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

START_LIMIT_S = 60.0


def newest_programs() -> Path:
    """Folder of the newest installed PostgreSQL's programs; Debian keeps them off PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    assert found, "PostgreSQL is not installed: apt-get install postgresql"
    return found[-1].parent


class PostgresServer:
    """A running server; databases in it are made from SQL names given here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def url(self, database: str) -> str:
        """URL of one of its databases."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def run(self, statement: str) -> None:
        """Run one statement as its administrator."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


def _as_postgres(*command: str) -> list[str]:
    if os.geteuid() != 0:
        return list(command)
    # PostgreSQL refuses to run as root. --pdeathsig: a killed test run leaves no server behind.
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=QUIT"]
    return [*drop, *command]


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """Start a server in a new folder and stop it at the end."""
    # The path of a Unix socket has at most 107 bytes, so the folder is not pytest's.
    folder = Path(tempfile.mkdtemp(prefix="ivr-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    programs, data = newest_programs(), folder / "data"
    initdb = [str(programs / "initdb"), "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8"]
    subprocess.run(
        _as_postgres(*initdb, "--locale=C.UTF-8", "-D", str(data)),
        check=True, capture_output=True, timeout=START_LIMIT_S, cwd=folder,
    )  # fmt: skip
    server = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            _as_postgres(*server, "-c", "fsync=off", "-c", "max_connections=200"), stdout=log, stderr=log, cwd=folder
        )
    try:
        found = PostgresServer(folder)
        _wait_until_it_answers(found, process)
        yield found
    finally:
        process.terminate()  # waits for sessions to end
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            process.send_signal(3)  # SIGQUIT: ends them
            process.wait(timeout=60)
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
