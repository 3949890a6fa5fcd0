"""Where something is heard in a long recording: sounds between silences, above the noise of the room at that time."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.studio.session.audio import BLOCK_MS

WINDOW_S, STEP_S = 40, 5
"""The noise of the room is that of the quietest twentieth of the 40 s around: a fan that starts is followed."""
QUIETEST_SHARE = 0.05
DIGITAL_SILENCE_DB = -75
ABOVE_NOISE = 0.35
"""The threshold lies this share of the way from the noise to the voice, within these limits."""
LEAST_ABOVE_DB, MOST_ABOVE_DB = 6.0, 20.0
VOICE_ABOVE_NOISE_DB = 12
BRIDGED_MS = 150
"""Shorter silences are within words: the closure of «т» or «к»."""
SHORTEST_MS = 40


@dataclass(frozen=True, slots=True)
class Heard:
    """A sound between silences; milliseconds of the recording. level_db: of its loudest 10 ms, dBFS."""

    start_ms: int
    end_ms: int
    level_db: float

    @property
    def length_ms(self) -> int:
        """From its beginning to its end."""
        return self.end_ms - self.start_ms


def sounds_in(levels: Sequence[int]) -> list[Heard]:
    """Sounds in their order. levels: RMS of each 10 ms. None where nothing stands out of the noise."""
    decibels = [max(round(20 * math.log10(level / 32768)), -99) if level else -99 for level in range(32769)]
    per_step = STEP_S * 1000 // BLOCK_MS
    steps = [
        Counter(decibels[level] for level in levels[start : start + per_step])
        for start in range(0, len(levels), per_step)
    ]
    noises = _noises(steps)
    voice = _voice(steps, noises)
    if voice is None:
        return []
    found: list[tuple[int, int]] = []
    begun: int | None = None
    for step, noise in enumerate(noises):
        above = min(max(ABOVE_NOISE * (voice - noise), LEAST_ABOVE_DB), MOST_ABOVE_DB)
        threshold = 32768 * 10 ** ((noise + above) / 20)
        for block in range(step * per_step, min((step + 1) * per_step, len(levels))):
            if levels[block] > threshold:
                begun = block if begun is None else begun
            elif begun is not None:
                found.append((begun, block))
                begun = None
    if begun is not None:
        found.append((begun, len(levels)))
    return [_heard(levels, start, end) for start, end in _joined(found)]


def _noises(steps: Sequence[Counter[int]]) -> list[float]:
    around = WINDOW_S // STEP_S // 2
    noises: list[float] = []
    for step in range(len(steps)):
        window: Counter[int] = Counter()
        for counted in steps[max(step - around, 0) : step + around + 1]:
            window.update(counted)
        left = QUIETEST_SHARE * window.total()
        for level in sorted(window):
            left -= window[level]
            if left <= 0:
                noises.append(max(float(level), DIGITAL_SILENCE_DB))
                break
    return noises


def _voice(steps: Sequence[Counter[int]], noises: Sequence[float]) -> float | None:
    """The usual level of what stands out of the noise, None where nothing does."""
    loud: Counter[int] = Counter()
    for counted, noise in zip(steps, noises, strict=True):
        loud.update({level: count for level, count in counted.items() if level > noise + VOICE_ABOVE_NOISE_DB})
    left = 0.3 * loud.total()
    for level in sorted(loud, reverse=True):
        left -= loud[level]
        if left <= 0:
            return float(level)
    return None


def _joined(found: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[list[int]] = []
    loud: list[int] = []
    for start, end in found:
        if joined and (start - joined[-1][1]) * BLOCK_MS <= BRIDGED_MS:
            joined[-1][1] = end
            loud[-1] += end - start
        else:
            joined.append([start, end])
            loud.append(end - start)
    kept = zip(joined, loud, strict=True)
    return [(start, end) for (start, end), count in kept if count * BLOCK_MS >= SHORTEST_MS]


def _heard(levels: Sequence[int], start: int, end: int) -> Heard:
    loudest = max(levels[start:end])
    return Heard(start * BLOCK_MS, end * BLOCK_MS, 20 * math.log10(max(loudest, 1) / 32768))
