"""How people say a number: groups of words, with a short pause after each group."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from random import Random

from ivr.testbed.speech_sets.programs import ProgramFailed

Saying = tuple[tuple[str, ...], ...]
"""Groups of words; a caller breathes between groups."""

TRIES = 10_000


class Way(StrEnum):
    """How a number is cut into groups."""

    DIGITS = "digit by digit"
    PAIRS = "pairs"
    TRIPLES = "triples"
    MIXED = "mixed"
    WHOLE = "whole number"


def cardinal(value: int) -> tuple[str, ...]:
    """Words of a whole number. Raises ProgramFailed where num2words is not installed: calls do not need it."""
    try:
        from num2words import num2words
    except ImportError as error:
        raise ProgramFailed("num2words is missing: pip install -c constraints.txt -e '.[bench]'") from error
    return tuple(num2words(value, lang="ru").split())


def group_words(digits: str) -> tuple[str, ...]:
    """Words of a group: leading zeros one by one, the rest as a whole number."""
    rest = digits.lstrip("0")
    zeros = ("ноль",) * (len(digits) - len(rest))
    return (*zeros, *cardinal(int(rest))) if rest else zeros


def said(digits: str, way: Way, random: Random) -> Saying:
    """One way of saying `digits`; a WHOLE number loses its leading zeros."""
    if way is Way.WHOLE:
        return (cardinal(int(digits)),)
    if way is Way.DIGITS:
        return tuple(
            tuple(w for d in part for w in group_words(d)) for part in _cut(digits, _even(len(digits), random))
        )
    if way is Way.PAIRS:
        return tuple(group_words(part) for part in _cut(digits, [2] * (len(digits) // 2) + [1] * (len(digits) % 2)))
    if way is Way.TRIPLES:
        rest = {0: [], 1: [2, 2], 2: [2]}[len(digits) % 3]
        sizes = [3] * ((len(digits) - sum(rest)) // 3) + rest
        return tuple(group_words(part) for part in _cut(digits, sizes))
    sizes, left = [], len(digits)
    while left:
        sizes.append(random.choice([size for size in (1, 2, 2, 3, 3) if size <= left]))
        left -= sizes[-1]
    return tuple(group_words(part) for part in _cut(digits, sizes))


def drawn(
    length: int,
    way: Way,
    random: Random,
    vocabulary: Collection[str] | None = None,
    first: str = "0123456789",
    tries: int = TRIES,
) -> tuple[str, Saying]:
    """A random number of `length` digits and how it is said, with words of the vocabulary alone where one is given.

    first: what the number may begin with. Raises ValueError if the vocabulary did not suffice for any of `tries`.
    """
    for _ in range(tries):
        digits = random.choice(first) + "".join(random.choice("0123456789") for _ in range(length - 1))
        saying = said(digits, way, random)
        if vocabulary is None or all(word in vocabulary for group in saying for word in group):
            return digits, saying
    raise ValueError(f"no number said {way} with these {len(vocabulary or ())} words")


def words_of(saying: Saying) -> tuple[str, ...]:
    """All words, one after the other."""
    return tuple(word for group in saying for word in group)


def text_of(saying: Saying) -> str:
    """What a synthesiser is given: a comma where a caller breathes."""
    return ", ".join(" ".join(group) for group in saying)


def _even(length: int, random: Random) -> list[int]:
    """Groups of twos, threes or fours, as people read single digits from paper."""
    size = random.choice([2, 3, 3, 4, length])
    return [size] * (length // size) + ([length % size] if length % size else [])


def _cut(digits: str, sizes: list[int]) -> list[str]:
    parts, start = [], 0
    for size in sizes:
        parts.append(digits[start : start + size])
        start += size
    return parts
