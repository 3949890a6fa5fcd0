"""A daemon that is down, killed or stopping: a person, or readings that are not lost. On the real Asterisk.

Without a daemon the dialplan is alone: that is tested in tests/lab/test_dialplan.py.
"""

from __future__ import annotations

import asyncio
from contextlib import closing

from ivr.storage.calls.reader import CallReader
from ivr.testbed.robot.scripted_call import Robot
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import stored_for
from tests.asterisk.steps import EMERGENCY, GIVEN, STORED, Steps, ring, when

KILLED_S = 0.1
"""A journal without a daemon closes no call, however long one waits."""


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
    await ring(robot, steps, expect, when("reading/confirm", system.kill_daemon), closed_s=KILLED_S)
    assert stored_for(system, "10000001") == []


async def test_a_daemon_killed_in_the_middle_leaves_emergency_mode(system: System, robot: Robot) -> None:
    system.start_daemon()
    kill = when("reading/confirm", system.kill_daemon)
    result = await ring(robot, [*GIVEN, *EMERGENCY], {}, kill, closed_s=KILLED_S)
    system.start_daemon()
    (reading,) = stored_for(system, "10000001")
    assert (reading.value, reading.status) == (12150, "flagged")
    with closing(system.open_database()) as database:
        call = CallReader(database).call(result.call_id)
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
