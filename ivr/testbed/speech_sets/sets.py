"""The test sets: speakers, utterances, and the expected results.

Every set is made from the recordings and voices at hand and a seed alone: the same seed gives the same bytes.
Tune with one seed, judge with another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from random import Random

from ivr.testbed.speech_sets import phrases, sound, synthetic
from ivr.testbed.speech_sets.human import Recordings
from ivr.testbed.speech_sets.spoken_numbers import TRIES, Saying, Way, drawn, text_of, words_of

LEAD_MS, TAIL_MS = 300, 600
LEVELS_DB = (-30.0, -16.0)
ACCOUNT_DIGITS, READING_DIGITS = 10, 5
ACCOUNT_WAYS = (Way.DIGITS, Way.DIGITS, Way.PAIRS, Way.TRIPLES, Way.MIXED)
READING_WAYS = (Way.WHOLE, Way.WHOLE, Way.WHOLE, Way.DIGITS, Way.MIXED)
FEWEST_NUMBERS = 10  # number words that a person must have recorded


class Task(StrEnum):
    """What the caller was asked for."""

    ACCOUNT = "account"
    READING = "reading"
    COMMAND = "command"
    YES_NO = "yesno"
    OTHER = "other"  # speech that is no answer at all


NUMBERS: tuple[tuple[Task, int, tuple[Way, ...], str], ...] = (
    (Task.ACCOUNT, ACCOUNT_DIGITS, ACCOUNT_WAYS, "0123456789"),
    (Task.READING, READING_DIGITS, READING_WAYS, "123456789"),
)
"""What is asked for, its number of digits, how it is said in turn, what it may begin with."""


class Known(StrEnum):
    """What the shipped model's training and tuning know of a voice."""

    UNSEEN = "never seen"
    DEVELOPMENT = "tuned on, never trained on"
    TRAINED = "seen in training"


@dataclass(frozen=True, slots=True)
class Item:
    """One utterance. words: as said. meaning: the number, the command or the key; "" for other speech."""

    pcm: bytes
    words: tuple[str, ...]
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class SpeechSet:
    """Utterances of one kind by one kind of speaker."""

    name: str
    task: Task
    known: Known
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Sources:
    """What sets are made of.

    woman: the Asterisk recordings, None where they are not installed. folders: more people's recordings by name.
    cache: where synthetic speech is kept. seed, count: of the sets and of their utterances.
    """

    woman: Recordings | None
    folders: tuple[tuple[str, Recordings], ...]
    cache: Path
    seed: int
    count: int


TRAINED_FOLDERS = frozenset({"gcompris_lubimov", "gcompris_suvorova_geo", "klettres_dashk0"})
"""Recordings that the shipped model is trained on; any other folder counts as never seen."""


def speech_sets(sources: Sources, only: str = "") -> Iterator[SpeechSet]:
    """All sets that can be made of the sources, or those with `only` in their name.

    Raises sound.BadRecording, ProgramFailed.
    """
    makers = _synthetic_sets(sources)
    if sources.woman is not None:
        makers += _sets_of_person("Asterisk's woman", Known.DEVELOPMENT, sources.woman, sources)
    for name, recordings in sources.folders:
        known = Known.TRAINED if name in TRAINED_FOLDERS else Known.UNSEEN
        makers += _sets_of_person(name, known, recordings, sources)
    for name, make in makers:
        if only in name:
            yield make()


def other_speech(sources: Sources) -> list[bytes]:
    """Speech without numbers, to make a babble of."""
    people = [*([sources.woman] if sources.woman else []), *(recordings for _, recordings in sources.folders)]
    return [pcm for person in people for pcm in person.phrases.values()]


def on_the_line(pcm: bytes, random: Random) -> bytes:
    """Speech at a caller's level, with the silence before and after it that the line hands over."""
    return sound.silence(LEAD_MS) + sound.at_level(pcm, random.uniform(*LEVELS_DB)) + sound.silence(TAIL_MS)


Maker = tuple[str, Callable[[], SpeechSet]]
"""The name of a set, and how it is made."""


def _sets_of_person(name: str, known: Known, person: Recordings, sources: Sources) -> list[Maker]:
    numbers = frozenset(person.words.keys() & phrases.NUMBER_WORDS)
    answers = tuple((word, phrases.YES_NO[word]) for word in person.words if word in phrases.YES_NO)
    others = [text for text in person.phrases if not phrases.is_answer(text)]

    def spoken(saying: Saying, index: int, random: Random) -> bytes:
        return person.speak(saying, random)

    def number_set(task: Task, length: int, ways: Sequence[Way], first: str) -> SpeechSet:
        title = f"{name}, {task}s"
        random = Random(f"{sources.seed}/{title}")
        draws = [(length, ways[index % len(ways)], first, numbers) for index in range(sources.count)]
        return SpeechSet(title, task, known, _numbers(draws, random, spoken))

    def phrase_set(title: str, task: Task, texts: Sequence[tuple[str, str]]) -> SpeechSet:
        random = Random(f"{sources.seed}/{title}")
        sounds = person.words if task is Task.YES_NO else person.phrases
        chosen = random.sample(texts, min(len(texts), sources.count))
        items = (Item(on_the_line(sounds[text], random), tuple(text.split()), meaning) for text, meaning in chosen)
        return SpeechSet(title, task, known, tuple(items))

    makers: list[Maker] = []
    if len(numbers) >= FEWEST_NUMBERS:
        for task, length, ways, first in NUMBERS:
            able = [way for way in ways if _can(way, length, numbers, first)]
            if able:
                makers.append((f"{name}, {task}s", partial(number_set, task, length, able, first)))
    if answers:
        title = f"{name}, yes and no"
        makers.append((title, partial(phrase_set, title, Task.YES_NO, answers)))
    if others:
        title = f"{name}, other speech"
        makers.append((title, partial(phrase_set, title, Task.OTHER, [(text, "") for text in others])))
    return makers


def _synthetic_sets(sources: Sources) -> list[Maker]:
    def spoken(saying: Saying, index: int, random: Random) -> bytes:
        return synthetic.speak(text_of(saying), synthetic.voice_of(index, random), sources.cache)

    def number_set(task: Task, length: int, ways: Sequence[Way], first: str) -> SpeechSet:
        random = Random(f"{sources.seed}/synthetic/{task}")
        draws = [(length, ways[index % len(ways)], first, None) for index in range(sources.count)]
        return SpeechSet(f"synthetic, {task}s", task, Known.UNSEEN, _numbers(draws, random, spoken))

    def phrase_set(title: str, task: Task, texts: Sequence[tuple[str, str]]) -> SpeechSet:
        random = Random(f"{sources.seed}/{title}")
        items = []
        for index in range(sources.count):
            text, meaning = texts[index % len(texts)]
            voice = synthetic.voice_of(random.randrange(len(synthetic.HELD_OUT)), random)
            pcm = on_the_line(synthetic.speak(text, voice, sources.cache), random)
            items.append(Item(pcm, tuple(text.replace(",", "").split()), meaning))
        return SpeechSet(title, task, Known.UNSEEN, tuple(items))

    makers: list[Maker] = [
        (f"synthetic, {task}s", partial(number_set, task, length, ways, first)) for task, length, ways, first in NUMBERS
    ]
    for name, task, texts in (
        ("commands", Task.COMMAND, phrases.COMMANDS),
        ("yes and no", Task.YES_NO, tuple(phrases.YES_NO.items())),
        ("other speech", Task.OTHER, tuple((text, "") for text in phrases.OTHER)),
    ):
        title = f"synthetic, {name}"
        makers.append((title, partial(phrase_set, title, task, texts)))
    return makers


def _numbers(
    draws: Sequence[tuple[int, Way, str, frozenset[str] | None]],
    random: Random,
    spoken: Callable[[Saying, int, Random], bytes],
) -> tuple[Item, ...]:
    items = []
    for index, (length, way, first, vocabulary) in enumerate(draws):
        digits, saying = drawn(length, way, random, vocabulary, first)
        items.append(Item(on_the_line(spoken(saying, index, random), random), words_of(saying), digits))
    return tuple(items)


def _can(way: Way, length: int, vocabulary: frozenset[str], first: str) -> bool:
    try:  # with a margin, so that no utterance of a set fails by chance
        drawn(length, way, Random(0), vocabulary, first, TRIES // 20)
    except ValueError:
        return False
    return True
