"""The pages as a process: beside the daemon, killed, with their port taken; and `ivr user`."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from ivr.cli import app
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.calls import call_statistics
from ivr.storage.database.database import Database
from ivr.storage.users import users as people
from ivr.web.server.serve import AT_ONCE
from tests.waiting import GROWTH, LIMIT_S, LONGEST_S, SHORTEST_S
from tests.web.stock import put


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="web-") as name:
        yield Path(name)


def configured(folder: Path, store_url: str, listen: str) -> Path:
    """A configuration without a speech model."""
    file = folder / "ivr.toml"
    file.write_text(
        f'[store]\nurl = "{store_url}"\n[line]\nsocket = "{folder}/s"\nspool = "{folder}/spool"\n'
        f'[speech]\nmodel = "none"\n[web]\nlisten = "{listen}"\n'
    )
    return file


@contextlib.contextmanager
def running(folder: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`ivr …` with its log in a file."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "-m", "ivr", *words], stdin=subprocess.DEVNULL, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait(LIMIT_S)


def told(folder: Path, text: str, times: int = 1) -> list[dict[str, Any]]:
    """The lines of the log with this text, once there are so many."""

    def lines() -> list[dict[str, Any]]:
        whole, _, _ = (folder / "log").read_text().rpartition("\n")  # the rest is being written
        found = (json.loads(line) for line in whole.splitlines() if line.startswith("{"))
        return [line for line in found if line["text"] == text]

    eventually(lambda: len(lines()) >= times, text)
    return lines()


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Wait until it holds; who waits too long is told what never came true."""
    deadline, pause = time.monotonic() + LIMIT_S, SHORTEST_S
    while not holds():
        assert time.monotonic() < deadline, f"within {LIMIT_S} s it never came true: {what}"
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_S)


def children(pid: int) -> list[int]:
    """Processes that a process started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def answers(address: str) -> bool:
    """Whether the pages are served there."""
    try:
        return httpx.get(f"{address}healthz", timeout=5, verify=False).status_code == 200  # no certificates are read
    except httpx.TransportError:
        return False


def test_beside_the_daemon_killed_and_ended_with_it(folder: Path, store_url: str) -> None:
    config = configured(folder, store_url, "127.0.0.1:0")
    with running(folder, "serve", "--config", str(config)) as daemon:
        told(folder, "answering calls")
        first = told(folder, "the pages are served")[0]["path"]
        eventually(lambda: answers(first), "the pages answer")
        (child,) = children(daemon.pid)
        os.kill(child, signal.SIGKILL)
        told(folder, "the pages ended and are started again; calls go on")
        second = told(folder, "the pages are served", times=2)[1]["path"]
        eventually(lambda: answers(second), "the pages answer again")
        daemon.terminate()
        assert daemon.wait(LIMIT_S) == 0
        assert not answers(second)


def test_the_pages_end_when_the_daemon_is_killed(folder: Path, store_url: str) -> None:
    config = configured(folder, store_url, "127.0.0.1:0")
    with running(folder, "serve", "--config", str(config)) as daemon:
        address = told(folder, "the pages are served")[0]["path"]
        eventually(lambda: answers(address), "the pages answer")
        daemon.kill()
        eventually(lambda: not answers(address), "the pages end")


def test_with_the_port_taken_calls_go_on(folder: Path, store_url: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        config = configured(folder, store_url, f"127.0.0.1:{taken.getsockname()[1]}")
        with running(folder, "serve", "--config", str(config)) as daemon:
            told(folder, "answering calls")
            line = told(folder, "the pages' address cannot be opened; calls go on")[0]
            assert "in use" in line["reason"]
            told(folder, "the pages ended and are started again; calls go on", times=2)
            daemon.terminate()
            assert daemon.wait(LIMIT_S) == 0


def test_no_pages_where_they_are_off(folder: Path, store_url: str) -> None:
    config = configured(folder, store_url, "")
    with running(folder, "serve", "--config", str(config)) as daemon:
        told(folder, "answering calls")
        assert children(daemon.pid) == []
    alone = subprocess.run(
        [sys.executable, "-m", "ivr", "web", "--config", str(config)], capture_output=True, text=True
    )
    assert (alone.returncode, alone.stderr) == (2, "ivr web: web.listen is empty: no pages\n")


def test_silent_connections_shut_the_pages_for_seconds_only(folder: Path, store_url: str) -> None:
    config = configured(folder, store_url, "127.0.0.1:0")
    with running(folder, "web", "--config", str(config)), contextlib.ExitStack() as silent:
        address = told(folder, "the pages are served")[0]["path"]
        eventually(lambda: answers(address), "the pages answer")
        host, port = httpx.URL(address).host, httpx.URL(address).port
        for _ in range(AT_ONCE):
            silent.enter_context(socket.create_connection((host, port), timeout=LIMIT_S))
        eventually(lambda: answers(address), "the pages answer again, though nobody hung up")


def test_reports_are_counted_before_somebody_asks(folder: Path, store_url: str) -> None:
    database = Database(store_url)
    at = datetime.now(UTC) - timedelta(days=10)
    put(database, tables.Call, id="a", started_at=at, ended_at=at, outcome="stored")
    assert len(call_statistics.uncounted(database, datetime.now(UTC))) > 9 * 24
    config = configured(folder, store_url, "127.0.0.1:0")
    now = datetime.now(UTC)  # hours that end while they are counted are not asked for
    with running(folder, "web", "--config", str(config)) as process:
        told(folder, "hours of the reports are counted ahead")
        process.terminate()
        assert process.wait(LIMIT_S) == 0
    found = call_statistics.figures(database, now - timedelta(days=11), now, now, budget_s=0)
    database.close()
    assert (found.left_out, found.of(call_statistics.CALLS)) == (0, {"stored": 1})


def test_people_by_command(folder: Path, store_url: str) -> None:
    config = configured(folder, store_url, "")

    def run(*words: str, given: str = "") -> tuple[int, str]:
        done = CliRunner().invoke(app, ["user", *words, "--config", str(config)], input=given)
        return done.exit_code, " ".join(done.output.replace("│", " ").split())

    assert run("add", "anna", "--role", "clerk", given="верный конь 42\n") == (0, "user anna: clerk")
    assert run("add", "anna", "--role", "clerk", given="верный конь 42\n")[0] == 1
    assert run("add", "boris", "--role", "clerk", given="short\n")[0] == 2
    code, text = run("add", "boris", "--role", "voice", "--generate")
    assert code == 0 and len(text.removeprefix("user boris: voice, password ")) == 19
    code, text = run("pin", "boris", given="280417\n")
    assert code == 0 and re.fullmatch(r"user boris: new PIN, number \d+", text)
    assert run("role", "anna", "--role", "viewer") == (0, "user anna: viewer")
    assert run("passwd", "anna", given="новый длинный пароль\n") == (0, "user anna: new password")
    assert run("disable", "anna") == (0, "user anna: may not enter any more")
    assert run("disable", "administrator")[0] == 1
    assert run("role", "administrator", "--role", "clerk")[0] == 1
    assert run("passwd", "nobody", "--generate")[0] == 1
    assert "boris" in run("list")[1]
    database = Database(store_url)
    anna, boris = people.find(database, "anna"), people.find(database, "boris")
    database.close()
    assert (anna.role, anna.active, boris.can_record) == (Role.VIEWER, False, True)


def test_behind_a_proxy_only_a_trusted_one_is_believed(folder: Path, store_url: str) -> None:
    for proxies, header in (("[]", None), ('["127.0.0.1"]', "max-age=31536000")):
        config = configured(folder, store_url, "127.0.0.1:0")
        config.write_text(config.read_text() + f"proxies = {proxies}\n")
        (folder / "log").unlink(missing_ok=True)
        with running(folder, "web", "--config", str(config)) as process:
            address = told(folder, "the pages are served")[0]["path"]
            answer = httpx.get(f"{address}login", headers={"X-Forwarded-Proto": "https"}, timeout=LIMIT_S)
            assert answer.headers.get("strict-transport-security") == header
            cookies = answer.headers["set-cookie"]
            assert ("Secure" in cookies, "__Host-" in cookies) == (header is not None, header is not None)
            process.terminate()
            assert process.wait(LIMIT_S) == 0
