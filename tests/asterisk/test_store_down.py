"""A database that is locked or gone: the caller is told, and nothing is claimed. On the real Asterisk."""

from __future__ import annotations

import sqlite3

from sqlalchemy import make_url

from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.scripted_call import Robot
from ivr.testbed.robot.system import System
from ivr.testbed.robot.timeline import Happening
from tests.asterisk.accounts import stored_for
from tests.asterisk.conftest import KEYS_ONLY, ready, ringing
from tests.asterisk.steps import GIVEN, Steps, ring
from tests.postgres.server import PostgresServer


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
    lab: Lab, postgres_server: PostgresServer, own_postgres_url: str
) -> None:
    name = make_url(own_postgres_url).database
    reached: list[str] = []

    def watch(happening: Happening) -> None:
        if happening.prompt == "reading/confirm":
            postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            postgres_server.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        if "in the queue" in happening.text:
            reached.append(happening.text)
            postgres_server.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    with ready(lab, store_url=own_postgres_url) as system:
        system.start_daemon()
        async with ringing(system) as robot:
            expect = {"outcome": "operator", "readings": [], "heard": ["reading/not-stored", "operator/connecting"]}
            result = await ring(robot, [*GIVEN, {"keys": "1"}], expect, watch)
        assert reached and "reading/stored" not in result.heard
        assert stored_for(system, "10000001") == []


async def test_zero_reaches_the_hotline_while_the_database_hangs(lab: Lab, postgres_url: str) -> None:
    """The store's own limit outlasts the call: it is the key that ends the wait."""
    changes = {**KEYS_ONLY, "store": {"limit_s": 600.0}}
    with ready(lab, store_url=postgres_url, changes=changes) as system:
        system.start_daemon()
        database = system.open_database()
        try:
            with database.writing() as connection:
                connection.exec_driver_sql("LOCK TABLE account_phones IN ACCESS EXCLUSIVE MODE")
                async with ringing(system) as robot:
                    # The welcome takes less than seven seconds: two later only the database is waited for.
                    steps: Steps = [{"hears": "greeting/welcome"}, {"waits": 9.0}, {"keys": "0"}]
                    result = await ring(robot, steps, {"outcome": "hotline", "heard": ["hotline/connecting"]})
        finally:
            database.close()
    assert result.heard == ["fixed/greeting", "greeting/welcome", "hotline/connecting"]
