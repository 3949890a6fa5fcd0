"""A recogniser that is killed while a caller speaks, and a model that is no good: the line goes on by keys."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest

from ivr.config import REPOSITORY
from ivr.lab.lab import Lab
from ivr.robot.ringing import Robot
from ivr.robot.system import System
from ivr.robot.timeline import Happening
from tests.asterisk.accounts import import_accounts
from tests.asterisk.conftest import SHORT_WAITS, ringing
from tests.asterisk.steps import GIVEN, STORED, Steps, ring
from tests.waiting import until

MODEL = REPOSITORY / "speech_models" / "ru-phone"
LONG_NUMBER = "один два три четыре пять шесть семь восемь девять один два три четыре"
READING: dict[str, Any] = {"meter": "10000001", "zone": "T1", "value": 12150}


def recognisers(system: System) -> list[int]:
    """Process ids of the daemon's recognisers."""
    children = Path(f"/proc/{system.daemon_pid}/task/{system.daemon_pid}/children").read_text(encoding="ascii")
    return [pid for pid in map(int, children.split()) if b"ivr.speech.worker" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it ended in between
        return b""


async def test_recognisers_killed_while_the_caller_speaks_cost_one_question(system: System, robot: Robot) -> None:
    system.start_daemon()
    killed: list[int] = []

    def kill() -> None:
        for pid in recognisers(system):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    def watch(happening: Happening) -> None:
        if happening.text == f"says «{LONG_NUMBER}»":  # it takes longer than five seconds
            asyncio.get_running_loop().call_later(1.5, kill)

    steps: Steps = [{"hears": "identify/ask"}, {"says": LONG_NUMBER}, *STORED[1:]]
    expect = {"outcome": "stored", "readings": [READING], "heard": ["identify/confirm", "reading/stored"]}
    result = await ring(robot, steps, expect, watch)
    assert killed
    assert "common/not-understood" not in result.heard
    log = system.log_file.read_text(encoding="utf-8")
    assert log.count("a recogniser process ended and is replaced") == len(killed)
    # The next caller is understood again.
    again: Steps = [{"hears": "identify/ask"}, {"says": "оператор"}]
    await ring(robot, again, {"outcome": "operator", "readings": [], "heard": ["operator/connecting"]})
    assert len(recognisers(system)) == len(killed)
    assert not set(killed) & set(recognisers(system))
    system.stop_daemon()


@pytest.mark.parametrize("fault", ["missing", "damaged"])
async def test_a_model_that_is_no_good_leaves_the_keys(lab: Lab, fault: str) -> None:
    with tempfile.TemporaryDirectory(prefix="system-", dir=REPOSITORY / "var") as folder:
        model = Path(folder) / "model"
        if fault == "damaged":
            shutil.copytree(MODEL, model)
            with (model / "am" / "final.mdl").open("r+b") as network:
                network.truncate(5000)
        changes = {**SHORT_WAITS, "speech": {"model": str(model)}}
        system = System(Path(folder) / "system", lab, changes=changes)
        system.prepare()
        import_accounts(system)
        system.start_daemon()
        try:
            useless = "the speech model cannot be used; callers use keys only"
            await until(lambda: useless in system.log_file.read_text("utf-8"))
            async with ringing(system) as robot:
                steps: Steps = [{"hears": "identify/ask"}, *GIVEN[1:], {"says": "да"}, {"keys": "1"}]
                steps += [{"hears": "reading/receipt"}, {"hangs_up": True}]
                expect = {"outcome": "stored", "readings": [READING], "heard": ["identify/ask", "reading/stored"]}
                result = await ring(robot, steps, expect)
            asked = next(it.text for it in result.happenings if it.prompt == "identify/ask")
            assert "на клавишах" in asked and "азовите" not in asked
            system.stop_daemon()
        finally:
            system.kill_daemon()
