"""The fixed words of the journal. They are stored for good: rows of months hold them."""

from __future__ import annotations

from enum import StrEnum


class StepKind(StrEnum):
    """The word that a step is stored by."""

    PROMPT = "prompt"
    KEYS = "keys"
    YES_NO = "yes-no"
    VOICE = "voice"
    RECORDED = "recorded"
    CORRECTED = "corrected"
    IDENTIFIED = "identified"
    GREETING = "greeting"
    JUDGED = "judged"
    CLOSE = "close"
    STORED = "stored"
    OUTAGE = "outage"
    CALLBACK_AGREED = "promised"
    REPORTED = "reported"
    HANDED_BACK = "handed-back"
    HUNG_UP = "hung-up"
    FAULT = "fault"
    STUDIO = "studio"
    REFUSED = "refused"
    RECORDING = "recording"
    TAKE = "take"
    PUBLISHED = "published"
    TAKEN_BACK = "taken-back"
    LEGACY = "legacy"


class TurnEnd(StrEnum):
    """How a turn of the caller ended; the words are those of the dialogue's Ending and of a language's Intent."""

    ANSWER = "answer"
    NO_INPUT = "no-input"
    NO_RECOGNISER = "keys-only"
    NOT_UNDERSTOOD = "not-understood"
    OVERRUN = "overrun"
    HOTLINE = "hotline"
    OPERATOR = "operator"
    REPORT = "report"
    REPEAT = "repeat"
    BACK = "back"
    HELP = "help"
    CANCEL = "cancel"


class Next(StrEnum):
    """What the dialplan does with the call afterwards; the value of the channel variable IVR_NEXT."""

    HOTLINE = "hotline"
    OPERATOR = "operator"
    MESSAGE = "message"
    HANGUP = "hangup"


class Outcome(StrEnum):
    """How a call ended."""

    STORED = "stored"
    NOTHING = "nothing"
    HOTLINE = "hotline"
    OPERATOR = "operator"
    MESSAGE = "message"


class Failure(StrEnum):
    """What went wrong in a call."""

    STORE = "store"  # the database did not answer
    OUTAGES = "outages"  # the store did not say whether there is an outage
    READING_NOT_STORED = "reading-not-stored"
    REPORT_NOT_STORED = "report-not-stored"
    CALLBACK_NOT_STORED = "promise-not-stored"
    RECOGNISER = "recogniser"  # speech was not understood from the beginning
    SESSION = "session"  # the connection to Asterisk broke
    TOO_LONG = "too-long"  # the call outlasted its limit
    DAEMON_STOPS = "daemon-stops"
    DIALOGUE = "dialogue"  # a fault of this program


class Refused(StrEnum):
    """Why a call to the studio may not record."""

    PERSON = "person"  # their right was taken away
    TELEPHONE = "telephone"  # not one of those that may


GOES_ON = "open"
"""What stands for the outcome of a call that is not over."""
WITH_A_PERSON = frozenset({Outcome.HOTLINE, Outcome.OPERATOR, Outcome.MESSAGE})
"""Outcomes of calls that needed somebody: the line could not serve them alone."""


class CountedQuestion(StrEnum):
    """Ids of the prompts that begin once for each try of their question: reports count tries by them."""

    IDENTIFY_ASK = "identify/ask"
    IDENTIFY_CONFIRM = "identify/confirm"
    IDENTIFY_LAST_DIGITS = "identify/last-digits"
    READING_ASK = "reading/ask"
    READING_CONFIRM = "reading/confirm"
    READING_INSIST = "reading/insist"
    MENU_ELSE = "menu/else"
    MENU_MAIN = "menu/main"
    OUTAGE_CHOICES = "outage/choices"
    REPORT_TROUBLE = "report/trouble"
    REPORT_ADDRESS = "report/address"
    REPORT_NUMBER = "report/number"
