"""An engine of real processes for the length of a test, and callers on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ivr.dialogue.ports import Expects, Question
from ivr.speech.engine import Engine
from tests.voice.ears import MODEL
from tests.voice.said import TEXTS

SAID = TEXTS["reading-12345"]
READING = Question((), Expects.READING, most_digits=5)
PATIENT_S = 60.0  # tests share the processors with other tests
MANY = 1000


@asynccontextmanager
async def running(
    workers: int = 1, speakers: int = MANY, model: Path = MODEL, memory_mb: int = 1024, result_s: float = PATIENT_S
) -> AsyncIterator[Engine]:
    engine = Engine(model, workers, speakers, memory_mb=memory_mb, result_s=result_s)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


def ignore(words: tuple[str, ...]) -> None:
    """Partial words that do not matter."""


async def heard(engine: Engine, speech: bytes, question: Question = READING) -> str:
    utterance = engine.listen(question, ignore)
    assert utterance is not None
    for at in range(0, len(speech), 1280):
        utterance.feed(speech[at : at + 1280])
    return " ".join((await utterance.finish())[0].words)
