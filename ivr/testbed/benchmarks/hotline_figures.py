"""`ivr bench hotline`: runs its parts one after the other, each on a fresh system, and puts their figures together."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from ivr.config import Settings
from ivr.testbed.benchmarks import crowd, storm
from ivr.testbed.benchmarks.crowd import Crowd
from ivr.testbed.benchmarks.hotline import CallbackFigures, callbacks, first_rings
from ivr.testbed.benchmarks.storm import MOST_LAG_S, Held
from ivr.testbed.lab.lab import Lab
from ivr.testbed.lab.ports import Ports, blocks
from ivr.testbed.lab.state import LabState
from ivr.testbed.robot.system import System

RTP_PORTS, HIGHEST_PORT = 2_990, 32_767
"""Two ports a call, more than a lab has of its own; Asterisk passes over those that other labs hold."""

Bring = Callable[[Settings, Path], object]


class Aspect(StrEnum):
    """What is measured."""

    RING = "ring"
    CROWD = "crowd"
    BACK = "back"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Size:
    """How much is rung; see the options of the command."""

    calls: int
    callers: int
    callbacks: int
    people: int
    storm_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found; None and empty where a part was left out. machine: cores and load before it began."""

    machine: str
    rings_ms: tuple[float, ...] = ()
    crowd: Crowd | None = None
    backs: CallbackFigures | None = None
    storm: tuple[Held, ...] = ()

    @property
    def lost(self) -> int:
        """Callers of the crowd who were lost."""
        return self.crowd.lost if self.crowd is not None else 0

    @property
    def events_a_second(self) -> float:
        """The highest rate that the board followed."""
        return max((held.rate for held in self.storm if held.lag_s <= MOST_LAG_S), default=0.0)

    def rows(self) -> Iterator[tuple[str, str, str]]:
        """What, value, aim."""
        if self.rings_ms:
            p50, p95 = _p50_p95(self.rings_ms)
            yield "answer to the first ring at a person, 0 at once, ms", f"p50 {p50:.0f}, p95 {p95:.0f}", "p95 1500"
        if self.crowd is not None:
            yield "callers, and within what they came, s", f"{self.crowd.callers}, {self.crowd.seconds:.0f}", ""
            names = ("told", "queued", "with_person", "offered", "agreed", "message", "refused", "noticed", "lost")
            for name in names:
                yield f"  {name}", str(getattr(self.crowd, name)), "0" if name == "lost" else ""
        if self.backs is not None:
            kept = f"{self.backs.kept} of {self.backs.callbacks} in {self.backs.seconds:.0f} s"
            yield f"call-backs, {self.backs.people} people at work", kept, "all"
            yield "call-backs in a minute", f"{self.backs.a_minute:.0f}", ""
        if self.storm:
            yield "queue events in a second, board less than 1 s behind", f"{self.events_a_second:.0f}", ""

    def plain(self) -> Mapping[str, Any]:
        """As JSON has it."""
        found: dict[str, Any] = {"machine": self.machine}
        if self.rings_ms:
            p50, p95 = _p50_p95(self.rings_ms)
            found["first_ring_ms"] = {"n": len(self.rings_ms), "p50": p50, "p95": p95}
        if self.crowd is not None:
            found["crowd"] = asdict(self.crowd)
        if self.backs is not None:
            found["callbacks"] = {**asdict(self.backs), "a_minute": self.backs.a_minute}
        if self.storm:
            rates = [asdict(held) for held in self.storm]
            found["events"] = {"a_second": self.events_a_second, "rates": rates}
        return found


def measure(folder: Path, size: Size, aspects: tuple[Aspect, ...], bring: Bring) -> Figures:
    """Measure; everything that is started in `folder` is ended. bring: imports a file of accounts.

    Raises LabFault, SystemFault, AmiFault.
    """
    cores, load = os.cpu_count() or 1, os.getloadavg()[0]
    figures = Figures(f"{cores} cores, load before {load:.1f}")
    lab = Lab(folder / "lab")
    try:
        state = lab.up(_wide_blocks())
        if Aspect.RING in aspects:
            figures = replace(figures, rings_ms=asyncio.run(first_rings(state, size.calls)))
        if Aspect.CROWD in aspects:
            with _system(folder / "crowd", lab, state, size.people) as system:
                bring(system.settings, crowd.write_accounts(system.folder, size.callers))
                crowd.enter_outage(system)
                system.start_daemon()
                figures = replace(figures, crowd=asyncio.run(crowd.ring(system, state, size.callers)))
        if Aspect.BACK in aspects:
            with _system(folder / "back", lab, state, size.people) as system:
                system.start_daemon()
                figures = replace(figures, backs=asyncio.run(callbacks(system, state, size.callbacks, size.people)))
        if Aspect.EVENTS in aspects:
            figures = replace(figures, storm=asyncio.run(storm.rates(state, size.storm_s)))
    finally:
        lab.down()
    return figures


@contextmanager
def _system(folder: Path, lab: Lab, state: LabState, at_once: int) -> Iterator[System]:
    """A system whose daemon follows the queues and rings back; not started yet."""
    calls = {"dial": "Local/{phone}@lab-called/n", "quiet_from": 0, "quiet_to": 0, "at_once": at_once, "power": True}
    account = {"port": state.ami_port, "user": "ivr", "secret": state.ami_secret}
    system = System(folder, lab, changes={"ami": account, "callbacks": calls})
    system.prepare()
    try:
        yield system
    finally:
        system.kill_daemon()


def _wide_blocks() -> Iterator[Ports]:
    for block in blocks():
        last = block.rtp_first + RTP_PORTS
        if last <= HIGHEST_PORT:
            yield replace(block, rtp_last=last)


def _p50_p95(values: tuple[float, ...]) -> tuple[float, float]:
    return median(values), quantiles(values, n=100, method="inclusive")[94] if len(values) > 1 else values[0]
