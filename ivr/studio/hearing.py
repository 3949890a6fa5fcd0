"""The line's own recogniser listens to takes of numbers and commands: does it hear what is written?"""

from __future__ import annotations

import io
import multiprocessing
import re
import threading
import wave
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from ivr.domain.takes import Hearing
from ivr.speech.model_folder import BadModel, ModelFolder
from ivr.speech.wording import hush, meaning, question_for, words_heard

ANSWER_S = 20.0
"""Longest wait for the first answer, the loading of a model within it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of listening. words: the likeliest, "" where nothing was heard or nobody listened."""

    hearing: Hearing
    words: str = ""


class Listener:
    """One recogniser in a process of its own, started when it is first needed. Safe from any thread."""

    def __init__(self, model: Path | None) -> None:
        """model: folder of a Vosk model, None for none."""
        self._model = model.absolute() if model is not None else None
        self._pool: ProcessPoolExecutor | None = None
        self._turn = threading.Lock()

    def listen(self, wav: bytes, text: str) -> Heard:
        """Whether a published WAV says `text`, within ANSWER_S. Texts of other words are not judged."""
        wanted = re.findall(r"[а-яё]+", text.lower())
        expects = question_for(wanted)
        if expects is None:
            return Heard(Hearing.NOT_ASKED)
        if self._model is None:
            return Heard(Hearing.NO_MODEL)
        with wave.open(io.BytesIO(wav)) as source:
            pcm = source.readframes(source.getnframes())
        if not self._turn.acquire(timeout=ANSWER_S):
            return Heard(Hearing.NO_ANSWER)
        try:
            ModelFolder.inspect(self._model)
            if self._pool is None:
                self._pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=hush)
            found = self._pool.submit(words_heard, self._model, pcm, expects).result(ANSWER_S)
        except BadModel:
            return Heard(Hearing.NO_MODEL)
        except (BrokenProcessPool, TookTooLong):
            self._drop()
            return Heard(Hearing.NO_ANSWER)
        finally:
            self._turn.release()
        # Among number words a short one may come second behind a longer; that the right one is in question is enough.
        agreed = meaning(wanted) in map(meaning, found[:3])
        return Heard(Hearing.AGREED if agreed else Hearing.DIFFERED, " ".join(found[0]))

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
