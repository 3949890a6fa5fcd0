"""How long a speaker takes for a text: so much for each vowel with its consonants, and where the voice may rest."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from ivr.studio.voice.renderer import vowels

LONG_TEXT = 6  # vowels, from which on the pace can be told apart from what a word takes at its edges
SLOWEST_MS, QUICKEST_MS = 330.0, 70.0
MOST_AROUND_MS = 400.0


@dataclass(frozen=True, slots=True)
class Text:
    """What one line of a sheet asks of a voice. rests: where it may pause, as shares of what is spoken, 0 to 1."""

    id: str
    words: str
    vowels: int
    rests: tuple[float, ...] = field(default=())

    @classmethod
    def of(cls, id_: str, text: str) -> Text:
        """Measure a text."""
        whole = max(vowels(text), 1)
        signs = re.finditer(r"[.,!?:;—]+(?=.*\w)", text)
        rests = tuple(round(vowels(text[: sign.start()]) / whole, 3) for sign in signs)
        return cls(id_, text, whole, rests)


@dataclass(frozen=True, slots=True)
class Pace:
    """Milliseconds that a speaker takes for each vowel, and for a text as such."""

    vowel_ms: float
    around_ms: float = 100.0

    def expected_ms(self, text: Text) -> float:
        """How long the text is spoken, without its rests."""
        return self.around_ms + self.vowel_ms * text.vowels

    def deviation(self, text: Text, spoken_ms: float) -> float:
        """How far a length is off, in usual deviations; positive for one that is too long."""
        usual = math.hypot(0.12, 0.35 / math.sqrt(text.vowels) if text.vowels < 40 else 0.0)
        return math.log(max(spoken_ms, 1.0) / self.expected_ms(text)) / usual


def pace_of(read: Sequence[tuple[Text, float]]) -> Pace:
    """The median pace of what was read. read: texts with the milliseconds spoken; not empty."""
    around = 100.0
    vowel = 150.0
    long = [one for one in read if one[0].vowels >= LONG_TEXT]
    for _ in range(4):
        vowel = median((spoken - around) / text.vowels for text, spoken in (long if len(long) >= 5 else read))
        vowel = min(max(vowel, QUICKEST_MS), SLOWEST_MS)
        if len(read) - len(long) >= 5:
            around = median(spoken - vowel * text.vowels for text, spoken in read if text.vowels < LONG_TEXT)
            around = min(max(around, 0.0), MOST_AROUND_MS)
    return Pace(vowel, around)
