"""What only a real line shows of a visit by keys: hang-ups, hand-over, both sides heard. On the real Asterisk.

What is heard and stored in the calls of all scenario files is proven by `tests/dialogue/test_scenarios.py`.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.storage.calls.reader import CallReader
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.scenario import BadScenario, load, parse
from ivr.testbed.robot.scripted_call import Result
from ivr.testbed.robot.system import System
from tests.asterisk.conftest import ready, ringing
from tests.asterisk.steps import logged, patient, story

FOLDER = Path(__file__).parent / "scenarios"
ON_THE_LINE = (
    "day-and-night",
    "hang-up-1",
    "hang-up-5",
    "hang-up-6",
    "hotline-at-once",
    "hotline-from-greeting",
    "known-number",
    "operator",
    "speaks",
)
"""Rung at once. No caller is silent until the line loses patience: its limits are tested where time is virtual."""


async def ring_all(system: System) -> dict[str, Result]:
    async with ringing(system) as robot:
        results = await asyncio.gather(*(robot.ring(patient(load(FOLDER / f"{name}.toml"))) for name in ON_THE_LINE))
    return dict(zip(ON_THE_LINE, results, strict=True))


@pytest.fixture(scope="module")
def rung(lab: Lab) -> Iterator[tuple[System, dict[str, Result]]]:
    """The system after the scenarios were rung, and what came of each."""
    with ready(lab) as system:
        system.start_daemon()
        yield system, asyncio.run(ring_all(system))
        system.stop_daemon()


@pytest.mark.parametrize("name", ON_THE_LINE)
def test_scenario(rung: tuple[System, dict[str, Result]], name: str) -> None:
    result = rung[1][name]
    assert not result.faults, story(result)


def test_every_call_is_closed_in_the_journal(rung: tuple[System, dict[str, Result]]) -> None:
    system, results = rung
    database = system.open_database()
    follower = CallReader(database)
    for name, result in results.items():
        if result.call_id:  # zero in the first moment is the dialplan's own doing: no daemon, no journal
            call = follower.call(result.call_id)
            assert call is not None and call.outcome == result.outcome, name
    database.close()


def test_the_recording_holds_the_caller_left_and_the_menu_right(rung: tuple[System, dict[str, Result]]) -> None:
    caller, menu = sides(rung[1]["speaks"].recording)
    assert len(menu) > 15 * 8000
    assert max(menu) > 3000, "the menu is heard"
    assert max(caller) > 3000, "the caller speaks"
    quiet, _ = sides(rung[1]["day-and-night"].recording)
    assert max(quiet) < 100, "who only presses keys is silent"


def sides(recording: Path | None) -> tuple[list[int], list[int]]:
    """Samples of caller and menu."""
    assert recording is not None
    with wave.open(str(recording)) as stereo:
        assert (stereo.getnchannels(), stereo.getframerate(), stereo.getsampwidth()) == (2, 8000, 2)
        samples = memoryview(stereo.readframes(stereo.getnframes())).cast("h")
    return samples[::2].tolist(), samples[1::2].tolist()


def test_logs_name_no_account_and_no_caller(rung: tuple[System, dict[str, Result]]) -> None:
    log = logged(rung[0])
    assert "call ends" in log
    for secret in ("7916", "10000000", "12150", "12151"):
        assert secret not in log


async def test_what_cannot_be_said_is_told_and_nobody_rings(
    rung: tuple[System, dict[str, Result]], tmp_path: Path
) -> None:
    (tmp_path / "no-sound.wav").write_text("text, however it is called")
    scenario = parse({"title": "mute", "step": [{"wav": "no-sound.wav"}]}, tmp_path)
    async with ringing(rung[0]) as robot:
        with pytest.raises(BadScenario, match="mute: what the caller says cannot be made"):
            await robot.ring(scenario)
