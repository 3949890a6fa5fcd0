"""Spoken words -> the digit strings they can mean.

A string of number words is ambiguous by nature: «двадцать пять» is 25 or 20 and 5, «сто двадцать» is 120 or 100 and
20. All its readings are given, each with a cost, and what is known about the caller chooses between them. The tables
are in `words.toml`; property tests hold every number against num2words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ivr.language.port import Candidate as Candidate
from ivr.language.ru.words import (
    CORRECTIONS,
    DIGITS,
    FILLERS,
    FRACTION_ENDS,
    FRACTION_MARKS,
    HUNDREDS,
    MILLIONS,
    NOUNS,
    ONE_AND_A_HALF,
    SINGLE_NOUNS,
    TEENS,
    TENS,
    THOUSANDS,
    UNKNOWN,
    ZERO,
    plain,
)

ALIKE = frozenset(frozenset(pair) for pair in ("59", "67", "78", "39", "23", "56", "49", "19", "60", "17", "29"))
"""Pairs of digits that sound alike over the telephone: пять and девять, шесть and семь, два and три …"""

MOST_CANDIDATES = 64
MOST_WORDS = 48
"""Longer utterances are no number: nobody says more than two dozen words for twenty digits and their corrections."""

_OF_EACH_LENGTH = 6

# Costs, natural logarithms of how rarely a caller means it; set by hand and tried on the benchmark's development set.
SPLIT = 2.0  # «двадцать пять» for 20 and 5
ZEROS_INSIDE = 0.5  # «двенадцать тысяч ноль сорок пять» for 12 045
STRANGE_WORD = 0.7  # a word that is neither a number nor a usual filler
UNKNOWN_AT_EDGE = 0.3
UNKNOWN_INSIDE = 2.0
CORRECTED = 0.3  # what follows «нет» is the whole number again
CORRECTED_TAIL = 1.0  # it is the last group again
NOT_CORRECTED = 4.0  # «нет» was no correction at all

_SMALL = {**DIGITS, **TEENS, **TENS, **HUNDREDS}
_NUMBER = frozenset(_SMALL) | THOUSANDS | MILLIONS | ONE_AND_A_HALF | frozenset(NOUNS) | frozenset(SINGLE_NOUNS)


def is_number_word(word: str) -> bool:
    """Whether the word can be a part of a number."""
    return plain(word) in _NUMBER


def candidates(words: Sequence[str], most_digits: int = 20) -> tuple[Candidate, ...]:
    """All readings of the words as a digit string, best first, at most 64; () if no number is in them.

    most_digits: the result omits longer readings. The function accepts any words.
    """
    found: dict[str, Candidate] = {}
    said = [plain(word) for word in words[:MOST_WORDS]]
    for part, cost in _versions(said):
        whole, dropped = _without_fraction(part)
        noise = _noise(whole)
        for digits, reading in _readings(whole, most_digits).items():
            candidate = Candidate(digits, round(cost + noise + reading, 3), dropped)
            known = found.get(digits)
            if known is None or candidate.cost < known.cost:
                found[digits] = candidate
    best = sorted(found.values(), key=lambda candidate: (candidate.cost, len(candidate.digits), candidate.digits))
    return tuple(best[:MOST_CANDIDATES])


def groups(words: Sequence[str]) -> int:
    """How many number words are in it."""
    return sum(is_number_word(word) for word in words)


def _versions(said: list[str]) -> Iterator[tuple[list[str], float]]:
    """The words with a correction carried out, and what each way of doing so costs."""
    places = [
        at for at, word in enumerate(said) if word in CORRECTIONS and groups(said[:at]) and groups(said[at + 1 :])
    ]
    if not places:
        yield said, 0.0
        return
    first, last = places[0], places[-1]
    before, after = said[:first], said[last + 1 :]
    yield after, CORRECTED
    numbers = [at for at, word in enumerate(before) if word in _NUMBER]
    for group in range(1, min(4, len(numbers)) + 1):
        kept = before[: numbers[-group]]
        if groups(kept):
            yield kept + after, CORRECTED_TAIL + 0.2 * abs(group - groups(after))
    yield [word for word in said if word not in CORRECTIONS], NOT_CORRECTED


def _without_fraction(said: list[str]) -> tuple[list[str], bool]:
    """The words before a fraction, and whether there was one."""
    for at, word in enumerate(said):
        if word in FRACTION_MARKS and groups(said[:at]):
            return said[:at], True
        if word == "с" and said[at + 1 : at + 2] == ["половиной"]:
            return said[:at], True
        if word in FRACTION_ENDS:  # «… и пять десятых»: the last group belongs to it
            numbers = [index for index in range(at) if said[index] in _NUMBER]
            return (said[: numbers[-1]] if len(numbers) > 1 else said[:at]), True
    return said, False


def _noise(said: list[str]) -> float:
    """Cost of the words that are not numbers."""
    numbers = [at for at, word in enumerate(said) if word in _NUMBER]
    if not numbers:
        return 0.0
    cost = 0.0
    for at, word in enumerate(said):
        if word == UNKNOWN:
            cost += UNKNOWN_INSIDE if numbers[0] < at < numbers[-1] else UNKNOWN_AT_EDGE
        elif word not in _NUMBER and word not in FILLERS:
            cost += STRANGE_WORD
    return cost


def _readings(said: list[str], most_digits: int) -> dict[str, float]:
    """Digit strings and their costs, by the best few of each length at each place."""
    words = [word for word in said if word in _NUMBER]
    at_place: list[dict[str, float]] = [{} for _ in range(len(words) + 1)]
    at_place[0][""] = 0.0
    for at in range(len(words)):
        steps = list(_groups_from(words, at))
        for so_far, cost in _thinned(at_place[at]):
            for used, digits, step in steps:
                longer = so_far + digits
                if len(longer) > most_digits:
                    continue
                place = at_place[at + used]
                if cost + step < place.get(longer, float("inf")):
                    place[longer] = cost + step
    return dict(_thinned(at_place[-1])) if words else {}


def _thinned(place: dict[str, float]) -> list[tuple[str, float]]:
    by_length: dict[int, list[tuple[str, float]]] = {}
    for digits, cost in sorted(place.items(), key=lambda item: item[1]):
        same = by_length.setdefault(len(digits), [])
        if len(same) < _OF_EACH_LENGTH:
            same.append((digits, cost))
    return [item for same in by_length.values() for item in same]


def _groups_from(words: list[str], at: int) -> Iterator[tuple[int, str, float]]:
    """Groups that begin at a word: how many words each takes, its digits, its cost."""
    word = words[at]
    if word in SINGLE_NOUNS:
        yield 1, str(SINGLE_NOUNS[word]), 0.0
    if word in NOUNS:  # its count was not heard
        yield 1, str(NOUNS[word]), STRANGE_WORD
    count = DIGITS.get(word, 0)
    if count > 1 and at + 1 < len(words) and words[at + 1] in NOUNS:
        yield 2, str(NOUNS[words[at + 1]]) * count, 0.0
    for used, value, split in _below_thousand(words, at):
        yield used, str(value), split
        if value and at + used < len(words):
            following = words[at + used]
            if following in THOUSANDS:
                yield from _thousands(words, at, used + 1, value, split)
            elif following in MILLIONS:
                yield from _millions(words, at, used + 1, value, split)
    torn = 2 * SPLIT if at and _SMALL.get(words[at - 1]) else 0.0  # its own count stands before it
    if word in THOUSANDS:
        yield from _thousands(words, at, 1, 1, torn)
    elif word in MILLIONS:
        yield from _millions(words, at, 1, 1, torn)
    elif word in ONE_AND_A_HALF and at + 1 < len(words) and words[at + 1] in THOUSANDS:
        yield 2, "1500", 0.0


def _below_thousand(words: list[str], at: int) -> Iterator[tuple[int, int, float]]:
    """Numbers of up to three words; a shorter one than there is costs a split."""
    found: list[tuple[int, int]] = []
    value, limit, used = 0, 1000, 0
    while at + used < len(words):
        word = words[at + used]
        size = _SMALL.get(word)
        rank = 100 if word in HUNDREDS else 10 if word in TENS else 1
        if size is None or rank >= limit or (size == 0 and used):
            break
        if word in TEENS and limit < 100:
            break
        value, used = value + size, used + 1
        found.append((used, value))
        limit = rank
        if rank == 1:
            break
    for used, value in found:
        yield used, value, SPLIT * (found[-1][0] - used)


def _thousands(words: list[str], at: int, used: int, count: int, cost: float) -> Iterator[tuple[int, str, float]]:
    """«двенадцать тысяч», with what follows it: «двенадцать тысяч триста сорок пять»."""
    for more, rest, step in _tails(words, at + used):
        yield used + more, str(count) + rest, cost + step


def _millions(words: list[str], at: int, used: int, count: int, cost: float) -> Iterator[tuple[int, str, float]]:
    at += used
    for more, value, step in _below_thousand(words, at):
        if value and at + more < len(words) and words[at + more] in THOUSANDS:
            for last, rest, further in _tails(words, at + more + 1):
                yield used + more + 1 + last, f"{count}{value:03d}{rest}", cost + step + further
    for more, rest, step in _tails(words, at):
        yield used + more, f"{count}000{rest}", cost + step


def _tails(words: list[str], at: int) -> Iterator[tuple[int, str, float]]:
    """The last three digits after a thousand, and how many words they take."""
    nought = at < len(words) and words[at] in ZERO
    following = [*_below_thousand(words, at)] if at < len(words) and not nought else []
    yield 0, "000", SPLIT if following or nought else 0.0
    for used, value, split in following:
        yield used, f"{value:03d}", split
    zeros = 0
    while at + zeros < len(words) and words[at + zeros] in ZERO and zeros < 3:
        zeros += 1
        if zeros == 3:
            yield 3, "000", ZEROS_INSIDE
        for used, value, split in _below_thousand(words, at + zeros) if at + zeros < len(words) else ():
            if value and len(str(value)) == 3 - zeros:
                yield zeros + used, "0" * zeros + str(value), ZEROS_INSIDE + split
