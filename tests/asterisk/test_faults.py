"""What callers meet when a part fails, on the real Asterisk: a person, or readings that are not lost."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

from ivr.config import REPOSITORY
from ivr.lab.lab import Lab
from ivr.robot.ringing import Result, Robot
from ivr.robot.scenario import parse
from ivr.robot.system import System
from ivr.robot.timeline import Happening
from ivr.storage.following import Follower
from tests.asterisk.accounts import import_accounts, stored_for
from tests.asterisk.conftest import SHORT_WAITS, ringing
from tests.postgres.server import PostgresServer

Steps = list[dict[str, Any]]
Watcher = Callable[[Happening], None]

IDENTIFIED: Steps = [
    {"hears": "identify/ask"},
    {"keys": "1000000001"},
    {"hears": "identify/confirm"},
    {"keys": "1"},
]
GIVEN: Steps = [*IDENTIFIED, {"hears": "reading/ask"}, {"keys": "12150"}, {"hears": "reading/confirm"}]
STORED: Steps = [*GIVEN, {"keys": "1"}, {"hears": "reading/receipt"}]
EMERGENCY: Steps = [
    {"hears": "fixed/fallback"},
    {"keys": "1"},
    {"hears": "fixed/emergency-account"},
    {"keys": "1000000001#"},
    {"hears": "fixed/emergency-reading"},
    {"keys": "12150#"},
    {"hears": "fixed/emergency-more"},
    {"keys": "#"},
    {"hears": "fixed/emergency-correct", "timeout": 40},
    {"keys": "1"},
    {"hears": "fixed/emergency-saved"},
]


async def ring(robot: Robot, steps: Steps, expect: dict[str, Any], on_event: Watcher = lambda _: None) -> Result:
    scenario = parse({"title": "a fault", "from": "+79165550000", "step": steps, "expect": expect}, Path())
    result = await robot.ring(scenario, on_event)
    assert not result.faults, (result.faults, result.heard)
    return result


def when(prompt: str, act: Callable[[], None]) -> Watcher:
    """Watches a call, and acts as soon as a prompt begins."""

    def watch(happening: Happening) -> None:
        if happening.prompt == prompt:
            act()

    return watch


async def test_without_a_daemon_zero_reaches_the_hotline(system: System, robot: Robot) -> None:
    steps: Steps = [{"hears": "fixed/fallback"}, {"keys": "0"}]
    await ring(robot, steps, {"outcome": "hotline", "heard": ["fixed/greeting", "fixed/fallback"]})


async def test_without_a_daemon_a_silent_caller_reaches_the_hotline(system: System, robot: Robot) -> None:
    await ring(robot, [], {"outcome": "hotline", "heard": ["fixed/fallback", "fixed/fallback"]})


async def test_readings_left_without_a_daemon_are_taken_in_once(system: System, robot: Robot) -> None:
    await ring(robot, EMERGENCY, {"heard": ["fixed/emergency-saved"]})
    assert stored_for(system, "10000001") == []
    for _ in range(2):
        system.start_daemon()
        system.stop_daemon()
        (reading,) = stored_for(system, "10000001")
        assert (reading.value, reading.status, reading.reason) == (12150, "flagged", "emergency")


async def test_a_daemon_killed_in_the_middle_leaves_the_caller_the_hotline(system: System, robot: Robot) -> None:
    system.start_daemon()
    steps: Steps = [*GIVEN, {"hears": "fixed/fallback"}, {"keys": "0"}]
    expect = {"outcome": "hotline", "readings": [], "heard": ["reading/confirm", "fixed/fallback"]}
    await ring(robot, steps, expect, when("reading/confirm", system.kill_daemon))
    assert stored_for(system, "10000001") == []


async def test_a_daemon_killed_in_the_middle_leaves_emergency_mode(system: System, robot: Robot) -> None:
    system.start_daemon()
    result = await ring(robot, [*GIVEN, *EMERGENCY], {}, when("reading/confirm", system.kill_daemon))
    system.start_daemon()
    (reading,) = stored_for(system, "10000001")
    assert (reading.value, reading.status) == (12150, "flagged")
    call = Follower(system.open_database()).call(result.call_id)
    assert call is not None and call.outcome == "nothing", "the new daemon closes what the killed one left open"


async def test_a_stopping_daemon_lets_the_call_finish_and_takes_no_new_one(system: System, robot: Robot) -> None:
    system.start_daemon()
    finishing = ring(
        robot, STORED, {"outcome": "stored", "heard": ["reading/receipt"]}, when("reading/ask", system.begin_stop)
    )
    await finishing
    await ring(robot, [{"hears": "fixed/fallback"}, {"keys": "0"}], {"outcome": "hotline"})
    await asyncio.to_thread(system.await_stop)
    assert [reading.value for reading in stored_for(system, "10000001")] == [12150]


async def test_a_locked_database_is_told_and_nothing_is_claimed(system: System, robot: Robot) -> None:
    system.start_daemon()
    lock = sqlite3.connect(system.folder / "ivr.db", isolation_level=None, check_same_thread=False)

    def watch(happening: Happening) -> None:
        if happening.prompt == "reading/confirm":
            lock.execute("BEGIN IMMEDIATE")
        if "queue operator" in happening.text:
            lock.execute("ROLLBACK")  # the journal, which waited, now tells what the caller heard

    expect = {"outcome": "operator", "readings": [], "heard": ["reading/not-stored", "operator/connecting"]}
    result = await ring(robot, [*GIVEN, {"keys": "1"}], expect, watch)
    assert "reading/stored" not in result.heard
    lock.close()
    assert stored_for(system, "10000001") == []


async def test_a_database_that_is_gone_is_told_and_nothing_is_claimed(
    lab: Lab, postgres_server: PostgresServer, postgres_url: str
) -> None:
    name = make_url(postgres_url).database
    reached: list[str] = []

    def watch(happening: Happening) -> None:
        if happening.prompt == "reading/confirm":
            postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            postgres_server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        if "in the queue" in happening.text:
            reached.append(happening.text)
            postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    with tempfile.TemporaryDirectory(prefix="system-", dir=REPOSITORY / "var") as folder:
        system = System(Path(folder), lab, store_url=postgres_url, changes=SHORT_WAITS)
        system.prepare()
        import_accounts(system)
        system.start_daemon()
        async with ringing(system) as robot:
            expect = {"outcome": "operator", "readings": [], "heard": ["reading/not-stored", "operator/connecting"]}
            result = await ring(robot, [*GIVEN, {"keys": "1"}], expect, watch)
        assert reached and "reading/stored" not in result.heard
        assert stored_for(system, "10000001") == []
        system.stop_daemon()


async def test_bad_connections_disturb_no_call(system: System, robot: Robot) -> None:
    system.start_daemon()
    path = str(system.settings.line.socket)
    connections: list[socket.socket] = []

    def pester() -> None:
        for data in (b"", b"GET / HTTP/1.1\r\n\r\n", b"x" * 5_000_000, b"IVR-EAGI 1\n", b"IVR-EAGI 1\nx", None):
            connection = socket.socket(socket.AF_UNIX)
            connection.settimeout(2)
            connection.connect(path)
            connections.append(connection)
            if data is None:
                connection.close()
                continue
            with contextlib.suppress(OSError):  # the daemon hangs up on rubbish
                connection.sendall(data)

    await ring(
        robot,
        STORED,
        {"outcome": "stored", "readings": [{"meter": "10000001", "zone": "T1", "value": 12150}]},
        when("reading/ask", pester),
    )
    for connection in connections:
        connection.close()
    system.stop_daemon()
