"""The whole system on a real Asterisk: lab, daemon and database, and a robot that rings it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ivr.config import REPOSITORY
from ivr.lab.lab import Lab
from ivr.robot.ringing import Robot, on_duty
from ivr.robot.system import System
from ivr.storage.following import Follower
from ivr.studio.catalogue import load_catalogue
from tests.asterisk.accounts import import_accounts

# Short waits: what is tested is that they end, not how long they are.
# One recogniser: callers here press keys, and each one that starts costs over a second of a processor.
SHORT_WAITS: dict[str, dict[str, Any]] = {
    "waits": {"no_input": 3, "no_input_stumbled": 4, "no_input_look": 5, "inter_digit": 2.5},
    "speech": {"workers": 1},
    "line": {"header_s": 30},
}


@pytest.fixture
def system(lab: Lab) -> Iterator[System]:
    """A system with the accounts of accounts.csv; its daemon is not started yet."""
    with tempfile.TemporaryDirectory(prefix="system-", dir=REPOSITORY / "var") as folder:
        system = System(Path(folder), lab, changes=SHORT_WAITS)
        system.prepare()
        import_accounts(system)
        yield system
        system.kill_daemon()


@asynccontextmanager
async def ringing(system: System) -> AsyncIterator[Robot]:
    """Rings the system; the recordings lie in the system's folder."""
    state = system.lab.state
    assert state is not None
    sounds = system.settings.sounds
    catalogue = load_catalogue(sounds.folder / f"{sounds.voice}.toml")
    database = system.open_database()
    try:
        async with on_duty(state, Follower(database), catalogue, system.folder / "recordings") as robot:
            yield robot
    finally:
        database.close()


@pytest.fixture
async def robot(system: System) -> AsyncIterator[Robot]:
    """Rings the system of the test."""
    async with ringing(system) as robot:
        yield robot
