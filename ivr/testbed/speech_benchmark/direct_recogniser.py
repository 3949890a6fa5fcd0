"""The line's own recogniser, without the processes around it: many recordings at once, in threads."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TextIO

from ivr.dialogue.ports import Expects, Hypothesis, Question
from ivr.speech.recogniser import Models
from ivr.testbed.speech_sets import sound

STEP_MS = 80
"""Audio comes in such pieces while a question listens."""
KEPT = 100
"""Utterances whose results are kept for the next question they are said at."""


class LineRecogniser:
    """Hears whole utterances as the worker processes do; Vosk works outside Python's lock."""

    def __init__(self, models: Models, threads: int) -> None:
        self._models = models
        self._threads = ThreadPoolExecutor(threads)
        self._known: dict[tuple[Expects, bytes], tuple[Hypothesis, ...]] = {}

    @classmethod
    def of_folder(cls, folder: Path, threads: int) -> LineRecogniser:
        """Load a model. Raises BadModel."""
        return cls(Models(folder), threads)

    def __enter__(self) -> LineRecogniser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)

    async def hear(self, question: Question, pcm: bytes) -> tuple[Hypothesis, ...]:
        """What was said, best first."""
        # The grammars are the same for a menu and for yes or no.
        kind = Expects.CHOICE if question.expects is Expects.YES_NO else question.expects
        known = self._known.get((kind, pcm))
        if known is None:
            known = await asyncio.get_running_loop().run_in_executor(self._threads, self._heard, question, pcm)
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[kind, pcm] = known
        return known

    def _heard(self, question: Question, pcm: bytes) -> tuple[Hypothesis, ...]:
        utterance = self._models.hear(question)
        for piece in sound.blocks(pcm, STEP_MS):
            utterance.feed(piece)
        return utterance.finish()


@contextmanager
def without_native_warnings() -> Iterator[TextIO]:
    """Drop what native code writes to the standard error; what is written to the file given still comes there.

    Vosk warns of every lattice with "[unk]" in it, whatever its log level.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        with os.fdopen(os.dup(kept), "w", buffering=1) as outside:
            yield outside
    finally:
        os.dup2(kept, 2)
        os.close(kept)
