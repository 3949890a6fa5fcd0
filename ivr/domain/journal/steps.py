"""What can happen in a call: one value for each kind of step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ivr.domain.journal.words import Failure, Next, Refused, StepKind, TurnEnd
from ivr.domain.judgement import Verdict
from ivr.domain.meters import Zone
from ivr.domain.outages import Cause, Scope, Trouble


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened in a call; each kind is a subclass."""

    kind: ClassVar[StepKind]


@dataclass(frozen=True, slots=True)
class PromptBegan(Step):
    """The line began to say a phrase.

    prompt: id of the prompt that names the phrase.
    pieces: ids of the prompts that follow it: digits, dates, amounts.
    """

    kind: ClassVar[StepKind] = StepKind.PROMPT
    prompt: str
    pieces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeysPressed(Step):
    """The caller's turn at a question, by keys.

    ended: how the turn ended.
    given: the keys that were pressed, "" for none, and for a PIN.
    """

    kind: ClassVar[StepKind] = StepKind.KEYS
    ended: TurnEnd
    given: str = ""


@dataclass(frozen=True, slots=True)
class YesOrNoPressed(Step):
    """The caller's turn at a question for yes or no, by keys.

    ended: how the turn ended.
    given: 1 for yes, 2 for no, other keys as pressed; "" for none.
    """

    kind: ClassVar[StepKind] = StepKind.YES_NO
    ended: TurnEnd
    given: str = ""


@dataclass(frozen=True, slots=True)
class Said(Step):
    """The caller spoke.

    ended: how the turn ended.
    given: the key or the number that was meant, "" for none.
    words: the words that the recogniser heard best, "" where they were not kept.
    """

    kind: ClassVar[StepKind] = StepKind.VOICE
    ended: TurnEnd
    given: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class AddressRecorded(Step):
    """The caller was asked to say an address that is only recorded.

    ended: how the turn ended.
    """

    kind: ClassVar[StepKind] = StepKind.RECORDED
    ended: TurnEnd


@dataclass(frozen=True, slots=True)
class Corrected(Step):
    """The caller said no, and with it the right number.

    given: the number.
    """

    kind: ClassVar[StepKind] = StepKind.CORRECTED
    given: str


@dataclass(frozen=True, slots=True)
class Identified(Step):
    """The caller confirmed an account."""

    kind: ClassVar[StepKind] = StepKind.IDENTIFIED


@dataclass(frozen=True, slots=True)
class GreetedShortly(Step):
    """The caller heard the short greeting, because many waited."""

    kind: ClassVar[StepKind] = StepKind.GREETING


@dataclass(frozen=True, slots=True)
class ReadingJudged(Step):
    """A value of one register was judged.

    zone: of the register.
    verdict: what the value looked like.
    """

    kind: ClassVar[StepKind] = StepKind.JUDGED
    zone: Zone
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class SimilarNumbers(Step):
    """Several numbers sounded alike, and the caller is asked which they meant.

    numbers: account numbers or readings, the likeliest first.
    """

    kind: ClassVar[StepKind] = StepKind.CLOSE
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReadingsStored(Step):
    """The readings of one meter were stored.

    values: in the order in which they were given.
    """

    kind: ClassVar[StepKind] = StepKind.STORED
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OutageTold(Step):
    """The caller heard of an outage.

    outage: its id.
    scope: how much of the town it covered then.
    cause: what was told as its cause; None where it was told as a suspicion.
    """

    kind: ClassVar[StepKind] = StepKind.OUTAGE
    outage: int
    scope: Scope
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class CallbackAgreed(Step):
    """The caller gets a call-back when an outage is over.

    outage: its id.
    """

    kind: ClassVar[StepKind] = StepKind.CALLBACK_AGREED
    outage: int


@dataclass(frozen=True, slots=True)
class OutageReported(Step):
    """A report of the caller was stored.

    number: as the caller is told it, digits only.
    trouble: what was reported.
    """

    kind: ClassVar[StepKind] = StepKind.REPORTED
    number: str
    trouble: Trouble


@dataclass(frozen=True, slots=True)
class HandedBack(Step):
    """The dialogue gave the call back to the dialplan.

    to: where the dialplan takes it.
    """

    kind: ClassVar[StepKind] = StepKind.HANDED_BACK
    to: Next


@dataclass(frozen=True, slots=True)
class CallerHungUp(Step):
    """The caller hung up before the dialogue was over."""

    kind: ClassVar[StepKind] = StepKind.HUNG_UP


@dataclass(frozen=True, slots=True)
class Failed(Step):
    """Something went wrong.

    what: the part that failed, or why the call was cut off.
    """

    kind: ClassVar[StepKind] = StepKind.FAULT
    what: Failure


@dataclass(frozen=True, slots=True)
class StudioEntered(Step):
    """A speaker logged in to record prompts.

    login: the name that they log in with.
    """

    kind: ClassVar[StepKind] = StepKind.STUDIO
    login: str


@dataclass(frozen=True, slots=True)
class StudioRefused(Step):
    """Somebody was not let in, or not any more.

    why: the reason.
    """

    kind: ClassVar[StepKind] = StepKind.REFUSED
    why: Refused


@dataclass(frozen=True, slots=True)
class RecordingBegan(Step):
    """The speaker begins to record a prompt."""

    kind: ClassVar[StepKind] = StepKind.RECORDING


@dataclass(frozen=True, slots=True)
class TakeKept(Step):
    """The recording became a draft.

    take: its id.
    """

    kind: ClassVar[StepKind] = StepKind.TAKE
    take: int


@dataclass(frozen=True, slots=True)
class TakePublished(Step):
    """Callers hear a take from now on.

    take: its id.
    """

    kind: ClassVar[StepKind] = StepKind.PUBLISHED
    take: int


@dataclass(frozen=True, slots=True)
class TakenBack(Step):
    """Callers hear what they heard before the last take of a prompt.

    number: of the prompt, as the speaker keys it.
    """

    kind: ClassVar[StepKind] = StepKind.TAKEN_BACK
    number: int


@dataclass(frozen=True, slots=True)
class Legacy(Step):
    """A step of an earlier version whose text could not be turned into facts.

    was: the kind it had.
    text: what was written then.
    """

    kind: ClassVar[StepKind] = StepKind.LEGACY
    was: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A stored step that this version does not know: another version wrote it, or somebody damaged it.

    kind, prompt, text: as they are stored.
    """

    kind: str
    prompt: str = ""
    text: str = ""


ReadStep = Step | Unreadable
"""Result of decoding a stored step."""

STEPS: Mapping[StepKind, type[Step]] = {
    step.kind: step
    for step in (
        PromptBegan,
        KeysPressed,
        YesOrNoPressed,
        Said,
        AddressRecorded,
        Corrected,
        Identified,
        GreetedShortly,
        ReadingJudged,
        SimilarNumbers,
        ReadingsStored,
        OutageTold,
        CallbackAgreed,
        OutageReported,
        HandedBack,
        CallerHungUp,
        Failed,
        StudioEntered,
        StudioRefused,
        RecordingBegan,
        TakeKept,
        TakePublished,
        TakenBack,
        Legacy,
    )
}
"""The class of each kind."""
