"""What a caller may ask for in any language."""

from __future__ import annotations

from enum import StrEnum


UNKNOWN = "[unk]"
"""What a recogniser writes for speech that is none of its words."""


class Intent(StrEnum):
    """What a caller asks for instead of an answer, at every question, and the two answers to a yes-or-no question."""

    HOTLINE = "hotline"
    OPERATOR = "operator"
    REPORT = "report"
    REPEAT = "repeat"
    BACK = "back"
    HELP = "help"
    CANCEL = "cancel"
    YES = "yes"
    NO = "no"


COMMANDS = (Intent.REPORT, Intent.HOTLINE, Intent.OPERATOR, Intent.CANCEL, Intent.BACK, Intent.HELP, Intent.REPEAT)
"""The intents that count at every question. Where words fit several, the first of them counts."""


class Menu(StrEnum):
    """A question that offers choices of its own; a language lists the phrases for each choice."""

    MENU_ELSE = "menu-else"
    MENU_MAIN = "menu-main"
    WITHOUT_NUMBER = "without-number"
    OUTAGE = "outage"
    REPORT = "report"
