"""Many callers report from one district: what the next one hears, what clerks see and take back; real Asterisk."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from typer.testing import CliRunner

from ivr.cli import app
from ivr.storage.outages import views as outages_seen
from ivr.telephony.manager.ami import connected
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.scripted_call import Robot
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import MANY_OF_ONE_DISTRICT
from tests.asterisk.callbacks import forgotten, standing
from tests.asterisk.conftest import ringing
from tests.asterisk.district import REPORTS, ring
from tests.lab.phone import waiting_callers
from tests.waiting import until

LIMIT_S = 90
CALLS = 20
"""So many callers, one after the other, for what the daemon notices within seconds."""


@pytest.fixture(scope="module")
def running(lab: Lab) -> Iterator[System]:
    """A daemon that follows the queues; more than one caller who waits makes the greeting short."""
    with standing(lab, MANY_OF_ONE_DISTRICT, surge={"waiting": 1}) as system:
        yield system


@pytest.fixture
async def system(running: System) -> AsyncIterator[System]:
    """The daemon of the module; nobody has reported anything."""
    yield running
    await forgotten(running)


def clerk(system: System, *words: str) -> str:
    """What a command of a clerk's prints."""
    done = CliRunner().invoke(app, [*words, "--config", str(system.config_file)])
    assert done.exit_code == 0, done.output
    return done.stdout


def board(system: System) -> str:
    """What the board shows; a process of its own, since it minds signals."""
    command = [sys.executable, "-m", "ivr", "hotline", "board", "--once", "--config", str(system.config_file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    return done.stdout


def suspected(system: System) -> list[tuple[str, int]]:
    """State and reports of the outages that go on."""
    database = system.open_database()
    try:
        return [(one.outage.state, one.reports) for one in outages_seen.listed(database)]
    finally:
        database.close()


async def test_six_reports_and_the_next_caller_hears_of_it_first(lab: Lab, system: System) -> None:
    async with ringing(system) as robot:
        await asyncio.gather(*(ring(robot, caller, REPORTS, "hotline", "report/number") for caller in range(1, 7)))
        await until(lambda: suspected(system) == [("suspected", 6)])
        state = lab.state
        assert state is not None
        async with connected(state.ami_port, "ivr-screen", state.ami_secret) as ami:
            with ami.events("UserEvent") as events:
                first = ["outage/suspected", "outage/choices", "hotline/connecting"]
                chooses = [{"hears": "outage/choices", "timeout": 40, "keys": "3"}]
                hangs_up = [{"hears": "identify/confirm", "timeout": 40, "hangs_up": True}]
                result, _ = await asyncio.gather(
                    ring(robot, 7, chooses, "hotline", *first),
                    ring(robot, 8, hangs_up, "nothing", "greeting/welcome"),
                )
                event = await events.next(LIMIT_S)
        # First of all; where the store is slow, right behind the welcome (dialogue/identify.py).
        behind = result.heard.index("fixed/greeting") + 1
        assert "outage/suspected" in result.heard[behind : behind + 2]
        assert event["UserEvent"] == "IvrCall"
        told = [event[name] for name in ("Queue", "Account", "Confirmed", "Outage", "Told", "District")]
        assert told == ["hotline", "1000000007", "no", "1", "suspected", "Север"]

        shown = await asyncio.to_thread(board, system)
        assert "outage 1 is suspected: ivr outage confirm 1   or   ivr outage end 1 --withdrawn" in shown
        await asyncio.to_thread(clerk, system, "outage", "confirm", "1", "--cause", "line")
        known = [{"hears": "outage/choices", "timeout": 40, "hangs_up": True}]
        await ring(robot, 7, known, "nothing", "greeting/welcome", "outage/known", "outage/no-end")
        await asyncio.to_thread(clerk, system, "outage", "end", "1", "--withdrawn")
        result = await ring(robot, 7, hangs_up, "nothing", "greeting/welcome")
        assert not [prompt for prompt in result.heard if prompt.startswith("outage/")]
    assert suspected(system) == [], "the same reports open no other"


async def is_greeted(robot: Robot, greeting: str) -> bool:
    """Whether a caller hears this greeting; they hang up at the question behind it."""
    result = await ring(robot, 8, [{"hears": "identify/confirm"}, {"hangs_up": True}], "nothing")
    return greeting in result.heard


async def becomes(robot: Robot, greeting: str) -> None:
    """Ring until callers are greeted so."""
    for _ in range(CALLS):
        if await is_greeted(robot, greeting):
            return
    pytest.fail(f"after {CALLS} calls nobody is greeted with {greeting}")


async def test_while_callers_wait_the_greeting_is_short_unless_a_clerk_says_otherwise(lab: Lab, system: System) -> None:
    async with ringing(system) as robot:
        assert await is_greeted(robot, "greeting/welcome")
        async with waiting_callers(lab, 2):
            await becomes(robot, "greeting/short")
            await asyncio.to_thread(clerk, system, "hotline", "greeting", "full")
            await becomes(robot, "greeting/welcome")
            await asyncio.to_thread(clerk, system, "hotline", "greeting", "auto")
            await becomes(robot, "greeting/short")
        await becomes(robot, "greeting/welcome")
        await asyncio.to_thread(clerk, system, "hotline", "greeting", "short")
        await becomes(robot, "greeting/short")
