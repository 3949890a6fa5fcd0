"""The recogniser alone: stock Vosk with the model's own grammar, no alternatives, no worker processes."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

import vosk

from ivr.dialogue.ports import Hypothesis, Question
from ivr.speech.benchmark import sound

KEPT = 100
"""Utterances whose result is kept for the next question they are said at."""


class PlainRecogniser:
    """One KaldiRecognizer an utterance, in 20 ms steps; a thread for each processor."""

    def __init__(self, model: Path, threads: int) -> None:
        """Raises OSError if the folder holds no model that Vosk can load."""
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(model_path=str(model))
        except Exception as error:
            raise OSError(f"{model}: no model that Vosk can load") from error
        self._threads = ThreadPoolExecutor(threads)
        self._heard_already: dict[bytes, tuple[Hypothesis, ...]] = {}

    def __enter__(self) -> PlainRecogniser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()

    async def hear(self, question: Question, pcm: bytes) -> tuple[Hypothesis, ...]:
        """What was said; the question makes no difference."""
        if pcm not in self._heard_already:
            if len(self._heard_already) > KEPT:
                self._heard_already.clear()
            heard = await asyncio.get_running_loop().run_in_executor(self._threads, self._heard, pcm)
            self._heard_already[pcm] = heard
        return self._heard_already[pcm]

    def _heard(self, pcm: bytes) -> tuple[Hypothesis, ...]:
        recogniser = vosk.KaldiRecognizer(self._model, sound.RATE)
        words: list[str] = []
        for packet in sound.blocks(pcm, sound.PACKET_MS):
            if recogniser.AcceptWaveform(packet):
                words += json.loads(recogniser.Result())["text"].split()
        words += json.loads(recogniser.FinalResult())["text"].split()
        return (Hypothesis(tuple(words)),)
