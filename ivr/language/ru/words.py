"""Russian words and phrases that callers say, read from `words.toml`, the one list of them.

Spelling: lower case, «ё» kept; a recogniser without «ё» is understood through `plain`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ivr.language.port import UNKNOWN as UNKNOWN
from ivr.language.port import Intent, Menu

FILE = Path(__file__).with_name("words.toml")


def _by_value(forms: Sequence[Sequence[str]], first: int = 0, step: int = 1) -> dict[str, int]:
    """Word -> value, where `forms` are those of the values `first`, `first + step` and so on."""
    return {word: first + step * at for at, words in enumerate(forms) for word in words}


_LISTS: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
_NUMBERS, _BESIDE = _LISTS["numbers"], _LISTS["beside"]

DIGITS = _by_value(_NUMBERS["digits"])
ZERO = frozenset(word for word, value in DIGITS.items() if value == 0)
TEENS = _by_value(_NUMBERS["teens"], 10)
TENS = _by_value(_NUMBERS["tens"], 20, 10)
HUNDREDS = _by_value(_NUMBERS["hundreds"], 100, 100)
THOUSANDS = frozenset[str](_NUMBERS["thousands"])
MILLIONS = frozenset[str](_NUMBERS["millions"])
ONE_AND_A_HALF = frozenset[str](_NUMBERS["one_and_a_half"])
NOUNS = _by_value(_NUMBERS["nouns_few"]) | _by_value(_NUMBERS["nouns_many"])
"""A digit as a noun after a count: «три нуля», «две пятёрки»."""
SINGLE_NOUNS = _by_value(_NUMBERS["nouns_alone"], 1)
SELDOM = frozenset[str](_NUMBERS["seldom"])

FRACTION_MARKS = frozenset[str](_BESIDE["fraction_marks"])
FRACTION_ENDS = frozenset[str](_BESIDE["fraction_ends"])
CORRECTIONS = frozenset[str](_BESIDE["corrections"])
FILLERS = frozenset[str](_BESIDE["fillers"])
BESIDE: tuple[str, ...] = tuple(_BESIDE["phrases"])

PHRASES: Mapping[Intent, tuple[str, ...]] = {intent: tuple(_LISTS["intents"][intent]) for intent in Intent}
"""What callers say for each intent; more words around a phrase change nothing."""

CHOICES: Mapping[Menu, Mapping[str, tuple[str, ...]]] = {
    menu: {choice: tuple(phrases) for choice, phrases in _LISTS["menus"][menu].items()} for menu in Menu
}
"""What callers say for each choice of a menu."""

NUMBER_WORDS: tuple[str, ...] = (
    *DIGITS,
    *TEENS,
    *TENS,
    *HUNDREDS,
    *sorted(THOUSANDS | MILLIONS | ONE_AND_A_HALF),
    *NOUNS,
    *SINGLE_NOUNS,
)
"""Every word that can be a part of a number."""


def plain(word: str) -> str:
    """The word as it stands in these tables: lower case, and «ё» where the tables have it.

    A recogniser may write «е» for «ё»; the tables hold both spellings of a word under one.
    """
    low = word.lower()
    return _WITH_YO.get(low, low)


_WITH_YO = {word.replace("ё", "е"): word for word in (*NOUNS, *SINGLE_NOUNS, *FILLERS, *CORRECTIONS) if "ё" in word}
