"""What a caller sends while a question is open: the silence before they speak, speech, and the silence that ends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ivr.testbed.speech_sets import sound
from ivr.testbed.speech_sets.degradation import Degradation, Noise, degraded
from ivr.testbed.speech_sets.sets import LEAD_MS, TAIL_MS, Item

THINKING_S = (1.5, 3.0)
"""The prompt plays and the caller thinks; the line is open and listens."""
END_S = 0.3
"""The silence after which a number that is complete is taken (docs/voice-interface.md); both ways wait for it."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One question's audio. speech_ends_s: from its beginning to the last sample of speech. value: what is said."""

    pcm: bytes
    speech_ends_s: float
    value: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return sound.seconds_of(self.pcm)


def streams(items: Sequence[Item], seed: int) -> list[Stream]:
    """The items as they come over A-law."""
    random = Random(f"streams/{seed}")
    made = []
    for item in items:
        speech = item.pcm[sound.bytes_of(LEAD_MS) : len(item.pcm) - sound.bytes_of(TAIL_MS)]
        before = sound.silence(1000 * random.uniform(*THINKING_S))
        pcm = before + speech + sound.silence(1000 * END_S)
        coded = degraded(pcm, Degradation.ALAW, Noise(()), random)
        made.append(Stream(coded, sound.seconds_of(before + speech), item.meaning))
    return made
