"""Which words a short recording holds, in a process of its own: a check of prompts, not of callers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from ivr.dialogue.ports import Expects, Question
from ivr.language.port import Intent
from ivr.language.selected import LANGUAGE
from ivr.speech.recogniser import Models

STEP_BYTES = 320  # 20 ms, as a telephone sends
SILENCE_AROUND = bytes(8000)  # half a second of quiet

_COMMAND_WORDS = frozenset(word for intent in Intent for phrase in LANGUAGE.words(intent) for word in phrase.split())


def question_for(words: Sequence[str]) -> Expects | None:
    """The question whose answer these words could be; None where the recogniser does not know them all."""
    if not words:
        return None
    if LANGUAGE.seldom_words.intersection(words):
        return None
    if all(word in LANGUAGE.every_number_word for word in words):
        return Expects.READING
    return Expects.CHOICE if all(word in _COMMAND_WORDS for word in words) else None


def meaning(words: Sequence[str]) -> tuple[str, ...]:
    """Words in the form in which they are compared: «два» and «две», «ё» and «е», all of «тысяча» are the same."""
    return tuple(map(LANGUAGE.same, words))


def hush() -> None:
    """Keep Vosk's warnings out of the terminal; for the start of a worker process."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    os.close(nothing)


def words_heard(model: Path, pcm: bytes, expects: Expects) -> tuple[tuple[str, ...], ...]:
    """What 16 bit samples at 8 kHz say, the likeliest first. Runs in a worker process. Raises BadModel."""
    utterance = _models(model).hear(Question((), expects))
    heard = SILENCE_AROUND + pcm + SILENCE_AROUND
    for at in range(0, len(heard), STEP_BYTES):
        utterance.feed(heard[at : at + STEP_BYTES])
    return tuple(hypothesis.words for hypothesis in utterance.finish())


@cache
def _models(model: Path) -> Models:
    return Models(model)
