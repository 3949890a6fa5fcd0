"""From a Russian word with its stress to phones: enough for the words of a telephone menu.

The stress stands before its vowel as «+» («показ+ания»); «ё» and the only vowel of a word need none. Soft consonants
are written double (`tt`), unstressed vowels with a 0 (`a0`). Rules: vowel reduction, softening, final devoicing,
assimilation of voice; what they miss (fast and worn-down forms) is written into lexicon.txt by hand.
"""

from __future__ import annotations

import re

VOWELS = "аоуыэиеёюя"
PAIRED = dict(zip("бвгдзклмнпрстфх", "bvgdzklmnprstfh", strict=True))
UNPAIRED = {"ж": "zh", "ш": "sh", "ц": "c", "ч": "ch", "щ": "sch", "й": "j"}
STRESSED = dict(zip("аяоёуюыэеи", "aaoouuyeei", strict=True))
UNSTRESSED = {"у": "u0", "ю": "u0", "ы": "y0", "и": "i0", "э": "e0", "о": "a0", "а": "a0", "ё": "o"}

_PAIRS = {"b": "p", "v": "f", "g": "k", "d": "t", "z": "s", "zh": "sh"}
VOICELESS_OF = _PAIRS | {a * 2: b * 2 for a, b in _PAIRS.items() if a != "zh"}
VOICED_OF = {voiceless: voiced for voiced, voiceless in VOICELESS_OF.items()}
VOICED = frozenset(VOICELESS_OF) - {"v", "vv"}  # «в» makes no neighbour voiced
VOICELESS = frozenset(VOICELESS_OF.values()) | {"c", "ch", "sch", "h", "hh"}


def _vowel(letter: str, before: str, stressed: bool, last: bool) -> str:
    hard_sibilant = bool(before) and before in "жшц"
    if stressed:
        return "y" if letter == "и" and hard_sibilant else STRESSED[letter]
    if letter == "и" and hard_sibilant:
        return "y0"
    if letter == "е":
        return "e0" if last else "y0" if hard_sibilant else "i0"
    if letter == "я" or (letter == "а" and before and before in "чщ"):
        return "a0" if last else "i0"
    return UNSTRESSED[letter]


def _assimilate(phones: list[str]) -> list[str]:
    for k in range(len(phones) - 1, -1, -1):
        following = phones[k + 1] if k + 1 < len(phones) else None
        if phones[k] in VOICELESS_OF and (following is None or following in VOICELESS):
            phones[k] = VOICELESS_OF[phones[k]]
        elif phones[k] in VOICED_OF and following in VOICED:
            phones[k] = VOICED_OF[phones[k]]
    return phones


def phones_of(word: str) -> list[str]:
    """Phones of one word, lower case. Raises ValueError for a letter that is not Russian."""
    word = re.sub("([ое])г(\\+?)о$", r"\1в\2о", re.sub("ть?ся$", "ца", word)).replace("сч", "щ")
    word = re.sub("тс|дц|тц", "ц", re.sub("^что", "што", word)).replace("вств", "ств").replace("тт", "т")
    if sum(letter in VOWELS for letter in word) == 1 and "+" not in word:
        word = re.sub(f"([{VOWELS}])", r"+\1", word)
    phones: list[str] = []
    before = ""
    stressed = False
    for k, letter in enumerate(word):
        if letter == "+":
            stressed = True
            continue
        if letter in VOWELS:
            if letter in "еёюя" and (not before or before in VOWELS + "ьъ"):
                phones.append("j")
            phones.append(_vowel(letter, before, stressed or letter == "ё", k == len(word) - 1))
            stressed = False
        elif letter in PAIRED:
            following = word[k + 1 :].lstrip("+")[:1]
            phones.append(PAIRED[letter] * (2 if following and following in "ьеёюяи" else 1))
        elif letter in UNPAIRED:
            phones.append(UNPAIRED[letter])
        elif letter not in "ьъ":
            raise ValueError(f"no Russian letter: {letter}")
        before = letter
    return _assimilate(phones)
