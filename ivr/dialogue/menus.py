"""What callers say for the keys of a menu."""

from __future__ import annotations

from collections.abc import Mapping

from ivr.language.port import Menu
from ivr.language.selected import LANGUAGE


def spoken_keys(menu: Menu, keys: Mapping[str, str]) -> Mapping[str, str]:
    """Phrase -> key. keys: key of each choice that the language lists for the menu; KeyError if one is missing."""
    return {phrase: keys[choice] for choice, phrases in LANGUAGE.choices(menu).items() for phrase in phrases}
