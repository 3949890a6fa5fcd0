"""The catalogue of prompts: every text a caller can hear, read from ``prompts/<voice>.toml``.

A faulty file is refused whole, with file, line and id of what is wrong.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ivr.domain.faults import BadInput, BrokenFile
from ivr.domain.takes import ChangedText, TakeFault
from ivr.language.selected import LANGUAGE

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*/[a-z0-9]+(?:-[a-z0-9]+)*")
"""A prompt id is also a path below the folder of sounds, so nothing else may be in it."""

_LETTER, _VOWEL = f"[{LANGUAGE.letters}]", f"[{LANGUAGE.vowels}]"
_WORDS = re.compile(rf"{_LETTER}+(?:-{_LETTER}+)*", re.IGNORECASE)
_ANY = f"[{LANGUAGE.letters} .,!?:;—«»-]*"
_TEXT = re.compile(f"{_ANY}{_LETTER}{_ANY}", re.IGNORECASE)
_STRESSED = re.compile(rf"(?=.*\+)(?:{_LETTER}|-|\+(?={_VOWEL}))+")

LONGEST_TEXT = 600
SENTENCE_TAIL_MS = 200
PIECE_TAIL_MS = 60


class BadCatalogue(BrokenFile):
    """The catalogue cannot be used; the text names file, line and id."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One prompt.

    text: what is said, "" for a pause. spoken: the same for a synthesiser, "+" before the stressed vowel
    of a word it would get wrong. notes: how to say it. pause_ms: length of a pause, else 0.
    lead_ms, tail_ms: silence before the first and after the last sound, so that joined prompts keep their distance.
    """

    id: str
    text: str
    spoken: str
    notes: str
    pause_ms: int = 0
    lead_ms: int = 0
    tail_ms: int = SENTENCE_TAIL_MS

    @property
    def digest(self) -> str:
        """SHA-256 of what the audio must say; audio made for another digest is out of date."""
        said = self.spoken or f"pause {self.pause_ms} ms"
        return hashlib.sha256(said.encode()).hexdigest()


class TextProblem(StrEnum):
    """Why a prompt cannot say a text."""

    EMPTY = "empty"
    TOO_LONG = "too long"
    STRANGE_SIGNS = "strange signs"
    PAUSE = "pause"


@dataclass(eq=False)
class BadText(TakeFault, BadInput):
    """A text breaks the rules of the catalogue, or the prompt is a pause. signs: those that no text may hold."""

    problem: TextProblem
    signs: str = ""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Stress(_Part):
    words: list[str] = []


class _Prompt(_Part):
    text: str = ""
    pause_ms: int = Field(0, ge=0, le=5000)
    notes: str = ""
    lead_ms: int = Field(0, ge=0, le=1000)
    tail_ms: int = Field(SENTENCE_TAIL_MS, ge=0, le=1000)


class _Pieces(_Part):
    notes: str = ""
    tail_ms: int = Field(PIECE_TAIL_MS, ge=0, le=1000)
    texts: dict[str, str]


class _File(_Part):
    stress: _Stress = _Stress()
    prompts: dict[str, _Prompt] = {}
    pieces: dict[str, _Pieces] = {}


def load_catalogue(file: Path, changes: Mapping[str, ChangedText] | None = None) -> Mapping[str, Entry]:
    """Entries by id, in the order of the file. Raises BadCatalogue.

    changes: texts and notes that administrators changed; of prompts that the file has no more they are left out.
    """
    try:
        source = file.read_text(encoding="utf-8")
        parsed = _parsed(source)
    except OSError as error:
        raise BadCatalogue(f"{file}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadCatalogue(f"{file}: {error}") from error
    except ValidationError as error:
        wrong = error.errors()[0]
        place = [str(part) for part in wrong["loc"]]
        raise BadCatalogue(f"{_at(file, source, place)}: {' → '.join(place)}: {wrong['msg']}") from None

    stressed = _stressed_words(file, source, parsed.stress.words)
    entries: dict[str, Entry] = {}
    for key, entry in _entries(parsed, stressed):
        fault = _fault_of(entry, known=entry.id in entries)
        if fault:
            raise BadCatalogue(f"{_at(file, source, key)}: {entry.id}: {fault}")
        changed = (changes or {}).get(entry.id)
        if changed is not None and entry.text:
            spoken = _with_stress(changed.text, stressed)
            entry = replace(entry, text=changed.text, spoken=spoken, notes=changed.notes)
        entries[entry.id] = entry
    return entries


@lru_cache(maxsize=2)
def _parsed(source: str) -> _File:
    """By the contents of the file: every page of the prompts reads it, and it hardly ever changes."""
    return _File.model_validate(tomllib.loads(source))


def speakable(text: str) -> str:
    """`text` with single spaces. Raises BadText unless it follows the rules of the catalogue."""
    text = " ".join(text.split())
    if not text:
        raise BadText(TextProblem.EMPTY)
    if len(text) > LONGEST_TEXT:
        raise BadText(TextProblem.TOO_LONG)
    if not _TEXT.fullmatch(text):
        strange = sorted({sign for sign in text if not _TEXT.fullmatch(f"{LANGUAGE.letters[0]}{sign}")})
        raise BadText(TextProblem.STRANGE_SIGNS, " ".join(strange))
    return text


def _entries(parsed: _File, stressed: Mapping[str, str]) -> Iterator[tuple[list[str], Entry]]:
    """Every entry with its keys in the file."""
    for id_, prompt in parsed.prompts.items():
        yield (
            ["prompts", id_],
            Entry(
                id=id_,
                text=prompt.text,
                spoken=_with_stress(prompt.text, stressed),
                notes=prompt.notes,
                pause_ms=prompt.pause_ms,
                lead_ms=prompt.lead_ms,
                tail_ms=prompt.tail_ms,
            ),
        )
    for folder, pieces in parsed.pieces.items():
        for key, text in pieces.texts.items():
            spoken = _with_stress(text, stressed)
            yield ["pieces", folder, key], Entry(f"{folder}/{key}", text, spoken, pieces.notes, tail_ms=pieces.tail_ms)


def _fault_of(entry: Entry, *, known: bool) -> str:
    if not ID.fullmatch(entry.id):
        return "an id is folder/name in small Latin letters, digits and single hyphens"
    if known:
        return "stands twice in the catalogue"
    if bool(entry.text) == bool(entry.pause_ms):
        return "needs either text or pause_ms"
    if entry.text and not _TEXT.fullmatch(entry.text):
        return "text is words of the line's language and punctuation; numbers are written as words"
    return ""


def _stressed_words(file: Path, source: str, words: list[str]) -> Mapping[str, str]:
    for word in words:
        if not _STRESSED.fullmatch(word):
            where = _at(file, source, ["stress", word])
            raise BadCatalogue(f"{where}: stress: {word!r} is not a small word with + before the stressed vowel")
    return {word.replace("+", ""): word for word in words}


def _with_stress(text: str, stressed: Mapping[str, str]) -> str:
    """`text` with its marked words exchanged; a capital first letter does not matter to a synthesiser."""
    return _WORDS.sub(lambda found: stressed.get(found[0].lower(), found[0]), text)


def _at(file: Path, source: str, keys: list[str]) -> str:
    """File and line of a key: the last key's first appearance after those before it."""
    lines = source.splitlines()
    line = 0
    for key in keys:
        pattern = re.compile(rf"(?<![\w-]){re.escape(key)}(?![\w-])")
        line = next((number for number in range(line, len(lines)) if pattern.search(lines[number])), line)
    return f"{file}:{line + 1}"
