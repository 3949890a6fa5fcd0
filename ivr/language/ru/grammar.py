"""Phrases for a recogniser whose model has no grammars of its own; Vosk estimates a bigram from them."""

from __future__ import annotations

from collections.abc import Iterator

from ivr.language.ru.words import BESIDE, CORRECTIONS, DIGITS, FRACTION_MARKS, HUNDREDS, TEENS, TENS

_SELDOM_DIGITS = frozenset({"нуль", "одно", "раз"})

NEEDED = frozenset({*DIGITS, *TEENS, *TENS, *HUNDREDS, "тысяч", "да", "нет"}) - _SELDOM_DIGITS
PHRASES_BESIDE = (*BESIDE, *sorted(CORRECTIONS | FRACTION_MARKS))


def number_phrases() -> tuple[str, ...]:
    """Numbers in the ways they are said: every pair of words that can follow each other is among them."""
    return tuple(dict.fromkeys(_pairs()))


def _pairs() -> Iterator[str]:
    digits = [word for word in DIGITS if word not in ("раз", "одно")]
    yield from (f"{first} {second}" for first in digits for second in digits)
    for tens in TENS:
        yield from (f"{tens} {unit}" for unit in digits)
        yield from (f"{tens} {following}" for following in (*TENS, "ноль"))
    for hundred in HUNDREDS:
        yield from (f"{hundred} {following}" for following in (*TENS, *TEENS, *digits))
    for thousand in ("тысяч", "тысячи", "тысяча"):
        yield from (f"{word} {thousand}" for word in (*digits, *TEENS, *TENS, *HUNDREDS))
        yield from (f"{thousand} {word}" for word in (*HUNDREDS, *TENS, *TEENS, *digits))
