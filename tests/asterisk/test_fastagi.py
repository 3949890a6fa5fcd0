"""A daemon on another machine, reached by FastAGI from the same dialplan. On the real Asterisk."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.conftest import KEYS_ONLY, ready, ringing
from tests.asterisk.steps import STORED, Steps, ring


@pytest.fixture
def elsewhere(lab_folder: Path) -> Iterator[System]:
    """A system whose Asterisk knows the daemon only by FastAGI."""
    lab = Lab(lab_folder)
    port = lab.up().rtp_first  # UDP is the lab's there; TCP of the same number is nobody's
    with ready(lab, changes={**KEYS_ONLY, "line": {"fastagi": f"127.0.0.1:{port}"}}) as system:
        lab.command(f"dialplan set global IVR_FASTAGI agi://127.0.0.1:{port}")
        yield system


async def test_a_reading_is_stored_and_a_daemon_that_is_down_leaves_the_fallback(elsewhere: System) -> None:
    elsewhere.start_daemon()
    async with ringing(elsewhere) as robot:
        readings = [{"meter": "10000001", "zone": "T1", "value": 12150}]
        await ring(robot, STORED, {"outcome": "stored", "readings": readings})
        elsewhere.stop_daemon()
        steps: Steps = [{"hears": "fixed/fallback"}, {"keys": "0"}]
        await ring(robot, steps, {"outcome": "hotline"})
