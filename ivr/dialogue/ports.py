"""What a flow needs from the outside: a caller to talk to and a store to ask.

A flow knows no AGI word, no table and no file name; the ports below are its whole world.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from ivr.domain.accounts import Account
from ivr.domain.readings import Submission

Phrase = tuple[str, ...]
"""Prompt ids played one after the other; the first names the phrase in the journal, the rest are its values."""


class HungUp(Exception):
    """The caller is gone; it ends every flow."""


class Expects(StrEnum):
    """What kind of answer a question wants."""

    ACCOUNT = "account"
    READING = "reading"
    CHOICE = "choice"
    YES_NO = "yesno"


@dataclass(frozen=True, slots=True)
class Question:
    """One question and how its answer ends.

    prompts: phrases to play; keys count from the first sound on.
    expects: kind of answer. choices: keys of a CHOICE or YES_NO; one acts at once.
    most_digits: longest ACCOUNT or READING; at this length the answer ends by itself.
    may_start_with_zero: whether a leading 0 can begin the number; else it leaves for the hotline at once.
    no_input_s: silence after the prompts before the answer counts as missing.
    type_ahead: whether keys pressed before this question began belong to it.
    """

    prompts: tuple[Phrase, ...]
    expects: Expects
    choices: str = ""
    most_digits: int = 0
    may_start_with_zero: bool = True
    no_input_s: float = 7.0
    type_ahead: bool = True


class Heard(StrEnum):
    """How a question ended."""

    ANSWER = "answer"
    NOTHING = "no-input"
    NOT_UNDERSTOOD = "not-understood"  # a wrong key, an end without a number, one repetition too many
    OVERRUN = "overrun"  # the number before was typed longer than it could be
    HOTLINE = "hotline"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gave: `digits` is the key or the number, "" unless `heard` is ANSWER or NOT_UNDERSTOOD."""

    heard: Heard
    digits: str = ""


class Next(StrEnum):
    """What the dialplan does with the call afterwards; the value of the channel variable IVR_NEXT."""

    HOTLINE = "hotline"
    OPERATOR = "operator"
    MESSAGE = "message"
    HANGUP = "hangup"


class Outcome(StrEnum):
    """How a call ended, in the journal."""

    STORED = "stored"
    NOTHING = "nothing"
    HOTLINE = "hotline"
    OPERATOR = "operator"
    MESSAGE = "message"


class Call(Protocol):
    """The caller at the other end of the line."""

    @property
    def id(self) -> str:
        """Name of the call in journal, variables and readings."""

    @property
    def caller_number(self) -> str:
        """E.164 with +, "" where unknown."""

    async def say(self, *phrases: Phrase) -> None:
        """Play phrases to the end, or until a key, which then counts for the next question. Raises HungUp."""

    async def announce(self, *phrases: Phrase) -> None:
        """Play phrases to the very end, whatever is pressed; keys are forgotten. Raises HungUp."""

    @property
    def waiting_keys(self) -> str:
        """Keys pressed that no question has taken yet."""

    async def ask(self, question: Question) -> Answer:
        """Ask, and wait for the answer. Raises HungUp."""

    def note(self, kind: str, detail: str = "") -> None:
        """Write a step into the journal: `kind` a fixed word, `detail` what was given or decided."""

    def identified(self, account: Account) -> None:
        """Tell journal and channel variables whose call this is."""


class Ledger(Protocol):
    """Accounts and their readings. Every method raises StoreUnavailable within its time limit."""

    async def accounts_of_phone(self, phone: str) -> Sequence[Account]:
        """Accounts that list this E.164 number, at most three."""

    async def account(self, number: str) -> Account | None:
        """The account with this number, its meters in use and their histories."""

    async def any_starts_with_zero(self) -> bool:
        """Whether an account number with a leading zero exists."""

    async def keep(self, submission: Submission) -> str:
        """Store a meter's readings, all or none, and return the receipt number (the call's, digits only)."""


class Clock(Protocol):
    """The time where the customers live."""

    def now(self) -> datetime:
        """Aware local time."""
