"""Calls by voice on the real Asterisk: synthesised speech over RTP, the shipped model, the real dialogue."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.lab.lab import Lab
from ivr.robot.ringing import Result
from ivr.robot.scenario import load
from ivr.robot.system import System
from tests.asterisk.accounts import import_accounts
from tests.asterisk.conftest import ringing

SCENARIOS = sorted((Path(__file__).parent / "by_voice").glob("*.toml"))


async def ring_all(system: System) -> dict[str, Result]:
    async with ringing(system) as robot:
        return {file.stem: await robot.ring(load(file)) for file in SCENARIOS}


@pytest.fixture(scope="module")
def rung(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, dict[str, Result]]]:
    """The system after the scenarios were rung one after the other, and what came of each."""
    system = System(tmp_path_factory.mktemp("voices"), lab)
    system.prepare()
    import_accounts(system)
    system.start_daemon()
    try:
        yield system, asyncio.run(ring_all(system))
        system.stop_daemon()
    finally:
        system.kill_daemon()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [file.stem for file in SCENARIOS])
def test_scenario(rung: tuple[System, dict[str, Result]], name: str) -> None:
    result = rung[1][name]
    assert not result.faults, [f"{it.at:.1f} {it.who} {it.prompt or it.text}" for it in result.happenings]
