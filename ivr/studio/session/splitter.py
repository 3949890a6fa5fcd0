"""Splits one long recording of a session into lines of its sheet. Doubtful cuts are reported and become no takes.

The room's silence tells where sounds begin and end; their line follows from their lengths in this speaker's pace,
from where the voice rests, and for number words and commands from the line's own recogniser.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from ivr.dialogue.ports import Expects
from ivr.domain.takes import Hearing
from ivr.language.selected import LANGUAGE
from ivr.speech.word_check import meaning, question_for
from ivr.studio.session.alignment import Aligner, Alignment, Place, Span, rest_cost, rests, spoken_ms
from ivr.studio.session.cuts import Cut
from ivr.studio.session.script import Sheet
from ivr.studio.session.segmentation import Heard, sounds_in
from ivr.studio.sound.take_recognition import agrees, spoken_words
from ivr.studio.voice.speech_rate import Pace, Text, pace_of

SURE = 3.0
"""Margin, in natural logarithms, from which on a line is sure: any other way is twenty times less likely."""
SURE_BESIDE_DOUBT = 4.0
FAR_OFF = 3.2
"""Usual deviations of length from which on a line is doubtful."""
HALTING = 3.0
UNHEARD, PARTLY_UNHEARD = 6.0, 2.0
BEFORE_MS, AFTER_MS = 250, 350
"""Room that a take keeps around the voice, at most half of the silence to the next sound."""
PACES = (110.0, 150.0, 200.0)
ROUNDS = 3
QUICK_BEAM = 16.0
LEAST_SURE_SHARE = 0.6
SHUFFLES = 200
LONGEST_HEARD_MS = 6000
WORTH_TELLING_MS = 120

Words = Callable[[bytes, Expects], tuple[tuple[str, ...], ...] | Hearing]
Samples = Callable[[int, int], bytes]


class Doubt(StrEnum):
    """Why a line becomes no take by itself, as administrators read it."""

    ORDER = "запись не идёт по этому листу: порядок строк не подтверждается"
    LEFT_OUT = "строка не найдена: пропущена или слилась с соседней"
    AGAIN = "прочитана несколько раз: предложена последняя"
    PLACE = "непонятно, какой звук относится к этой строке"
    LONG = "слишком длинно для этого текста"
    SHORT = "слишком коротко для этого текста"
    HALTING = "долгая пауза посреди фразы"
    OTHER_WORDS = "слышится другое: «{heard}»"
    CHANGED = "текст подсказки изменён после печати листа"
    GONE = "такой подсказки больше нет"


@dataclass(frozen=True, slots=True)
class Split:
    """cuts: every line of the sheet. extras: seconds of sounds that belong to no line. follows: the sheet at all.

    vowel_ms: the speaker's pace, 0 where nothing was heard.
    """

    cuts: tuple[Cut, ...]
    extras: tuple[tuple[float, float], ...]
    follows: bool
    vowel_ms: float

    @property
    def doubtful(self) -> tuple[Cut, ...]:
        """Lines that become no take."""
        return tuple(cut for cut in self.cuts if not cut.take)


class _Listening:
    """What the recogniser says about spans; each is heard once for each kind of question."""

    def __init__(self, sounds: Sequence[Heard], samples: Samples, words: Words) -> None:
        self._sounds, self._samples, self._words = sounds, samples, words
        self._known: dict[tuple[Span, Expects], tuple[tuple[str, ...], ...] | None] = {}

    def found(self, span: Span, expects: Expects) -> tuple[tuple[str, ...], ...] | None:
        """The likeliest words, None where nobody listened."""
        if (span, expects) not in self._known:
            first, last = self._sounds[span[0]], self._sounds[span[1] - 1]
            answer: tuple[tuple[str, ...], ...] | Hearing = ()
            if last.end_ms - first.start_ms <= LONGEST_HEARD_MS:
                answer = self._words(self._samples(first.start_ms - 80, last.end_ms + 80), expects)
            self._known[span, expects] = answer if answer and not isinstance(answer, Hearing) else None
        return self._known[span, expects]

    def evidence(self, text: Text, span: Span) -> float:
        """What it costs that these sounds are the text."""
        wanted = spoken_words(text.words)
        expects = question_for(wanted)
        if expects is not None:
            heard = self.found(span, expects)
            return 0.0 if heard is None or agrees(wanted, heard) else UNHEARD
        numbers = set(meaning([word for word in wanted if word in LANGUAGE.every_number_word]))
        if not numbers or len(wanted) > 6:
            return 0.0
        heard = self.found(span, Expects.READING)
        return 0.0 if heard is None or any(numbers & set(meaning(one)) for one in heard[:3]) else PARTLY_UNHEARD

    def agreed(self, text: Text, span: Span) -> bool | None:
        """Whether the text was heard; None where the recogniser does not know its words."""
        wanted = spoken_words(text.words)
        expects = question_for(wanted)
        heard = self.found(span, expects) if expects is not None else None
        return None if heard is None else agrees(wanted, heard)

    def words(self, text: Text, span: Span) -> str:
        """The likeliest words."""
        expects = question_for(spoken_words(text.words))
        heard = self.found(span, expects) if expects is not None else None
        return " ".join(heard[0]).replace("[unk]", "…") if heard else ""


def split(
    levels: Sequence[int], samples: Samples, sheet: Sheet, words: Words, *, without: Collection[str] = ()
) -> Split:
    """Find every line. levels, samples: of the recording, as in `Session`. without: ids that were not read."""
    lines = [line for line in sheet.lines if line.id not in without]
    texts = [Text.of(line.id, line.text) for line in lines]
    sounds = sounds_in(levels)
    if not sounds or not texts:
        empty = [Cut(line.line, line.id, line.text, why=Doubt.LEFT_OUT) for line in sheet.lines]
        return Split(tuple(empty), (), False, 0.0)
    pace = _calibrated(texts, sounds)
    listening = _Listening(sounds, samples, words)
    by_length = Aligner(texts, sounds, pace, lambda text, span: 0.0).align()
    asked = {(text.id, span) for text, place in zip(texts, by_length.places, strict=True) for span in place.candidates}

    def evidence(text: Text, span: Span) -> float:
        return listening.evidence(text, span) if (text.id, span) in asked else 0.0

    found = Aligner(texts, sounds, pace, evidence).align()
    doubts = [_doubts(*both, sounds, pace, listening) for both in zip(texts, found.places, strict=True)]
    _doubt_beside(doubts, texts, found.places, listening)
    follows = _follows(texts, found, doubts, sounds, pace, listening)
    by_id = {}
    for line, place, why in zip(lines, found.places, doubts, strict=True):
        told = why if follows else [Doubt.ORDER, *(one for one in why if one != Doubt.PLACE)]
        cut = Cut(line.line, line.id, line.text, take=not told, why="; ".join(told))
        if place.sounds is not None:
            start, end = _with_room(sounds, place.sounds)
            others = tuple(_with_room(sounds, span) for span in place.tries)
            cut = replace(cut, start=start, end=end, others=others)
        by_id[line.id] = cut
    cuts = [by_id.get(line.id, Cut(line.line, line.id, line.text, why=Doubt.LEFT_OUT)) for line in sheet.lines]
    extras = [sounds[number] for number in sorted(found.extras) if sounds[number].length_ms >= WORTH_TELLING_MS]
    return Split(tuple(cuts), tuple((one.start_ms / 1000, one.end_ms / 1000) for one in extras), follows, pace.vowel_ms)


def _calibrated(texts: Sequence[Text], sounds: Sequence[Heard]) -> Pace:
    """The speaker's own pace: what makes the sheet and the recording fit best by lengths alone."""
    best: tuple[float, Pace] | None = None
    for vowel_ms in PACES:
        pace = Pace(vowel_ms)
        for _ in range(ROUNDS):
            found = Aligner(texts, sounds, pace, lambda text, span: 0.0, QUICK_BEAM).quickly()
            if best is None or found.cost < best[0]:
                best = (found.cost, pace)
            read = [
                (text, float(spoken_ms(sounds, place.sounds)))
                for text, place in zip(texts, found.places, strict=True)
                if place.sounds is not None
            ]
            if not read or pace == (pace := pace_of(read)):
                break
    assert best is not None
    return best[1]


def _doubts(text: Text, place: Place, sounds: Sequence[Heard], pace: Pace, listening: _Listening) -> list[str]:
    if place.sounds is None:
        return [Doubt.LEFT_OUT]
    found: list[str] = []
    if place.tries:
        found.append(Doubt.AGAIN)
    off = pace.deviation(text, spoken_ms(sounds, place.sounds))
    if abs(off) > FAR_OFF:
        found.append(Doubt.LONG if off > 0 else Doubt.SHORT)
    if any(rest_cost(length, share, text) > HALTING for length, share in rests(sounds, place.sounds)):
        found.append(Doubt.HALTING)
    if listening.agreed(text, place.sounds) is False:
        found.append(Doubt.OTHER_WORDS.format(heard=listening.words(text, place.sounds)))
    if place.margin < SURE and not found:
        found.append(Doubt.PLACE)
    return found


def _doubt_beside(
    doubts: list[list[str]], texts: Sequence[Text], places: Sequence[Place], listening: _Listening
) -> None:
    """A line beside one whose place is doubtful has to be surer, since its own place rests on that."""
    unfixed = [number for number, why in enumerate(doubts) if set(why) - {Doubt.AGAIN, Doubt.HALTING}]
    for number in sorted({beside for one in unfixed for beside in (one - 1, one + 1)} - set(unfixed)):
        if 0 <= number < len(texts) and not doubts[number] and places[number].margin < SURE_BESIDE_DOUBT:
            span = places[number].sounds
            if span is not None and not listening.agreed(texts[number], span):
                doubts[number].append(Doubt.PLACE)


def _with_room(sounds: Sequence[Heard], span: Span) -> tuple[float, float]:
    """Seconds from before the voice to after it."""
    start, end = sounds[span[0]].start_ms, sounds[span[1] - 1].end_ms
    before = sounds[span[0] - 1].end_ms if span[0] else 0
    after = sounds[span[1]].start_ms if span[1] < len(sounds) else end + 2 * AFTER_MS
    return max(start - BEFORE_MS, (start + before) // 2, 0) / 1000, min(end + AFTER_MS, (end + after) // 2) / 1000


def _follows(
    texts: Sequence[Text],
    found: Alignment,
    doubts: Sequence[Sequence[str]],
    sounds: Sequence[Heard],
    pace: Pace,
    listening: _Listening,
) -> bool:
    """Whether the recording is one of this sheet at all: enough lines are sure, and no other order fits as well."""
    read = [number for number, place in enumerate(found.places) if place.sounds is not None]
    if not read:
        return False
    stretch = range(read[0], read[-1] + 1)
    if sum(not doubts[number] for number in stretch) < LEAST_SURE_SHARE * len(stretch):
        return False
    spans = {number: span for number in read if (span := found.places[number].sounds) is not None}
    unheard = [number for number in read if not listening.agreed(texts[number], spans[number])]
    if len(read) == 1 or len(unheard) <= len(read) / 3:
        return True

    def cost(order: Sequence[int]) -> float:
        lengths = (spoken_ms(sounds, spans[number]) for number in unheard)
        both = zip(order, lengths, strict=True)
        return sum(min(pace.deviation(texts[number], length) ** 2 / 2, 14.0) for number, length in both)

    chance = random.Random(len(unheard))  # the same answer each time
    own = cost(unheard)
    as_good = sum(cost(chance.sample(unheard, len(unheard))) < own + SURE for _ in range(SHUFFLES))
    return as_good <= SHUFFLES * (0.02 if len(unheard) > 5 else 0.6)
