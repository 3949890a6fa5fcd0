"""Word errors: how far the words heard are from the words said."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.language.ru.words import THOUSANDS, UNKNOWN, plain

_SAME = {"нуль": "ноль", "одна": "один", "одно": "один", "две": "два", **dict.fromkeys(THOUSANDS, "тысяча")}


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Words to change, add or leave out (Levenshtein); forms of one number count as the same, [unk] as nothing."""
    want = [_SAME.get(plain(word), plain(word)) for word in said]
    have = [_SAME.get(plain(word), plain(word)) for word in heard if word != UNKNOWN]
    row = list(range(len(have) + 1))
    for i, word in enumerate(want, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(have, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]
