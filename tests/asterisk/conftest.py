"""The whole system on a real Asterisk: lab, daemon and database, and a robot that rings it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ivr.config import REPOSITORY
from ivr.storage.calls.reader import CallReader
from ivr.studio.catalogue import load_catalogue
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.scripted_call import Robot, on_duty
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import ACCOUNTS, import_accounts

KEYS_ONLY: dict[str, dict[str, Any]] = {"speech": {"model": "none"}, "line": {"header_s": 30}}
"""Callers who press keys, at the line's own pace; a recogniser would take a second of a processor to start."""


@contextmanager
def ready(lab: Lab, accounts: Path = ACCOUNTS, **options: Any) -> Iterator[System]:
    """A system with accounts, those of accounts.csv by default; its daemon is not started yet. options: of `System`."""
    with tempfile.TemporaryDirectory(prefix="system-", dir=REPOSITORY / "var") as folder:
        system = System(Path(folder), lab, **{"changes": KEYS_ONLY, **options})
        system.prepare()
        import_accounts(system, accounts)
        try:
            yield system
        finally:
            system.kill_daemon()


@pytest.fixture
def system(lab: Lab) -> Iterator[System]:
    """A system with the accounts of accounts.csv; its daemon is not started yet."""
    with ready(lab) as system:
        yield system


@asynccontextmanager
async def ringing(system: System) -> AsyncIterator[Robot]:
    """Rings the system; the recordings lie in the system's folder."""
    state = system.lab.state
    assert state is not None
    sounds = system.settings.sounds
    catalogue = load_catalogue(sounds.folder / f"{sounds.voice}.toml")
    database = system.open_database()
    try:
        async with on_duty(state, CallReader(database), catalogue, system.folder / "recordings") as robot:
            yield robot
    finally:
        database.close()


@pytest.fixture
async def robot(system: System) -> AsyncIterator[Robot]:
    """Rings the system of the test."""
    async with ringing(system) as robot:
        yield robot
