"""What a caller may ask for in any language."""

from __future__ import annotations

from enum import StrEnum


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
