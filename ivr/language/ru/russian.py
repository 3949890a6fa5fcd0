"""Russian as a language of the line: the modules of this folder behind the port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from ivr.domain.meters import ZoneName
from ivr.domain.readings import Period
from ivr.language.port import Candidate, Intent, Menu, Pieces
from ivr.language.ru import commands, dates, grammar, numbers, understanding
from ivr.language.ru.words import (
    CHOICES,
    DIGITS,
    FILLERS,
    NUMBER_WORDS,
    PHRASES,
    SELDOM,
    TEENS,
    THOUSANDS,
    plain,
)


class Russian:
    """Implements `ivr.language.port.Language`."""

    letters = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
    vowels = "аеёиоуыэюя"

    def say_number(self, value: int) -> Pieces:
        """See `Speaker.say_number`."""
        return numbers.cardinal(value)

    def say_digits(self, digits: str) -> Pieces:
        """See `Speaker.say_digits`."""
        return numbers.digits(digits)

    def say_date(self, day: date, today: date) -> Pieces:
        """See `Speaker.say_date`; the genitive."""
        return numbers.day_of(day, today)

    def say_deadline(self, moment: datetime, now: datetime) -> Pieces:
        """See `Speaker.say_deadline`."""
        return dates.by_time(moment, now)

    def say_energy(self, kwh: int) -> Pieces:
        """See `Speaker.say_energy`."""
        return numbers.kilowatt_hours(kwh)

    def say_period(self, month: Period) -> Pieces:
        """See `Speaker.say_period`."""
        return numbers.period(month)

    def say_zone(self, name: ZoneName) -> Pieces:
        """See `Speaker.say_zone`."""
        return numbers.zone(name)

    def pieces(self) -> frozenset[str]:
        """See `Speaker.pieces`."""
        return numbers.every_id() | dates.every_id()

    def words(self, intent: Intent) -> tuple[str, ...]:
        """See `Understanding.words`."""
        return PHRASES[intent]

    def choices(self, menu: Menu) -> Mapping[str, tuple[str, ...]]:
        """See `Understanding.choices`."""
        return CHOICES[menu]

    def command_in(self, words: Sequence[str]) -> Intent | None:
        """See `Understanding.command_in`."""
        return commands.command_in(words)

    def is_call_for_help(self, words: Sequence[str]) -> bool:
        """See `Understanding.is_call_for_help`."""
        return commands.is_call_for_help(words)

    def yes_or_no(self, words: Sequence[str]) -> Intent | None:
        """See `Understanding.yes_or_no`."""
        return commands.yes_or_no(words)

    def after_denial(self, words: Sequence[str]) -> tuple[str, ...]:
        """See `Understanding.after_denial`."""
        return commands.after_denial(words)

    def phrase_in(self, words: Sequence[str], phrases: Sequence[str]) -> str | None:
        """See `Understanding.phrase_in`."""
        return commands.phrase_in(words, phrases)

    def numbers(self, words: Sequence[str], most_digits: int = 20) -> tuple[Candidate, ...]:
        """See `Understanding.numbers`."""
        return understanding.candidates(words, most_digits)

    def number_words(self, words: Sequence[str]) -> int:
        """See `Understanding.number_words`."""
        return understanding.groups(words)

    def lone_digit(self, words: Sequence[str]) -> str:
        """See `Understanding.lone_digit`."""
        said = [plain(word) for word in words if understanding.is_number_word(word)]
        if len(said) != 1 or said[0] not in DIGITS or not FILLERS.issuperset(set(map(plain, words)) - set(said)):
            return ""
        return str(DIGITS[said[0]])

    def ends_number(self, words: Sequence[str]) -> bool:
        """See `Understanding.ends_number`: digits and teens."""
        said = [plain(word) for word in words if understanding.is_number_word(word)]
        return bool(said) and (said[-1] in DIGITS or said[-1] in TEENS)

    alike_digits = understanding.ALIKE

    def same(self, word: str) -> str:
        """See `Understanding.same`: «два» and «две», «ё» and «е», every form of «тысяча»."""
        return "тысяча" if word in THOUSANDS else str(DIGITS.get(word, plain(word)))

    def same_digit(self, word: str) -> str:
        """See `Understanding.same_digit`: «ноль» and «нуль», «два» and «две»; «раз» sounds unlike «один»."""
        return str(DIGITS[word]) if word in DIGITS and word != "раз" else word

    every_number_word = NUMBER_WORDS
    seldom_words = SELDOM
    needed_words = grammar.NEEDED

    def number_phrases(self) -> tuple[str, ...]:
        """See `Grammar.number_phrases`."""
        return grammar.number_phrases()

    def phrases_beside(self) -> tuple[str, ...]:
        """See `Grammar.phrases_beside`."""
        return grammar.PHRASES_BESIDE
