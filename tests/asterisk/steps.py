"""Steps that callers of several tests take, and how they are rung."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from ivr.testbed.robot.scenario import Hears, Presses, Scenario, Step, parse
from ivr.testbed.robot.scripted_call import CLOSED_S, Result, Robot
from ivr.testbed.robot.system import System
from ivr.testbed.robot.timeline import Happening
from tests.lab.phone import HEARS_S
from tests.voice.echoes import GAP_MS

Steps = list[dict[str, Any]]
Watcher = Callable[[Happening], None]

IDENTIFIED: Steps = [
    {"hears": "greeting/welcome"},  # who knows the line types at once
    {"keys": "1000000001"},
    {"hears": "identify/confirm"},
    {"keys": "1"},
]
GIVEN: Steps = [*IDENTIFIED, {"hears": "reading/ask"}, {"keys": "12150"}, {"hears": "reading/confirm"}]
STORED: Steps = [
    *GIVEN,
    {"keys": "1"},
    {"hears": "reading/receipt"},
    {"hears": "menu/else"},
    {"keys": "2"},
    {"hears": "common/goodbye"},
    {"hangs_up": True},
]
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


async def ring(
    robot: Robot,
    steps: Steps,
    expect: dict[str, Any],
    on_event: Watcher = lambda _: None,
    *,
    caller: str = "+79165550000",
    closed_s: float = CLOSED_S,
) -> Result:
    """Nothing that was expected is missing. closed_s: as for `Robot.ring`."""
    scenario = parse({"title": "a call", "from": caller, "step": steps, "expect": expect}, Path())
    result = await robot.ring(patient(scenario), on_event, closed_s=closed_s)
    assert not result.faults, story(result)
    return result


def patient(scenario: Scenario) -> Scenario:
    """The same caller, who waits for each prompt as long as a busy machine may need, and presses keys slowly.

    Asterisk drops a key that ends between two commands of a daemon that is late.
    """

    def slower(step: Step) -> Step:
        match step:
            case Hears(_, timeout):
                return replace(step, timeout=max(timeout, HEARS_S))
            case Presses(_, gap_ms):
                return replace(step, gap_ms=max(gap_ms, GAP_MS))
        return step

    return replace(scenario, steps=tuple(map(slower, scenario.steps)))


def story(result: Result) -> str:
    """What went wrong in a call, and all that happened in it, a line each: lists are cut where a test fails."""
    told = [f"{it.at:.1f} {it.who} {it.prompt or it.text}" for it in result.happenings]
    return "\n".join([*result.faults, *told])


def when(prompt: str, act: Callable[[], None]) -> Watcher:
    """Watches a call, and acts as soon as a prompt begins."""

    def watch(happening: Happening) -> None:
        if happening.prompt == prompt:
            act()

    return watch


def logged(system: System) -> str:
    """The daemon's log without the ids of calls: 32 random digits in base 16 that may look like anybody's number."""
    return re.sub(r"\b[0-9a-f]{32}\b", "", system.log_file.read_text(encoding="utf-8"))
