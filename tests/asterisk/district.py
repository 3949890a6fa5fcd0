"""Callers of one district who report that they have no light, and others of it; their accounts are in surge.csv."""

from __future__ import annotations

from ivr.testbed.robot.scripted_call import Result, Robot
from tests.asterisk import steps
from tests.asterisk.steps import Steps

REPORTS: Steps = [
    {"hears": "identify/confirm", "keys": "1"},
    {"hears": "reading/ask", "keys": "12150"},
    {"hears": "reading/confirm", "keys": "1"},
    {"hears": "menu/else", "keys": "1"},
    {"hears": "menu/main", "keys": "3"},
    {"hears": "report/trouble", "keys": "2"},
]


async def ring(robot: Robot, caller: int, does: Steps, outcome: str, *heard: str) -> Result:
    """Ring from the number that ends with this digit; nothing that was expected is missing."""
    return await steps.ring(robot, does, {"outcome": outcome, "heard": list(heard)}, caller=f"+7916000000{caller}")
