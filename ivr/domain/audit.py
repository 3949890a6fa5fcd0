"""What the audit knows of: every action that somebody, or the line by itself, is written down for."""

from __future__ import annotations

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
