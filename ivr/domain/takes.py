"""Takes: recordings of prompts, what is measured on them, and why one is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from ivr.domain.faults import Conflict, Fault, NotFound, Refused


class TakeState(StrEnum):
    """Where a take stands. withdrawn: taken back, or replaced by a later one."""

    DRAFT = "draft"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class How(StrEnum):
    """Which way a take came in."""

    PHONE = "phone"
    BROWSER = "browser"
    FILE = "file"
    SYNTHESIS = "synthesis"


class Reason(StrEnum):
    """Why a take is refused."""

    UNDECODABLE = "undecodable"
    TOO_LARGE = "too large"
    TOO_LONG = "too long"
    SILENCE = "silence"
    CUT_OFF = "cut off"
    CLIPPING = "clipping"
    TOO_QUIET = "too quiet"
    TOO_NOISY = "too noisy"
    TOO_SHORT_FOR_TEXT = "too short for its text"
    TOO_LONG_FOR_TEXT = "too long for its text"
    OTHER_WORDS = "other words"
    OLD_TEXT = "old text"  # told when it is published: what the text is may change after the take


HARD = frozenset({Reason.UNDECODABLE, Reason.TOO_LARGE, Reason.TOO_LONG, Reason.SILENCE})
"""Nobody can insist on these: there is nothing that a caller could hear."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason with what was found and what was wanted, "" where the reason has none or it is not known.

    dB, seconds, megabytes, how often it clips, or the words. Takes of earlier versions hold figures as texts.
    """

    reason: Reason
    found: float | str = ""
    wanted: float | str = ""

    @property
    def hard(self) -> bool:
        """Whether nobody can insist on publishing all the same."""
        return self.reason in HARD


class Hearing(StrEnum):
    """Whether the recogniser listened to a take."""

    NOT_ASKED = "not asked"  # only numbers and commands are words that it knows
    AGREED = "agreed"
    DIFFERED = "differed"
    NO_MODEL = "no model"
    NO_ANSWER = "no answer"  # it broke down or took too long


@dataclass(frozen=True, slots=True)
class Checks:
    """What was measured. length_ms: of the prompt as published. level_db, peak_db: as recorded, dBFS.

    snr_db: speech over background, None where no background is heard. clipped: times that the sound hit the ceiling.
    heard: the recogniser's words, "" where it did not listen.
    """

    length_ms: int = 0
    level_db: float | None = None
    peak_db: float | None = None
    snr_db: float | None = None
    clipped: int = 0
    hearing: Hearing = Hearing.NOT_ASKED
    heard: str = ""
    refusals: tuple[Refusal, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether something speaks against publishing."""
        return bool(self.refusals)

    @property
    def hard(self) -> bool:
        """Whether it can never be published."""
        return any(refusal.hard for refusal in self.refusals)

    def stored(self) -> dict[str, Any]:
        """As JSON holds it."""
        refusals = [{"reason": one.reason.value, "found": one.found, "wanted": one.wanted} for one in self.refusals]
        return {
            "length_ms": self.length_ms,
            "level_db": self.level_db,
            "peak_db": self.peak_db,
            "snr_db": self.snr_db,
            "clipped": self.clipped,
            "hearing": self.hearing.value,
            "heard": self.heard,
            "refusals": refusals,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Checks:
        """From what JSON holds. Raises KeyError, ValueError."""
        refusals = tuple(Refusal(Reason(one["reason"]), one["found"], one["wanted"]) for one in stored["refusals"])
        return cls(
            length_ms=stored["length_ms"],
            level_db=stored["level_db"],
            peak_db=stored["peak_db"],
            snr_db=stored["snr_db"],
            clipped=stored["clipped"],
            hearing=Hearing(stored["hearing"]),
            heard=stored["heard"],
            refusals=refusals,
        )


@dataclass(frozen=True, slots=True)
class Take:
    """One recording of one prompt in one voice.

    master: unguessable name of the stored recording and its sound. text: digest of the text that
    the speaker had to read. audio: SHA-256 of the processed sound, "" where processing failed. publication: its
    publication order within its prompt and voice, None before publication and after withdrawal.
    """

    id: int
    prompt_id: str
    voice: str
    state: TakeState
    how: How
    made_by: str
    made_at: datetime
    master: str
    text: str
    audio: str
    publication: int | None
    checks: Checks

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What speaks against publishing it."""
        return self.checks.refusals


@dataclass(frozen=True, slots=True)
class NewTake:
    """A take that has no number yet; fields as in Take."""

    prompt_id: str
    voice: str
    how: How
    made_by: str
    made_at: datetime
    master: str
    text: str
    audio: str
    checks: Checks


@dataclass(frozen=True, slots=True)
class ChangedText:
    """What an administrator made of a prompt's text and of the note on how to say it."""

    text: str
    notes: str


class TakeFault(Fault):
    """What was asked of prompts and their takes cannot be done."""


@dataclass(eq=False)
class NoSuchTake(TakeFault, NotFound, LookupError):
    """There is no take of this number."""

    take: int


@dataclass(eq=False)
class NotPublishable(TakeFault, Refused):
    """Its checks speak against it. refusals: all of them."""

    refusals: tuple[Refusal, ...]

    def __str__(self) -> str:
        """The reasons, without the words that somebody said."""
        return " ".join((type(self).__name__, *(refusal.reason.name for refusal in self.refusals)))


class NothingPublished(TakeFault, NotFound):
    """No take of the prompt is published in this voice."""


class MayNotRecord(TakeFault, Refused):
    """An administrator closed the account of the speaker, or changed their role, during the call."""


@dataclass(eq=False)
class OtherPublished(TakeFault, Conflict):
    """Another take is published than the one that was to be taken back. take: that other one."""

    take: int
