"""A run of the benchmark, part by part."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ivr.testbed.speech_benchmark import understanding
from ivr.testbed.speech_benchmark.direct_recogniser import LineRecogniser
from ivr.testbed.speech_benchmark.evaluation import Judged
from ivr.testbed.speech_benchmark.report import Report
from ivr.testbed.speech_load import speed
from ivr.testbed.speech_load.speed import Effort, Speed
from ivr.testbed.speech_sets.degradation import Degradation
from ivr.testbed.speech_sets.sets import Sources, SpeechSet, Task, speech_sets

QUICK_COUNT = 20
UTTERANCES_A_PROCESSOR = 4


class Part(StrEnum):
    """What is measured."""

    UNDERSTANDING = "understanding"
    SPEED = "speed"


@dataclass(frozen=True, slots=True)
class Plan:
    """model: folder. human: folder of folders with recordings. only: part of the names of the sets wanted."""

    model: Path
    human: Path | None
    seed: int
    count: int
    only: str
    lines: tuple[Degradation, ...]


async def run(plan: Plan, parts: Collection[Part], effort: Effort, told: Callable[[str], None]) -> Report:
    """Measure. Raises BadModel, BadRecording, ProgramFailed, NotMeasured."""
    made_of = understanding.sources(plan.human, plan.seed, plan.count)
    judged: list[Judged] = []
    fast: Speed | None = None
    if Part.UNDERSTANDING in parts:
        threads = len(os.sched_getaffinity(0))
        with LineRecogniser.of_folder(plan.model, threads) as recogniser:
            at_once = UTTERANCES_A_PROCESSOR * threads
            judged = await understanding.understood(made_of, plan.lines, recogniser, at_once, told, plan.only)
    if Part.SPEED in parts:
        accounts, other = _spoken_by_one(made_of)
        fast = await speed.measure(plan.model, accounts, other, plan.seed, effort, told)
    return Report(judged, fast, plan.seed, plan.count)


def _spoken_by_one(made_of: Sources) -> tuple[SpeechSet, SpeechSet]:
    """Account numbers and other speech of the first person there is, else of the synthetic voices."""
    found: dict[Task, SpeechSet] = {}
    wanted = (Task.ACCOUNT, Task.OTHER)
    for one in speech_sets(made_of, "Asterisk" if made_of.woman is not None else "synthetic"):
        if one.task in wanted:
            found.setdefault(one.task, one)
    return found[Task.ACCOUNT], found[Task.OTHER]
