"""What a flow needs from the outside: a caller to talk to and a store to ask.

A flow knows no AGI word, no table and no file name; the ports below are its whole world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from ivr.domain.accounts import Account
from ivr.domain.callbacks import OutageCallbackRequest
from ivr.domain.faults import Signal
from ivr.domain.journal.steps import Step
from ivr.domain.journal.words import Next as Next
from ivr.domain.outages import Outage, Trouble
from ivr.intake.ports import Accounts, Readings
from ivr.language.port import Intent

Phrase = tuple[str, ...]
"""Prompt ids played one after the other; the first names the phrase in the journal, the rest are its values."""


class HungUp(Signal):
    """The caller is gone; it ends every flow."""


class Expects(StrEnum):
    """What kind of answer a question wants."""

    ACCOUNT = "account"
    READING = "reading"
    CHOICE = "choice"
    YES_NO = "yesno"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What a recogniser may have heard.

    words: lower case, «ё» kept, "[unk]" for speech that is none of the expected words; () for silence.
    cost: how much worse than the best one, natural logarithm of likelihood, 0 for the best.
    """

    words: tuple[str, ...]
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What the caller's words mean for one question.

    digits: the key of a choice, or the number that clearly wins, as text; "" if there is none.
    rivals: other numbers nearly as likely, best first; a caller chooses between `digits` and them.
    offered: `digits` differs from what was heard by one digit: it may be offered, never taken.
    complete: nothing need follow, so that the utterance may end soon.
    fraction_dropped: a fraction was heard and left out.
    intent: what the caller asked for instead of an answer.
    after_no: what was said after the no to a confirmation, if a number is in it: the value as it should be.
    """

    digits: str = ""
    rivals: tuple[str, ...] = ()
    offered: bool = False
    complete: bool = False
    fraction_dropped: bool = False
    intent: Intent | None = None
    after_no: tuple[Hypothesis, ...] = ()

    @property
    def understood(self) -> bool:
        """Whether there is an answer or a command."""
        return bool(self.digits) or self.intent is not None


class Interpreter(Protocol):
    """Finds out what words mean, by what is known about the caller."""

    async def interpret(self, heard: Sequence[Hypothesis]) -> Interpretation:
        """The meaning of what was heard so far. Cheap enough to be asked ten times a second; raises nothing."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question and how its answer ends.

    prompts: phrases to play; keys count from the first sound on.
    expects: kind of answer. choices: keys of a CHOICE or YES_NO; one acts at once.
    most_digits: longest ACCOUNT or READING; at this length the answer ends by itself.
    may_start_with_zero: whether a leading 0 can begin the number; else it leaves for the hotline at once.
    no_input_s: silence after the prompts before the answer counts as missing.
    type_ahead: whether keys pressed before this question began belong to it.
    interpreter: what to make of spoken words; None: only those that call for the hotline or a person count.
    spoken: phrases of a CHOICE and the key each stands for («другой счёт» -> "2"), beside yes, no and commands.
    barge_in: whether speech stops the prompts and counts from their beginning; else, at a confirmation, only a call
    for people does, and keys.
    secret: the answer is a PIN: the journal does not keep it.
    in_full: prompts for a caller who asks to hear the question again, where `prompts` is only its end; (): `prompts`.
    """

    prompts: tuple[Phrase, ...]
    expects: Expects
    choices: str = ""
    most_digits: int = 0
    may_start_with_zero: bool = True
    no_input_s: float = 7.0
    type_ahead: bool = True
    interpreter: Interpreter | None = None
    spoken: Mapping[str, str] = field(default_factory=dict)
    barge_in: bool = True
    secret: bool = False
    in_full: tuple[Phrase, ...] = ()


class Ending(StrEnum):
    """How a question ended, unless the caller asked for something else: then an `Intent` ends it."""

    ANSWER = "answer"
    NO_INPUT = "no-input"
    NO_RECOGNISER = "keys-only"
    """The caller spoke, but no recogniser was free, or it was lost: this is nobody's failure."""
    NOT_UNDERSTOOD = "not-understood"
    """A wrong key, an end without a number, one repetition too many, or words without a meaning."""
    OVERRUN = "overrun"
    """The number before was typed longer than it could be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the caller gave.

    digits: the key or the number, "" unless `ended` is ANSWER or NOT_UNDERSTOOD.
    by_voice: said, not keyed; `meaning` tells rivals, offers and a dropped fraction.
    words: what the recogniser heard best, for the journal.
    audio: the caller's utterance, signed linear 16 bit little-endian, 8 kHz, at most 20 s; b"" if keyed.
    """

    ended: Ending | Intent
    digits: str = ""
    by_voice: bool = False
    meaning: Interpretation = Interpretation()
    words: str = ""
    audio: bytes = field(default=b"", repr=False)


class Call(Protocol):
    """The caller at the other end of the line."""

    @property
    def id(self) -> str:
        """Name of the call in journal, variables and readings."""

    @property
    def caller_number(self) -> str:
        """E.164 with +, "" where unknown."""

    async def say(self, *phrases: Phrase) -> Intent | None:
        """Play phrases to the end, or until a key, which then counts for the next question. Raises HungUp.

        HOTLINE or OPERATOR, spoken meanwhile, stops them and is returned; other words stop nothing.
        """

    async def announce(self, *phrases: Phrase) -> None:
        """Play phrases to the very end, whatever is pressed; keys are forgotten. Raises HungUp."""

    @property
    def waiting_keys(self) -> str:
        """Keys pressed that no question has taken yet."""

    async def ask(self, question: Question) -> Answer:
        """Ask, and wait for the answer. Raises HungUp."""

    async def record(self, *phrases: Phrase, no_input_s: float, longest_s: float) -> Answer:
        """Play phrases and keep what is said then, which nobody need understand: ANSWER with `audio`, trimmed.

        It ends by two seconds of silence, ``#`` or `longest_s`. NO_INPUT if nobody speaks for `no_input_s`,
        NO_RECOGNISER where the line brings no audio, HOTLINE and OPERATOR by key or word. Raises HungUp.
        """

    async def keep_voice(self, audio: bytes) -> str:
        """Keep an utterance (`Answer.audio`) as wav; its path below the recordings folder, "" if it cannot be kept."""

    @property
    def hears(self) -> bool:
        """Whether the line understands speech now; False: keys only."""

    def keys_only(self) -> None:
        """Answers are keys from here on: the caller is not understood. Calls for people by voice still count."""

    def note(self, step: Step) -> None:
        """Write a step into the journal."""

    def in_danger(self) -> None:
        """Tell the dialplan to put this caller before all others in the queue."""

    def about(self, account: Account | None) -> None:
        """Tell the operator the caller's probable account, by the caller ID; None: that account is wrong."""

    def identified(self, account: Account) -> None:
        """Set the account of the call in the journal and the channel variables."""

    def told_of(self, outage: Outage, told: str) -> None:
        """Tell the operator which outage the caller has heard of. told: its text, without commas."""

    def reported(self, trouble: Trouble, number: str = "") -> None:
        """Tell whoever takes the call what the caller reports. number: of the stored report, "" if there is none."""


class Ledger(Accounts, Readings, Protocol):
    """Accounts and their readings. Every method raises StoreUnavailable within its time limit."""


class Callbacks(Protocol):
    """Stores requests for call-backs. Raises StoreUnavailable within its time limit."""

    async def ask_after_outage(self, request: OutageCallbackRequest) -> None:
        """Request a call-back at the end of an outage; a second request from the same number adds none."""
