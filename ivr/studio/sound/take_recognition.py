"""The line's own recogniser listens to takes of numbers and commands: does it hear what is written?"""

from __future__ import annotations

import io
import multiprocessing
import re
import threading
import wave
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from ivr.dialogue.ports import Expects
from ivr.domain.takes import Hearing
from ivr.language.selected import LANGUAGE
from ivr.speech.model_folder import BadModel, ModelFolder
from ivr.speech.word_check import hush, meaning, question_for, words_heard

ANSWER_S = 20.0
"""Longest wait for the first answer, the loading of a model within it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of listening. words: the likeliest, "" where nothing was heard or nobody listened."""

    hearing: Hearing
    words: str = ""


def spoken_words(text: str) -> list[str]:
    """The words of a text, small."""
    return re.findall(f"[{LANGUAGE.letters}]+", text.lower())


def agrees(wanted: Sequence[str], found: Sequence[tuple[str, ...]]) -> bool:
    """Whether the wanted words are among the three likeliest that were heard."""
    return meaning(wanted) in map(meaning, found[:3])


class Listener:
    """One recogniser in a process of its own, started when it is first needed. Safe from any thread."""

    def __init__(self, model: Path | None) -> None:
        """model: folder of a Vosk model, None for none."""
        self._model = model.absolute() if model is not None else None
        self._pool: ProcessPoolExecutor | None = None
        self._turn = threading.Lock()

    def listen(self, wav: bytes, text: str) -> Heard:
        """Whether a published WAV says `text`, within ANSWER_S. Texts of other words are not judged."""
        wanted = spoken_words(text)
        expects = question_for(wanted)
        if expects is None:
            return Heard(Hearing.NOT_ASKED)
        with wave.open(io.BytesIO(wav)) as source:
            pcm = source.readframes(source.getnframes())
        found = self.words(pcm, expects)
        if isinstance(found, Hearing):
            return Heard(found)
        # Among number words a short one may come second behind a longer; that the right one is in question is enough.
        return Heard(Hearing.AGREED if agrees(wanted, found) else Hearing.DIFFERED, " ".join(found[0]))

    def words(self, pcm: bytes, expects: Expects) -> tuple[tuple[str, ...], ...] | Hearing:
        """What 16 bit samples at 8 kHz say, the likeliest first; NO_MODEL or NO_ANSWER where nobody listened."""
        if self._model is None:
            return Hearing.NO_MODEL
        if not self._turn.acquire(timeout=ANSWER_S):
            return Hearing.NO_ANSWER
        try:
            ModelFolder.inspect(self._model)
            if self._pool is None:
                self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=hush)
            return self._pool.submit(words_heard, self._model, pcm, expects).result(ANSWER_S)
        except BadModel:
            return Hearing.NO_MODEL
        except (BrokenProcessPool, TookTooLong):
            self._drop()
            return Hearing.NO_ANSWER
        finally:
            self._turn.release()

    def _drop(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            for process in list((pool._processes or {}).values()):
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the process. It starts again when it is needed."""
        with self._turn:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)
