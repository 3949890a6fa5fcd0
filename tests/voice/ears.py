"""The shipped model in this process: what the recogniser's processes do, done at once, so that nothing depends on time.

That the processes do it is proven by tests/speech.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache

from ivr.config import REPOSITORY
from ivr.dialogue.ports import Hypothesis, Question
from ivr.listening.recogniser_port import RecogniserLost
from ivr.speech import recogniser
from ivr.speech.recogniser import Models
from ivr.speech.worker import PIECE_BYTES

MODEL = REPOSITORY / "speech_models" / "ru-phone"


@cache
def shipped() -> Models:
    """Loaded once: it takes a second."""
    return Models(MODEL)


class OwnUtterance:
    """Decodes what it is fed at once, piece by piece as a process does; words are told in the event loop."""

    undecoded = 0
    lost = False

    def __init__(self, utterance: recogniser.Utterance, on_partial: Callable[[tuple[str, ...]], None]) -> None:
        self._utterance = utterance
        self._on_partial = on_partial
        self._words: tuple[str, ...] = ()
        self._over = False

    def feed(self, pcm: bytes) -> None:
        for at in range(0, len(pcm), PIECE_BYTES):
            self._utterance.feed(pcm[at : at + PIECE_BYTES])
            words = self._utterance.partial
            if words != self._words:
                self._words = words
                asyncio.get_running_loop().call_soon(self._tell, words)

    async def finish(self) -> tuple[Hypothesis, ...]:
        self._over = True
        return self._utterance.finish()

    def abandon(self) -> None:
        self._over = True

    def _tell(self, words: tuple[str, ...]) -> None:
        if not self._over:
            self._on_partial(words)


class OwnEars:
    """Implements `ivr.listening.recogniser_port.Ears`; there is always room."""

    available = True

    def __init__(self) -> None:
        self._models = shipped()

    def listen(self, question: Question, on_partial: Callable[[tuple[str, ...]], None]) -> OwnUtterance:
        return OwnUtterance(self._models.hear(question), on_partial)


class LostUtterance(OwnUtterance):
    """Nobody will ever know what was said once a second of it was fed."""

    _fed = 0

    def feed(self, pcm: bytes) -> None:
        self._fed += len(pcm)
        self.lost = self._fed > 16000
        if not self.lost:
            super().feed(pcm)

    async def finish(self) -> tuple[Hypothesis, ...]:
        if self.lost:
            raise RecogniserLost
        return await super().finish()


class EarsLostAtFirst(OwnEars):
    """The recogniser of the first utterance dies in the middle of it; another takes its place."""

    def __init__(self) -> None:
        super().__init__()
        self._died = False

    def listen(self, question: Question, on_partial: Callable[[tuple[str, ...]], None]) -> OwnUtterance:
        if self._died:
            return super().listen(question, on_partial)
        self._died = True
        return LostUtterance(self._models.hear(question), on_partial)
