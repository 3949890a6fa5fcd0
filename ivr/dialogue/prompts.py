"""Ids of every prompt that the dialogue plays by name; the texts are in the catalogue (prompts/ru.toml)."""

from __future__ import annotations

from enum import StrEnum


class Prompt(StrEnum):
    """A prompt id. `ivr prompts check` fails on one that the catalogue lacks."""

    WELCOME = "greeting/welcome"

    IDENTIFY_KNOWN = "identify/known"
    IDENTIFY_ASK = "identify/ask"
    IDENTIFY_HELP = "identify/help"
    IDENTIFY_CONFIRM = "identify/confirm"
    IDENTIFY_LAST_DIGITS = "identify/last-digits"
    IDENTIFY_GROUP_FIRST = "identify/group-first"
    IDENTIFY_GROUP_SECOND = "identify/group-second"
    IDENTIFY_GROUP_LAST = "identify/group-last"
    IDENTIFY_UNKNOWN = "identify/unknown"
    IDENTIFY_NO_METER = "identify/no-meter"

    READING_METER = "reading/meter"
    READING_LAST = "reading/last"
    READING_TAKEN_ON = "reading/taken-on"
    READING_NONE = "reading/none"
    READING_ASK = "reading/ask"
    READING_HELP = "reading/help"
    READING_GROUP_LAST = "reading/group-last"
    READING_CONFIRM = "reading/confirm"
    READING_FRACTION = "reading/fraction"
    READING_TOO_LOW = "reading/too-low"
    READING_TOO_HIGH = "reading/too-high"
    READING_TOO_LONG = "reading/too-long"
    READING_INSIST = "reading/insist"
    READING_SAME = "reading/same"
    READING_SWAPPED = "reading/swapped"
    READING_STORED = "reading/stored"
    READING_TO_BE_CHECKED = "reading/to-be-checked"
    READING_PERIOD = "reading/period"
    READING_RECEIPT = "reading/receipt"
    READING_NOT_STORED = "reading/not-stored"

    MENU_ELSE = "menu/else"
    MENU_MAIN = "menu/main"

    HOTLINE = "hotline/connecting"
    OPERATOR = "operator/connecting"

    SAY_OR_KEY = "common/say-or-key"
    KEY_IN = "common/key-in"
    YES_NO = "common/yes-no"
    YES_NO_HELP = "common/yes-no-help"
    NOT_UNDERSTOOD = "common/not-understood"
    NO_INPUT = "common/no-input"
    KEYS_SLOWLY = "common/keys-slowly"
    KEYS_ONLY = "common/keys-only"
    PERSON = "common/person"
    FAULT = "common/fault"
    GOODBYE = "common/goodbye"
