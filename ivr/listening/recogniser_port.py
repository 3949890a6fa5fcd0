"""What listening needs of a speech recogniser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ivr.dialogue.ports import Hypothesis, Question
from ivr.domain.faults import Unavailable


class RecogniserLost(Unavailable):
    """The recogniser of this utterance died, hangs or is overloaded: this question is answered by keys."""


class Utterance(Protocol):
    """One stretch of a caller's speech, being recognised."""

    @property
    def undecoded(self) -> int:
        """Bytes that were fed and are not recognised yet, as far as is known: the words so far are older than they."""

    @property
    def lost(self) -> bool:
        """Whether no result will come: the recogniser died or dropped the utterance."""

    def feed(self, pcm: bytes) -> None:
        """Take in signed linear 16 bit little-endian audio, 8 kHz. Never blocks."""

    async def finish(self) -> tuple[Hypothesis, ...]:
        """End the audio; the hypotheses, best first; words () for silence. Raises EarsLost within its time limit."""

    def abandon(self) -> None:
        """Discard the result and free its resources. Safe to repeat, also after `finish`."""


class RecogniserPort(Protocol):
    """A recogniser for many callers at once."""

    def listen(self, question: Question, on_partial: Callable[[tuple[str, ...]], None]) -> Utterance | None:
        """Begin an utterance that answers `question`; None where all recognisers are taken (keys only, then).

        `on_partial` is called in the event loop with the words so far whenever they change.
        """

    @property
    def available(self) -> bool:
        """Whether there is a model, a living worker, and room for one more caller."""
