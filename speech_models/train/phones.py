"""The sounds that the network tells apart, and the words made of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

VOWELS = ("a", "e", "i", "o", "y", "u", "a0", "e0", "i0", "y0", "u0")
CONSONANTS = (
    *("b", "bb", "c", "ch", "d", "dd", "f", "ff", "g", "gg", "h", "hh", "j", "k", "kk", "l", "ll", "m", "mm", "n"),
    *("nn", "p", "pp", "r", "rr", "s", "sch", "sh", "ss", "t", "tt", "v", "vv", "z", "zh", "zz"),
)
SILENCE = "pau"
PHONES = (SILENCE, *VOWELS, *CONSONANTS)
"""A vowel with 0 is unstressed, a double letter is a soft consonant. The place is the number of the net's output."""

NUMBER_OF = {phone: k for k, phone in enumerate(PHONES)}
UNKNOWN_WORD = "[unk]"

HERE = Path(__file__).parent
LEXICON = HERE / "lexicon.txt"
OTHER_WORDS = HERE / "other_words.txt"

Lexicon = dict[str, list[tuple[str, ...]]]
"""Word -> its pronunciations, the plainest first."""


def read_lexicon(files: Iterable[Path] = (LEXICON,)) -> Lexicon:
    """Lines `word<TAB>phone phone …`, a line for each pronunciation. Raises ValueError for an unknown phone."""
    lexicon: Lexicon = {}
    for file in files:
        for line in file.read_text(encoding="utf-8").splitlines():
            word, _, phones = line.partition("\t")
            pronunciation = tuple(phones.split())
            strange = [phone for phone in pronunciation if phone not in NUMBER_OF]
            if strange or not pronunciation:
                raise ValueError(f"{file.name}: {word}: no such phone: {' '.join(strange) or 'none at all'}")
            lexicon.setdefault(word, []).append(pronunciation)
    return lexicon
