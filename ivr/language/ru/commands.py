"""Phrases that callers say instead of an answer, and their words for yes and no."""

from __future__ import annotations

from collections.abc import Sequence

from ivr.language.port import COMMANDS, Intent
from ivr.language.ru.words import FILLERS, PHRASES, UNKNOWN, plain

_STRANGE_BORNE = {Intent.HOTLINE: 3, Intent.OPERATOR: 2}
_POLITE = FILLERS - {"да", "так", "ага", "угу", "всё", "хорошо"}


def command_in(words: Sequence[str]) -> Intent | None:
    """The command in the words; None if they hold no command, or too many other words.

    A command allows fillers and one unknown word beside its phrase, OPERATOR two and HOTLINE three: to miss a call for
    help costs more than to transfer one caller too many.
    """
    said = [plain(word) for word in words]
    meant = [word for word in said if word not in _POLITE and word != UNKNOWN]
    strange = said.count(UNKNOWN)
    for kind in COMMANDS:
        for phrase in PHRASES[kind]:
            parts = phrase.split()
            wanted = [part for part in parts if part not in _POLITE]
            if not _holds(said, parts):
                continue
            beside = len(meant) - len(wanted) + strange
            if beside <= _STRANGE_BORNE.get(kind, 1):
                return kind
    return None


def is_call_for_help(words: Sequence[str]) -> bool:
    """Whether the words are a phrase for the hotline and nothing besides but fillers and other speech."""
    meant = [word for word in map(plain, words) if word != UNKNOWN and word not in _POLITE]
    phrases = (phrase.split() for phrase in PHRASES[Intent.HOTLINE])
    return any(meant == [part for part in parts if part not in _POLITE] for parts in phrases)


def yes_or_no(words: Sequence[str]) -> Intent | None:
    """YES or NO, None if neither or unclear. The last word of refusal wins: «да нет» is a no."""
    said = [plain(word) for word in words if word != UNKNOWN]
    if _any(said, Intent.NO):
        denied = _any([word for word in said if word != "нет"], Intent.NO)
        if said[:1] == ["нет"] and not denied and _any(said[1:], Intent.YES) and "всё" in said:
            return Intent.YES  # «нет, всё верно»
        return Intent.NO
    return Intent.YES if _any(said, Intent.YES) else None


def after_denial(words: Sequence[str]) -> tuple[str, ...]:
    """The words that follow a no at their beginning, without the unknown ones."""
    known = [word for word in words if word != UNKNOWN]
    denial = PHRASES[Intent.NO]
    return tuple(known[next((at for at, word in enumerate(known) if plain(word) not in denial), len(known)) :])


def phrase_in(words: Sequence[str], phrases: Sequence[str]) -> str | None:
    """The longest of the phrases that the words hold, None if none."""
    said = [plain(word) for word in words]
    for phrase in sorted(phrases, key=len, reverse=True):
        if _holds(said, [plain(part) for part in phrase.split()]):
            return phrase
    return None


def _any(said: Sequence[str], kind: Intent) -> bool:
    return any(_holds(said, phrase.split()) for phrase in PHRASES[kind])


def _holds(said: Sequence[str], parts: Sequence[str]) -> bool:
    return any(list(said[at : at + len(parts)]) == list(parts) for at in range(len(said) - len(parts) + 1))
