"""What recording prompts by telephone needs from the outside: a telephone that records, and the studio."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from ivr.dialogue.ports import Answer, Phrase, Question
from ivr.domain.journal.steps import Step
from ivr.domain.takes import Take
from ivr.domain.users import Person
from ivr.language.port import Intent


class Recorded(Enum):
    """How a recording ended; hanging up ends it too and raises HungUp."""

    ENDED = auto()  # by #, by silence or by its limit
    FAILED = auto()  # nothing could be written


@dataclass(frozen=True, slots=True)
class Card:
    """A prompt that is worked on.

    number: by which it is keyed. heard: callers hear something of it now. published: that is a take, and no prompt that
    came with the program. draft: the latest recording that nobody published, made since the published one; None if
    there is none. take: number of the published take, 0 if there is none. text: digest of the text as it was when the
    card was drawn.
    """

    number: int
    prompt: str
    heard: bool
    published: bool
    draft: Take | None
    take: int = 0
    text: str = ""


class RecordingCall(Protocol):
    """The person at the telephone; its methods are those of `ivr.dialogue.ports.Call`, and one more."""

    @property
    def id(self) -> str:
        """Name of the call in the journal."""

    @property
    def caller_number(self) -> str:
        """E.164 with +, "" where unknown."""

    async def say(self, *phrases: Phrase) -> Intent | None:
        """Play phrases to the end, or until a key, which then counts for the next question. Raises HungUp."""

    async def announce(self, *phrases: Phrase) -> None:
        """Play phrases to the very end, whatever is pressed; keys are forgotten. Raises HungUp."""

    async def ask(self, question: Question) -> Answer:
        """Ask, and wait for the answer. Raises HungUp."""

    async def record_prompt(self, name: str, longest_s: float) -> Recorded:
        """Give a tone and record under `name` until #, silence or the limit.

        Raises HungUp; what was said until then is kept under that name all the same.
        """

    def note(self, step: Step) -> None:
        """Write a step into the journal."""


class RecordingStudio(Protocol):
    """The studio, for one call. Every method raises StoreUnavailable, TakeFault or OSError within a limit.

    What changes something raises MayNotRecord once the person may not any more.
    """

    @property
    def longest_s(self) -> float:
        """Longest recording, seconds."""

    async def admit(self, number: int, pin: str) -> Person | None:
        """The speaker with this number and PIN; None if they may not record, or not now. Every failure counts."""

    async def card(self, number: int) -> Card | None:
        """The prompt with this number, None if there is none."""

    async def next_missing(self, after: int) -> Card | None:
        """The next prompt that waits for a recording, beginning anew at the end; None if all are recorded."""

    async def text(self, card: Card) -> Phrase:
        """A prompt that says the text as it is to be recorded; () where nothing can say it."""

    async def as_heard(self, take: Take) -> Phrase:
        """A prompt that plays a take as callers will hear it; () where it has no sound."""

    def name_recording(self, card: Card, person: Person) -> str:
        """A new name to record under."""

    async def keep(self, card: Card, person: Person, name: str) -> Take | None:
        """Make a draft of what was recorded under `name`, of the text of the card; None where nothing was.

        It is kept until this succeeds.
        """

    async def publish(self, take: Take, person: Person) -> None:
        """Let callers hear a take. Raises NotPublishable."""

    async def take_back(self, card: Card, person: Person) -> None:
        """Let callers hear what they heard before `card.take`. Raises NothingPublished, OtherPublished."""
