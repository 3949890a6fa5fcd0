"""All sets over all lines, heard by one recogniser."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ivr.testbed.speech_benchmark.evaluation import Judged, Recogniser, judge
from ivr.testbed.speech_sets.degradation import Degradation, noise_from
from ivr.testbed.speech_sets.human import asterisk_woman, with_transcripts
from ivr.testbed.speech_sets.sets import Sources, other_speech, speech_sets

CACHE = Path("var/bench-speech")


def sources(people: Path | None, seed: int, count: int, cache: Path = CACHE) -> Sources:
    """What is at hand. people: a folder of folders with recordings and transcripts.tsv. Raises sound.BadRecording."""
    folders = sorted(file.parent for file in people.glob("*/transcripts.tsv")) if people is not None else []
    return Sources(asterisk_woman(), tuple((at.name, with_transcripts(at)) for at in folders), cache, seed, count)


async def understood(
    made_of: Sources,
    lines: Sequence[Degradation],
    recogniser: Recogniser,
    at_once: int,
    told: Callable[[str], None],
    only: str = "",
) -> list[Judged]:
    """Each set over each line. only: part of the names of the sets wanted. Raises as `speech_sets` does."""
    noise = noise_from(made_of.seed, other_speech(made_of))
    found: list[Judged] = []
    for speech in speech_sets(made_of, only):
        for line in lines:
            began = time.monotonic()
            found.append(await judge(speech, line, noise, recogniser, made_of.seed, at_once))
            told(f"{speech.name}, {line}: {time.monotonic() - began:.1f} s")
    return found
