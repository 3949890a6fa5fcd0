"""What the audit holds: an action of somebody, or of the line by itself, and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Action(StrEnum):
    """The word that an action is stored by. Words stay as they are for good: rows of years hold them."""

    LOGIN = "login"
    LOGOUT = "logout"
    LOGOUT_EVERYWHERE = "logout.everywhere"
    USER_ADD = "user.add"
    USER_ROLE = "user.role"
    USER_ENABLE = "user.enable"
    USER_DISABLE = "user.disable"
    USER_PASSWORD = "user.password"
    USER_PIN = "user.pin"
    USER_LOCK = "user.lock"
    READING_ACCEPT = "reading.accept"
    READING_CORRECT = "reading.correct"
    READING_REFUSE = "reading.refuse"
    METER_REPLACE = "meter.replace"
    OUTAGE_ADD = "outage.add"
    OUTAGE_CHANGE = "outage.change"
    OUTAGE_END = "outage.end"
    OUTAGE_WITHDRAW = "outage.withdraw"
    OUTAGE_REOPEN = "outage.reopen"
    OUTAGE_SUSPECT = "outage.suspect"
    OUTAGE_CONFIRM = "outage.confirm"
    GREETING_SWITCH = "greeting.switch"
    SURGE_SWITCH = "surge.switch"
    PROMPT_TAKE = "prompt.take"
    PROMPT_PUBLISH = "prompt.publish"
    PROMPT_WITHDRAW = "prompt.withdraw"
    PROMPT_TEXT = "prompt.text"
    PROMPT_CLEAN = "prompt.clean"
    STUDIO_RING = "studio.ring"
    STUDIO_CALL = "studio.call"
    RECORDING_HEARD = "recording.heard"
    CALLS_PURGE = "calls.purge"


class Fact(StrEnum):
    """The keys of an action's facts. Stored as they are, so they never change; values are codes, figures and texts.

    Times are ISO 8601 with their offset, to the minute; an end that nobody knows is None.
    """

    BEGAN_AT = "began_at"
    BYTES = "bytes"
    BEFORE = "before"
    CALLERS = "callers"
    CALLS = "calls"
    CAUSE = "cause"
    ENDED_AT = "ended_at"
    ENTRANCE = "entrance"
    EXPECTED_END = "expected_end"
    HOW = "how"
    INSISTED = "insisted"
    KIND = "kind"
    LOGIN = "login"
    METER = "meter"
    MINUTES = "minutes"
    NOTE = "note"
    OLDER_THAN = "older_than"
    PART = "part"
    PHONE = "phone"
    RECORDINGS = "recordings"
    REFUSED = "refused"
    REMOVED = "removed"
    REPLACEMENT = "replacement"
    RESTORED = "restored"
    ROLE = "role"
    SCOPE = "scope"
    TAKE = "take"
    TAKES = "takes"
    TEXT = "text"
    TO_RING = "to_ring"
    UNCONFIRMED = "unconfirmed"
    UTTERANCE = "utterance"
    UTTERANCES = "utterances"
    VALUE = "value"
    VOICE = "voice"
    WAIT_AGAIN = "wait_again"
    WAS = "was"


class LockScope(StrEnum):
    """Where a login is locked after failures."""

    ONE_ADDRESS = "address"
    EVERYWHERE = "everywhere"


class StudioEntrance(StrEnum):
    """How somebody began a call that records prompts."""

    PAGES = "pages"
    PIN = "pin"


class Part(StrEnum):
    """Which recording of a caller a user listened to, where the subject alone does not tell."""

    CALL = "call"
    ADDRESS = "address"


Value = str | int | float | bool | None
FactValue = Value | list[str] | dict[str, Value]
Facts = Mapping[Fact, FactValue]


def changed(old: Value, new: Value) -> dict[str, Value]:
    """The fact that a field had one value and has another."""
    return {"old": old, "new": new}
