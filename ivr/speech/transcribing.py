"""Recordings through the line's own recogniser and interpretation: what `ivr speech transcribe` prints."""

from __future__ import annotations

import audioop
import csv
import time
import wave
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from ivr.dialogue.interpreting import AccountInterpreter, ChoiceInterpreter, ReadingInterpreter
from ivr.dialogue.ports import Expects, Hypothesis, Interpretation, Interpreter, Question
from ivr.domain.accounts import AccountFormat
from ivr.domain.judging import Limits
from ivr.domain.meters import Meter, Register, Zone
from ivr.domain.readings import Reading
from ivr.language.commands import Spoken, yes_or_no
from ivr.speech.model_folder import TELEPHONE_RATE
from ivr.speech.recogniser import Models

STEP_BYTES = 320  # 20 ms
TAIL_BYTES = 4800  # 300 ms: what listening still hears before it ends an utterance
ACCOUNT_DIGITS, READING_DIGITS = 10, 8
BETWEEN_READINGS = timedelta(days=30)
MENU_KEYS = "12"


class BadRecording(Exception):
    """A file that is no usable recording; the text says why."""


class BadKnown(Exception):
    """The file of what is known cannot be read."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beforehand.

    numbers: active accounts, or previous readings for every file. by_file: previous readings by file name.
    """

    numbers: frozenset[str] = frozenset()
    by_file: Mapping[str, int] = field(default_factory=dict)

    def previous(self, file: Path) -> int | None:
        """The previous reading for a file; one that stands alone counts for all."""
        for name in (str(file), file.name, file.stem):
            if name in self.by_file:
                return self.by_file[name]
        return int(next(iter(self.numbers))) if len(self.numbers) == 1 else None


def known_from(file: Path) -> Known:
    """Read numbers, one a line or in the column `account` (else the first); or lines of file name and reading.

    Separators: comma, semicolon, tab, space. A first line without a digit is a heading. Raises BadKnown.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadKnown(f"{file}: {error}") from None
    lines = [line for line in text.splitlines() if line.strip()]
    mark = next((sign for sign in (";", ",", "\t", " ") if lines and sign in lines[0].strip()), ",")
    rows = [[cell.strip().strip('"') for cell in row] for row in csv.reader(lines, delimiter=mark)]
    column = 0
    if rows and not any(character.isdigit() for character in "".join(rows[0])):
        heading = [cell.lower() for cell in rows.pop(0)]
        column = heading.index("account") if "account" in heading else 0
    numbers: set[str] = set()
    by_file: dict[str, int] = {}
    for row in rows:
        cell = row[column] if column < len(row) else ""
        if cell.isascii() and cell.isdigit():
            numbers.add(cell)
        elif len(row) > 1 and row[1].isascii() and row[1].isdigit():
            by_file[cell] = int(row[1])
        else:
            raise BadKnown(f"{file}: «{mark.join(row)}» is neither a number nor a file and its reading")
    return Known(frozenset(numbers), by_file)


@dataclass(frozen=True, slots=True)
class Transcript:
    """One file. value: what the line would take to confirmation, None if it understands nothing.

    alternatives: other values, best first. ms_after_end: milliseconds from the last sample to the result.
    rtf: time taken by the duration of the recording.
    """

    file: str
    words: str
    value: str | None
    alternatives: tuple[str, ...]
    ms_after_end: float
    rtf: float


class Transcriber:
    """Transcribes file by file."""

    def __init__(self, models: Models, expects: Expects, digits: int | None, known: Known | None) -> None:
        """digits: of the account number or the meter."""
        self._models = models
        self._expects = expects
        self._digits = digits
        self._known = known

    async def transcribe(self, file: Path) -> Transcript:
        """Hear a file in 20 ms steps, as in a call. Raises BadRecording."""
        pcm = telephone_audio(file)
        began = time.perf_counter()
        utterance = self._models.hear(self._question())
        for at in range(0, len(pcm), STEP_BYTES):
            utterance.feed(pcm[at : at + STEP_BYTES])
        ended = time.perf_counter()
        utterance.feed(bytes(TAIL_BYTES))
        heard = utterance.finish()
        meaning = await self._interpreter(file).interpret(heard)
        done = time.perf_counter()
        value = self._value(meaning, heard)
        others = [other for other in (*meaning.rivals, *await self._others(file, heard, value)) if other != value]
        return Transcript(
            str(file),
            " ".join(heard[0].words) if heard else "",
            value,
            tuple(dict.fromkeys(others)),
            round((done - ended) * 1000, 1),
            round((done - began) / max(len(pcm) / (2 * TELEPHONE_RATE), 0.02), 4),
        )

    def _question(self) -> Question:
        return Question((), self._expects, MENU_KEYS, most_digits=self._digits or ACCOUNT_DIGITS)

    def _interpreter(self, file: Path, refused: Collection[str] = ()) -> Interpreter:
        match self._expects:
            case Expects.ACCOUNT:
                form = AccountFormat((self._digits or ACCOUNT_DIGITS,))
                return AccountInterpreter(form, self._active if self._known is not None else None, (), refused)
            case Expects.READING:
                previous = self._known.previous(file) if self._known is not None else None
                return reading_interpreter(self._digits or READING_DIGITS, previous, refused)
        return ChoiceInterpreter(MENU_KEYS, {})

    async def _active(self, numbers: Sequence[str]) -> frozenset[str]:
        assert self._known is not None
        return self._known.numbers.intersection(numbers)

    def _value(self, meaning: Interpretation, heard: Sequence[Hypothesis]) -> str | None:
        if self._expects is Expects.YES_NO:
            answer = yes_or_no(heard[0].words) if meaning.digits and heard else None
            return {Spoken.YES: "yes", Spoken.NO: "no"}[answer] if answer is not None else _command(meaning)
        if self._expects is Expects.ACCOUNT and self._known is not None and meaning.digits not in self._known.numbers:
            return _command(meaning)
        return meaning.digits or _command(meaning)

    async def _others(self, file: Path, heard: Sequence[Hypothesis], value: str | None) -> list[str]:
        if value is None or self._expects not in (Expects.ACCOUNT, Expects.READING):
            return []
        second = await self._interpreter(file, (value,)).interpret(heard)
        return [digits for digits in (second.digits, *second.rivals) if digits]


def reading_interpreter(digits: int, previous: int | None, refused: Collection[str] = ()) -> ReadingInterpreter:
    """Understands readings of one register whose last reading was `previous`, a month ago; None: unknown."""
    today = date.today()
    base = Reading(previous, today - BETWEEN_READINGS) if previous is not None else None
    register = Register(0, Zone.T1, digits, base, base)
    return ReadingInterpreter(Meter(0, "", (register,)), register, today, Limits(), refused)


def telephone_audio(file: Path) -> bytes:
    """Signed linear 16 bit mono at 8 kHz of a WAV file of any rate, width or number of channels; also A-law, u-law.

    Raises BadRecording.
    """
    try:
        width, channels, rate, data = _wav(file)
    except (OSError, EOFError, wave.Error) as error:
        raise BadRecording(f"{file}: {error or 'no WAV file'}") from None
    try:
        if width == 1:
            data = audioop.bias(data, 1, -128)
        if width != 2:
            data = audioop.lin2lin(data, width, 2)
        if channels == 2:
            data = audioop.tomono(data, 2, 0.5, 0.5)
        elif channels != 1:
            raise BadRecording(f"{file}: {channels} channels, one or two are understood")
        if rate != TELEPHONE_RATE:
            data, _ = audioop.ratecv(data, 2, 1, rate, TELEPHONE_RATE, None)
    except audioop.error as error:
        raise BadRecording(f"{file}: {error}") from None
    return data


def _wav(file: Path) -> tuple[int, int, int, bytes]:
    """Width in bytes, channels, rate and samples of a WAV file; A-law and u-law are unpacked."""
    head = file.read_bytes()
    at = head.find(b"fmt ", 0, 4096)
    form = int.from_bytes(head[at + 8 : at + 10], "little") if head[:4] == b"RIFF" and at > 0 else 1
    if form in (6, 7):
        channels = int.from_bytes(head[at + 10 : at + 12], "little")
        rate = int.from_bytes(head[at + 12 : at + 16], "little")
        start = head.find(b"data", at)
        packed = head[start + 8 : start + 8 + int.from_bytes(head[start + 4 : start + 8], "little")]
        return 2, channels, rate, (audioop.alaw2lin if form == 6 else audioop.ulaw2lin)(packed, 2)
    with wave.open(str(file), "rb") as sound:
        return (
            sound.getsampwidth(),
            sound.getnchannels(),
            sound.getframerate(),
            sound.readframes(sound.getnframes()),
        )


def _command(meaning: Interpretation) -> str | None:
    return meaning.command.value if meaning.command is not None else None
