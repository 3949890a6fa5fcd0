"""How fast recognition is on this machine, and how many callers it serves, the line's way and the usual way."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from statistics import mean
from typing import TypeVar

from ivr.speech.engine import Engine
from ivr.testbed.speech_load import costs
from ivr.testbed.speech_load.callers import (
    ALLOWED_MS,
    Answers,
    NotMeasured,
    a_crowd,
    in_the_usual_way,
    on_the_line,
    processor_s,
)
from ivr.testbed.speech_load.costs import Costs
from ivr.testbed.speech_sets.knowledge import Scattered
from ivr.testbed.speech_sets.sets import SpeechSet
from ivr.testbed.speech_sets.streams import Stream, streams

T = TypeVar("T")

UNLIMITED = 10_000
CROWD = 100
"""Callers who speak at once, more than most machines bear."""
FEWEST_STREAMS = 4
CALM = 0.2
"""Share of the raw capacity that is used while it is found out which utterances are understood without load."""
WARM_UP_S = 2.0


class Effort(Enum):
    """How long is measured: one number of callers, the bare loop, and how near the number found must be."""

    FULL = (12.0, 10.0, 0.1)
    QUICK = (6.0, 4.0, 0.25)

    def __init__(self, step_s: float, raw_s: float, precision: float) -> None:
        self.step_s, self.raw_s, self.precision = step_s, raw_s, precision


@dataclass(frozen=True, slots=True)
class Speed:
    """All figures of one run.

    calm: one caller after the other. raw: callers that a bare loop a core would keep up with, all audio decoded, with
    the routines that the line uses. raw_cost: its processor time for a second of audio.
    line, usual: the most callers whose p95 stays under half a second, and what they got. crowd: what a hundred got
    who spoke at once, with the bounds that the line has.
    """

    processors: int
    processor: str
    load_before: float
    costs: Costs
    calm: Answers
    raw: float
    raw_cost: float
    line: Answers
    usual: Answers
    crowd: Answers

    @property
    def share_of_raw_cost(self) -> float:
        """The same by processor time, which other work on the machine does not change so much."""
        return self.raw_cost / self.calm.cost

    @property
    def share_of_raw(self) -> float:
        """Callers served by the line for each that a bare loop could hear."""
        return self.line.callers / self.raw

    def plain(self) -> dict[str, object]:
        """For JSON."""
        told = {
            name: {**asdict(one), "p50_ms": one.p50_ms, "p95_ms": one.p95_ms, "cost": one.cost}
            for name, one in self._answers()
        }
        for one in told.values():
            one["answers"] = len(one.pop("waits_ms"))
        return {
            "processors": self.processors,
            "processor": self.processor,
            "load_before": self.load_before,
            "costs": asdict(self.costs),
            "raw_callers": self.raw,
            "share_of_raw": self.share_of_raw,
            "raw_cost": self.raw_cost,
            "share_of_raw_cost": self.share_of_raw_cost,
            **told,
        }

    def _answers(self) -> list[tuple[str, Answers]]:
        return [("calm", self.calm), ("line", self.line), ("usual", self.usual), ("crowd", self.crowd)]


async def measure(
    model: Path, accounts: SpeechSet, other: SpeechSet, seed: int, effort: Effort, told: Callable[[str], None]
) -> Speed:
    """Everything about speed, with the account numbers of one set. Raises BadModel, NotMeasured."""
    load_before = os.getloadavg()[0]
    said = streams(accounts.items, seed)
    known = Scattered.with_numbers([stream.value for stream in said], seed)
    processors = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(processors, multiprocessing.get_context("spawn")) as pool:
        speech = [item.pcm for item in accounts.items[:24]]
        strange = [item.pcm for item in other.items[:12]]
        spent = await _aside(pool, costs.measure, model, speech, strange)
        told(f"a question costs {spent.rtf_question:.4f} of real time")
        start_at = time.time() + WARM_UP_S
        audio = [stream.pcm for stream in said]
        loops = [_aside(pool, costs.raw_rtfx, model, audio, effort.raw_s, start_at) for _ in range(processors)]
        bare = await asyncio.gather(*loops)
    raw, raw_cost = sum(rate for rate, _ in bare), mean(cost for _, cost in bare)
    told(f"bare loops hear {raw:.0f} callers")
    engine = Engine(model, processors, UNLIMITED)
    await engine.start()
    try:
        used = time.process_time() + processor_s(engine.pids)
        clear, calm = await _understood_alone(engine, said, known, max(int(CALM * raw), 1))
        calm.spent_s = time.process_time() + processor_s(engine.pids) - used
        told(f"{len(clear)} of {len(said)} utterances are understood at once")

        async def line(callers: int) -> Answers:
            return _told(told, "the line", await on_the_line(engine, clear, callers, effort.step_s, known))

        best_line = await most(line, max(int(0.7 * raw), 1), effort.precision)
    finally:
        await engine.close()
    crowd = await _crowd(model, clear, known)
    told(f"{CROWD} at once: {crowd.refused} by keys, {crowd.lost} lost, p95 {crowd.p95_ms:.0f} ms")
    with tempfile.TemporaryDirectory(prefix="bench-speech-") as folder:

        async def usual(callers: int) -> Answers:
            found = await in_the_usual_way(model, clear, Path(folder), callers, effort.step_s)
            return _told(told, "the usual way", found)

        best_usual = await most(usual, max(int(0.3 * raw), 1), effort.precision)
    return Speed(processors, _processor_name(), load_before, spent, calm, raw, raw_cost, best_line, best_usual, crowd)


async def _understood_alone(
    engine: Engine, said: Sequence[Stream], known: Scattered, at_once: int
) -> tuple[list[Stream], Answers]:
    """The utterances whose number is taken at once where nobody else speaks; others wait by rule, not for load."""
    clear: list[Stream] = []
    calm = Answers(1)
    gate = asyncio.Semaphore(at_once)

    async def one(stream: Stream) -> None:
        async with gate:
            found = await on_the_line(engine, [stream], 1, stream.seconds / 2, known)
        calm.waits_ms += found.waits_ms
        calm.right += found.right
        calm.lost += found.lost
        calm.heard_s += found.heard_s
        if found.waits_ms and max(found.waits_ms) < ALLOWED_MS and found.right == len(found.waits_ms):
            clear.append(stream)

    await asyncio.gather(*(one(stream) for stream in said))
    if len(clear) < FEWEST_STREAMS:
        raise NotMeasured("hardly an utterance is understood: the model cannot be measured")
    return clear, calm


async def _crowd(model: Path, said: Sequence[Stream], known: Scattered) -> Answers:
    engine = Engine(model)
    await engine.start()
    try:
        return await a_crowd(engine, said, CROWD, known)
    finally:
        await engine.close()


async def most(run: Callable[[int], Awaitable[Answers]], start: int, precision: float) -> Answers:
    """The most callers who are all answered in time: more and more from `start`, then closed in."""
    best, too_many = Answers(0), 0
    callers = start
    while True:
        found = await run(callers)
        if found.in_time:
            best = found
        else:
            too_many = callers
        if not too_many:
            callers = callers * 3 // 2 + 1
        elif too_many - best.callers > max(precision * best.callers, 1):
            callers = (best.callers + too_many) // 2
        else:
            return best


def _told(told: Callable[[str], None], way: str, found: Answers) -> Answers:
    told(f"{way}: {found.callers} at once, p95 {found.p95_ms:.0f} ms, {found.lost} lost, {found.right} right")
    return found


async def _aside(pool: ProcessPoolExecutor, work: Callable[..., T], *arguments: object) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, work, *arguments)


def _processor_name() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
