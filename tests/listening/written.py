"""Ears that hear, and an interpreter that understands, what is written in the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ivr.dialogue.ports import Expects, Hypothesis, Interpretation, Question
from ivr.listening.recogniser_port import RecogniserLost


@dataclass
class WrittenUtterance:
    """Hears what the test says it hears."""

    on_partial: Callable[[tuple[str, ...]], None]
    final: tuple[Hypothesis, ...]
    fails: bool
    fed: bytes = b""
    finished: bool = False
    abandoned: bool = False
    undecoded: int = 0
    lost: bool = False

    def feed(self, pcm: bytes) -> None:
        self.fed += pcm

    async def finish(self) -> tuple[Hypothesis, ...]:
        self.finished = True
        if self.fails:
            raise RecogniserLost
        return self.final

    def abandon(self) -> None:
        self.abandoned = True


@dataclass
class WrittenEars:
    available: bool = True
    full: bool = False
    fails: bool = False
    final: tuple[Hypothesis, ...] = (Hypothesis(()),)
    utterances: list[WrittenUtterance] = field(default_factory=list)
    questions: list[Expects] = field(default_factory=list)

    def listen(self, question: Question, on_partial: Callable[[tuple[str, ...]], None]) -> WrittenUtterance | None:
        if self.full:
            return None
        self.questions.append(question.expects)
        self.utterances.append(WrittenUtterance(on_partial, self.final, self.fails))
        return self.utterances[-1]


@dataclass
class WrittenMeanings:
    """Interprets by a list: words and what they mean."""

    meanings: dict[str, Interpretation]

    async def interpret(self, heard: Sequence[Hypothesis]) -> Interpretation:
        return self.meanings.get(" ".join(heard[0].words), Interpretation()) if heard else Interpretation()
