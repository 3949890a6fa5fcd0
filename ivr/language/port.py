"""What the line needs of the language that it speaks: how values are said, and what the caller's words mean.

A language is a folder beside this module. `ivr.language.selected` names the one in force; nothing else does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from ivr.domain.meters import ZoneName
from ivr.domain.readings import Period

UNKNOWN = "[unk]"
"""The recogniser's mark for words outside its vocabulary."""

Pieces = tuple[str, ...]
"""Prompt ids that say one value, played one after the other."""


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """One number that words can mean.

    digits: ASCII digits as said, leading zeros kept, not empty. cost: natural logarithm, 0 for the plainest reading.
    fraction_dropped: a fraction was said and left out.
    """

    digits: str
    cost: float = 0.0
    fraction_dropped: bool = False


class Speaker(Protocol):
    """Says values. Every id that it can return is in `pieces`."""

    def say_number(self, value: int) -> Pieces:
        """A whole number. Raises ValueError outside 0 to 99 999 999."""

    def say_digits(self, digits: str) -> Pieces:
        """A number digit by digit, in groups. Raises ValueError if `digits` is anything but ASCII digits."""

    def say_date(self, day: date, today: date) -> Pieces:
        """A date; the year follows when it is not that of `today`."""

    def say_deadline(self, moment: datetime, now: datetime) -> Pieces:
        """The day and the time by which something is expected. Both are local and aware."""

    def say_energy(self, kwh: int) -> Pieces:
        """An amount of energy. Raises ValueError as `say_number` does."""

    def say_period(self, month: Period) -> Pieces:
        """A billing month, as it follows «for»."""

    def say_zone(self, name: ZoneName) -> Pieces:
        """A tariff zone; nothing for a meter with one zone."""

    def pieces(self) -> frozenset[str]:
        """Every prompt id that only these methods play, for the check of the catalogue."""

    @property
    def letters(self) -> str:
        """The small letters of the alphabet; a text of the catalogue has no others."""

    @property
    def vowels(self) -> str:
        """Those of the letters that make a syllable and can be stressed."""


class Understanding(Protocol):
    """Understands words as a recogniser writes them, `UNKNOWN` for other speech. Nothing here raises."""

    def words(self, intent: Intent) -> tuple[str, ...]:
        """The phrases that callers say for an intent."""

    def choices(self, menu: Menu) -> Mapping[str, tuple[str, ...]]:
        """The phrases that callers say for each choice of a menu."""

    def command_in(self, words: Sequence[str]) -> Intent | None:
        """The command (one of `COMMANDS`) that the words are; None if they are none or much else besides."""

    def is_call_for_help(self, words: Sequence[str]) -> bool:
        """Whether the words call for the hotline and say nothing else."""

    def yes_or_no(self, words: Sequence[str]) -> Intent | None:
        """YES or NO; None if neither or unclear."""

    def after_denial(self, words: Sequence[str]) -> tuple[str, ...]:
        """The words that follow a no at their beginning, without `UNKNOWN`."""

    def phrase_in(self, words: Sequence[str], phrases: Sequence[str]) -> str | None:
        """The longest of the phrases that the words hold; None if none."""

    def numbers(self, words: Sequence[str], most_digits: int = 20) -> tuple[Candidate, ...]:
        """Every number of at most `most_digits` digits that the words can mean, best first."""

    def number_words(self, words: Sequence[str]) -> int:
        """How many of the words can be a part of a number."""

    def lone_digit(self, words: Sequence[str]) -> str:
        """The digit that is all that was said, "" if there is more or none."""

    def ends_number(self, words: Sequence[str]) -> bool:
        """Whether the last number word can have no other after it in the same number."""

    @property
    def alike_digits(self) -> frozenset[frozenset[str]]:
        """Pairs of digits that sound alike over the telephone."""

    def same(self, word: str) -> str:
        """One spelling for all words that mean the same in a number."""

    def same_digit(self, word: str) -> str:
        """One spelling for the forms of a digit that a recogniser confuses; any other word as it is."""


class Grammar(Protocol):
    """What a recogniser may hear, for a model without grammars of its own."""

    @property
    def every_number_word(self) -> tuple[str, ...]:
        """Every word that can be a part of a number."""

    @property
    def seldom_words(self) -> frozenset[str]:
        """Number words that callers rarely say, so that a model may not know them well."""

    @property
    def needed_words(self) -> frozenset[str]:
        """Words without which a model is of no use."""

    def number_phrases(self) -> tuple[str, ...]:
        """Phrases from which a model of word pairs learns how numbers are said."""

    def phrases_beside(self) -> tuple[str, ...]:
        """Phrases around numbers, corrections and marks of a fraction."""


class Language(Speaker, Understanding, Grammar, Protocol):
    """A language of the line."""
