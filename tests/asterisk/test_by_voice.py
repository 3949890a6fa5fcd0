"""Calls by voice on the real Asterisk: what only the real line can show. All other calls: tests/voice/test_calls.py.

Recorded speech over RTP, the shipped model, the real dialogue, and the limits that callers have.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.scenario import load, parse
from ivr.testbed.robot.scripted_call import Result
from ivr.testbed.robot.system import System
from ivr.testbed.robot.timeline import Happening
from tests.asterisk.accounts import import_accounts
from tests.asterisk.conftest import ringing
from tests.asterisk.steps import logged, patient, story
from tests.voice.echoes import GAP_MS, echo_of_the_last_reading, over_the_last_reading, write_wav
from tests.voice.said import WAVS
from tests.waiting import until

VOICE = WAVS.parent
SCENARIOS = ("mixture-and-barge-in", "silent-phone", "key-wins")
ECHO = "echo-of-the-prompt"
BUSY_MACHINE = {"result": 5, "speakers": 20}
"""The longest wait for a result that the settings allow; and nobody uses keys since a busy processor was measured."""


async def ring_all(system: System) -> dict[str, Result]:
    write_wav(system.folder / "echo.wav", echo_of_the_last_reading())
    scenarios = {name: load(VOICE / "scenarios" / f"{name}.toml") for name in SCENARIOS}
    scenarios[ECHO] = over_the_last_reading(ECHO, "echo.wav", system.folder)
    async with ringing(system) as robot:
        results = await asyncio.gather(*(robot.ring(patient(one)) for one in scenarios.values()))
        return dict(zip(scenarios, results, strict=True))


@pytest.fixture(scope="module")
def speaking(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The system with its recognisers; its daemon runs."""
    folder = tmp_path_factory.mktemp("voices")
    changes: dict[str, dict[str, Any]] = {
        "recordings": {"folder": str(folder / "kept")},
        "line": {"header_s": 30},
        "speech": BUSY_MACHINE,
    }
    system = System(folder, lab, changes=changes)
    system.prepare()
    import_accounts(system, VOICE / "accounts.csv")
    system.start_daemon()
    try:
        asyncio.run(until(lambda: "callers can speak" in logged(system)))
        yield system
        system.stop_daemon()
    finally:
        system.kill_daemon()


@pytest.fixture(scope="module")
def rung(speaking: System) -> dict[str, Result]:
    """What came of each scenario."""
    return asyncio.run(ring_all(speaking))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [*SCENARIOS, ECHO])
def test_scenario(rung: dict[str, Result], name: str) -> None:
    assert not rung[name].faults, story(rung[name])


def test_the_echo_of_the_prompt_is_no_failure(rung: dict[str, Result]) -> None:
    assert "common/not-understood" not in rung[ECHO].heard


def test_words_stop_the_prompt(rung: dict[str, Result]) -> None:
    heard = rung["mixture-and-barge-in"].heard
    assert "reading/ask" not in heard, "it would have followed the last reading"


async def test_logs_hold_no_words_and_no_numbers(speaking: System, rung: dict[str, Result]) -> None:
    await until(lambda: logged(speaking).count("call ends") == len(rung))
    log = logged(speaking)
    for secret in ("315072", "945203", "двенадцать", "12162"):
        assert secret not in log


def recognisers(system: System) -> list[int]:
    """Process ids of the daemon's recognisers."""
    children = Path(f"/proc/{system.daemon_pid}/task/{system.daemon_pid}/children").read_text(encoding="ascii")
    return [pid for pid in map(int, children.split()) if b"ivr.speech.worker" in _command(pid)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # it ended in between
        return b""


async def test_recognisers_killed_while_the_caller_speaks_cost_one_question(speaking: System) -> None:
    killed: list[int] = []

    def kill() -> None:
        for pid in recognisers(speaking):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)

    def watch(happening: Happening) -> None:
        if happening.text.startswith("plays ") and "fourteen-digits" in happening.text:  # it takes five seconds
            asyncio.get_running_loop().call_later(1.5, kill)

    steps: list[dict[str, Any]] = [
        {"hears": "identify/ask"},
        {"wav": "fourteen-digits.wav"},
        {"keys": "8064275139", "gap_ms": GAP_MS},
        {"hears": "identify/confirm"},
        {"keys": "1"},
        {"hears": "reading/ask"},
        {"keys": "12150", "gap_ms": GAP_MS},
        {"hears": "reading/confirm"},
        {"keys": "1"},
        {"hears": "reading/receipt"},
        {"hangs_up": True},
    ]
    readings = [{"meter": "20000006", "zone": "T1", "value": 12150}]
    expect: dict[str, Any] = {"outcome": "stored", "readings": readings, "heard": ["identify/confirm"]}
    async with ringing(speaking) as robot:
        scenario = parse({"title": "recognisers are killed", "step": steps, "expect": expect}, WAVS)
        result = await robot.ring(patient(scenario), watch)
        assert not result.faults, story(result)
        assert killed
        assert "common/not-understood" not in result.heard
        replaced = "a recogniser process ended and is replaced"
        await until(lambda: logged(speaking).count(replaced) == len(recognisers(speaking)) == len(killed))
        # The next caller is understood again.
        again = [{"hears": "identify/ask"}, {"wav": "operator.wav"}]
        expect = {"outcome": "operator", "readings": [], "heard": ["operator/connecting"]}
        scenario = parse({"title": "the next caller", "step": again, "expect": expect}, WAVS)
        result = await robot.ring(patient(scenario))
        assert not result.faults, story(result)
    assert not set(killed) & set(recognisers(speaking))
