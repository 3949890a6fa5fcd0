"""What is understood of the test sets: recogniser and interpretation as on the line, held against what was said."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Protocol

from ivr.dialogue.interpretation import ChoiceInterpreter
from ivr.dialogue.ports import Expects, Hypothesis, Interpretation, Interpreter, Question
from ivr.testbed.speech_benchmark.figures import Share
from ivr.testbed.speech_benchmark.words import word_errors
from ivr.testbed.speech_sets.degradation import Degradation, Noise, degraded
from ivr.testbed.speech_sets.knowledge import Consecutive, Scattered, account_of, reading_of
from ivr.testbed.speech_sets.sets import ACCOUNT_DIGITS, READING_DIGITS, Item, Known, SpeechSet, Task

CHOICES = "12"


class Recogniser(Protocol):
    """What is judged."""

    async def hear(self, question: Question, pcm: bytes) -> tuple[Hypothesis, ...]:
        """What was said, best first; words () for silence."""


class Given(StrEnum):
    """What the line asks and knows."""

    ACCOUNT = "account alone"
    SCATTERED = "with 100,000 accounts"
    CONSECUTIVE = "with a block of 100,000"
    READING = "reading alone"
    PREVIOUS = "with the last reading"
    MENU = "at a menu"
    YES_NO = "at yes or no"


class Result(StrEnum):
    """What became of an utterance."""

    RIGHT = "right"
    OFFERED = "offered right"  # one digit from what was heard: put to the caller, never taken
    ASKED = "right among rivals"  # asked for the group that differs
    WRONG = "wrong"  # another value is put to confirmation
    NOTHING = "nothing"  # asked again


QUESTIONS = {
    Given.ACCOUNT: Question((), Expects.ACCOUNT, most_digits=ACCOUNT_DIGITS),
    Given.READING: Question((), Expects.READING, most_digits=READING_DIGITS),
    Given.MENU: Question((), Expects.CHOICE, choices=CHOICES),
    Given.YES_NO: Question((), Expects.YES_NO, choices=CHOICES),
}
ASKED: dict[Task, dict[Given, tuple[Given, ...]]] = {
    Task.ACCOUNT: {Given.ACCOUNT: (Given.ACCOUNT, Given.SCATTERED, Given.CONSECUTIVE)},
    Task.READING: {Given.READING: (Given.READING, Given.PREVIOUS)},
    Task.COMMAND: {Given.MENU: (Given.MENU,), Given.ACCOUNT: (Given.SCATTERED,), Given.READING: (Given.PREVIOUS,)},
    Task.YES_NO: {Given.YES_NO: (Given.YES_NO,)},
    Task.OTHER: {
        Given.ACCOUNT: (Given.ACCOUNT, Given.SCATTERED),
        Given.READING: (Given.READING, Given.PREVIOUS),
        Given.MENU: (Given.MENU,),
        Given.YES_NO: (Given.YES_NO,),
    },
}
"""For each task the questions that its utterances are said at, and what is known at each."""


@dataclass(slots=True)
class Judged:
    """One set on one line.

    words, errors: said, and wrong at the question that the speech answers. results: for each condition.
    commands: utterances taken for a command that is not theirs.
    """

    set: str
    task: Task
    known: Known
    line: Degradation
    utterances: int = 0
    words: int = 0
    errors: int = 0
    results: dict[Given, Counter[Result]] = field(default_factory=dict)
    commands: dict[Given, int] = field(default_factory=dict)
    confused: int = 0  # a no taken for a yes
    denials: int = 0

    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {
            "set": self.set,
            "task": str(self.task),
            "known": str(self.known),
            "line": str(self.line),
            "utterances": self.utterances,
            "words": self.words,
            "word_errors": self.errors,
            "results": {
                str(given): {str(result): counts[result] for result in Result} for given, counts in self.results.items()
            },
            "taken_for_a_command": {str(given): count for given, count in self.commands.items()},
            "no_taken_for_yes": [self.confused, self.denials],
        }

    def share(self, given: Given, *results: Result) -> Share:
        """How many of the utterances ended in one of the results."""
        counts = self.results.get(given, Counter())
        return Share(sum(counts[result] for result in results), counts.total())


async def judge(
    speech: SpeechSet, line: Degradation, noise: Noise, recogniser: Recogniser, seed: int, at_once: int
) -> Judged:
    """Every utterance of the set over one line. at_once: how many are heard at the same time."""
    judged = Judged(speech.name, speech.task, speech.known, line)
    lists = Scattered.with_numbers([item.meaning for item in speech.items if speech.task is Task.ACCOUNT], seed)
    gate = asyncio.Semaphore(at_once)

    async def one(index: int, item: Item) -> None:
        async with gate:
            random = Random(f"{seed}/{speech.name}/{line}/{index}")
            pcm = await asyncio.to_thread(degraded, item.pcm, line, noise, random)
            for asked, conditions in ASKED[speech.task].items():
                heard = await recogniser.hear(QUESTIONS[asked], pcm)
                if asked is next(iter(ASKED[speech.task])):
                    judged.words += len(item.words)
                    judged.errors += word_errors(item.words, heard[0].words if heard else ())
                for given in conditions:
                    meant = await _interpreter(given, speech.task, item, lists, random).interpret(heard)
                    _count(judged, given, item, meant)
        judged.utterances += 1

    await asyncio.gather(*(one(index, item) for index, item in enumerate(speech.items)))
    return judged


def result_of(task: Task, meaning: str, meant: Interpretation) -> Result:
    """What an interpretation is worth where `meaning` was said."""
    if task is Task.COMMAND:
        if meant.intent is not None:
            return Result.RIGHT if meant.intent == meaning else Result.WRONG
        return Result.WRONG if meant.digits else Result.NOTHING
    if task is Task.OTHER:
        return Result.WRONG if meant.digits else Result.NOTHING
    if meant.digits == meaning:
        return Result.OFFERED if meant.offered else Result.RIGHT
    if meaning in meant.rivals:
        return Result.ASKED
    return Result.WRONG if meant.digits else Result.NOTHING


def _count(judged: Judged, given: Given, item: Item, meant: Interpretation) -> None:
    judged.results.setdefault(given, Counter())[result_of(judged.task, item.meaning, meant)] += 1
    if meant.intent is not None and meant.intent != item.meaning:
        judged.commands[given] = judged.commands.get(given, 0) + 1
    if given is Given.YES_NO and item.meaning == "2":
        judged.denials += 1
        judged.confused += meant.digits == "1"


def _interpreter(given: Given, task: Task, item: Item, lists: Scattered, random: Random) -> Interpreter:
    match given:
        case Given.ACCOUNT:
            return account_of(None)
        case Given.SCATTERED:
            return account_of(lists)
        case Given.CONSECUTIVE:
            return account_of(Consecutive.around(item.meaning))
        case Given.READING:
            return reading_of(READING_DIGITS, None, random)
        case Given.PREVIOUS:
            value = int(item.meaning) if task is Task.READING else random.randrange(10**4, 10**5)
            return reading_of(READING_DIGITS, value, random)
        case _:
            return ChoiceInterpreter(CHOICES, {})
