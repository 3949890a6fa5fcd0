"""Recordings through the line's own recogniser and interpretation: what `ivr speech transcribe` prints."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from ivr.dialogue.interpretation import AccountInterpreter, ChoiceInterpreter, ReadingInterpreter
from ivr.dialogue.ports import Expects, Hypothesis, Interpretation, Interpreter, Question
from ivr.domain.accounts import AccountFormat
from ivr.domain.judgement import Limits
from ivr.domain.meters import Meter, Register, Zone
from ivr.domain.readings import Reading
from ivr.language.port import Intent
from ivr.language.selected import LANGUAGE
from ivr.speech.known import read_known
from ivr.speech.model_folder import TELEPHONE_RATE, BadModel, ModelFolder
from ivr.speech.recogniser import Models
from ivr.speech.recording import BadRecording, telephone_audio

STEP_BYTES = 320  # 20 ms, as a telephone sends
SILENCE_AFTER = bytes(4800)  # 300 ms: listening hears it before it ends an utterance
ACCOUNT_DIGITS = 10
FEWEST_READING_DIGITS, MOST_READING_DIGITS = 5, 8
BETWEEN_READINGS = timedelta(days=30)
MENU_KEYS = "12"


@dataclass(frozen=True, slots=True)
class Setup:
    """Settings of a transcription. model: folder. digits: of the account number or the meter, None: usual ones.

    known: file that `read_known` reads.
    """

    model: Path
    expects: Expects
    digits: int | None = None
    known: Path | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """One file. value: what the line would ask to confirm, None if it understands nothing.

    alternatives: other values, best first. ms_after_end: milliseconds from the last sample to the result.
    rtf: time taken by the duration of the recording.
    """

    file: str
    words: str
    value: str | None
    alternatives: tuple[str, ...]
    ms_after_end: float
    rtf: float


def transcribe(setup: Setup, files: Sequence[Path]) -> Iterator[Transcript | BadRecording]:
    """Every file in its turn, on all processors. Raises BadModel, BadKnown.

    Processes of their own: what Vosk does not bear in a damaged model ends them and not the command.
    """
    ModelFolder.inspect(setup.model)
    if setup.known is not None:
        read_known(setup.known, setup.expects)
    processes = min(len(os.sched_getaffinity(0)), len(files))
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, spawn, initializer=_hush)
    try:
        yield from pool.map(_transcribed, (setup for _ in files), files)
    except BrokenProcessPool as error:
        raise BadModel(f"{setup.model}: Vosk breaks down with this model, which is damaged") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _hush() -> None:
    """Keep Vosk's warnings, many for each utterance, out of the terminal."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)


def _transcribed(setup: Setup, file: Path) -> Transcript | BadRecording:
    transcriber = _transcriber(setup)
    try:
        return asyncio.run(transcriber.transcribe(file))
    except BadRecording as error:
        return error


@cache
def _transcriber(setup: Setup) -> Transcriber:
    """One for each process, since loading takes longer than listening."""
    return Transcriber(setup)


class Transcriber:
    """Transcribes file by file in this process. Raises BadModel, BadKnown."""

    def __init__(self, setup: Setup) -> None:
        self._expects = setup.expects
        self._digits = setup.digits
        self._known = read_known(setup.known, setup.expects) if setup.known is not None else None
        self._models = Models(setup.model)
        lengths = {len(number) for number in self._known.accounts} if self._known is not None else set()
        self._lengths = tuple(sorted({setup.digits} if setup.digits else lengths or {ACCOUNT_DIGITS}))

    async def transcribe(self, file: Path) -> Transcript:
        """Hear a file in 20 ms steps, as in a call. Raises BadRecording."""
        pcm = telephone_audio(file)
        question = Question((), self._expects, MENU_KEYS, most_digits=self._lengths[-1])
        began = time.perf_counter()
        utterance = self._models.hear(question)
        for at in range(0, len(pcm), STEP_BYTES):
            utterance.feed(pcm[at : at + STEP_BYTES])
        ended = time.perf_counter()
        utterance.feed(SILENCE_AFTER)
        heard = utterance.finish()
        meaning = await self._interpreter(file).interpret(heard)
        done = time.perf_counter()
        value = self._value(meaning, heard)
        others = [*meaning.rivals, *await self._second_best(file, heard, meaning)]
        return Transcript(
            str(file),
            " ".join(heard[0].words),
            value,
            tuple(dict.fromkeys(other for other in others if other != value)),
            round((done - ended) * 1000, 1),
            round((done - began) / max(len(pcm) / (2 * TELEPHONE_RATE), 0.02), 4),
        )

    def _interpreter(self, file: Path, refused: Collection[str] = ()) -> Interpreter:
        match self._expects:
            case Expects.ACCOUNT:
                active = self._active if self._known is not None else None
                return AccountInterpreter(AccountFormat(self._lengths), active, refused=refused)
            case Expects.READING:
                previous = self._known.previous_reading(file) if self._known is not None else None
                return reading_interpreter(self._digits, previous, refused)
        return ChoiceInterpreter(MENU_KEYS, {})

    async def _active(self, numbers: Sequence[str]) -> frozenset[str]:
        assert self._known is not None
        return self._known.accounts.intersection(numbers)

    def _value(self, meaning: Interpretation, heard: Sequence[Hypothesis]) -> str | None:
        if meaning.intent is not None:
            return meaning.intent.value
        if self._expects is Expects.YES_NO:
            answer = LANGUAGE.yes_or_no(heard[0].words) if meaning.digits else None
            return answer.value if answer in (Intent.YES, Intent.NO) else None
        if self._expects is Expects.ACCOUNT and self._known is not None:
            return meaning.digits if meaning.digits in self._known.accounts else None
        return meaning.digits or None

    async def _second_best(self, file: Path, heard: Sequence[Hypothesis], meaning: Interpretation) -> list[str]:
        """The value to offer if the caller denied the first one."""
        if not meaning.digits or self._expects not in (Expects.ACCOUNT, Expects.READING):
            return []
        second = await self._interpreter(file, (meaning.digits,)).interpret(heard)
        numbers = [number for number in (second.digits, *second.rivals) if number]
        if self._expects is Expects.ACCOUNT and self._known is not None:
            return [number for number in numbers if number in self._known.accounts]
        return numbers


def reading_interpreter(digits: int | None, previous: int | None, refused: Collection[str] = ()) -> ReadingInterpreter:
    """Understands readings of one register, whose last reading was `previous` a month ago (None: unknown)."""
    if digits is None:
        digits = MOST_READING_DIGITS if previous is None else max(len(str(previous)), FEWEST_READING_DIGITS)
    today = date.today()
    base = Reading(previous, today - BETWEEN_READINGS) if previous is not None else None
    register = Register(0, Zone.T1, digits, base, base)
    return ReadingInterpreter(Meter(0, "", (register,)), register, today, Limits(), refused)
