"""Which words a recogniser may hear for a question, as phrases for Vosk's run-time grammars."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.dialogue.ports import Expects, Question
from ivr.language.port import UNKNOWN, Intent, Language
from ivr.language.selected import LANGUAGE


def names_for(expects: Expects) -> tuple[str, ...]:
    """Names of the model's own grammars for a question, the general one first."""
    match expects:
        case Expects.ACCOUNT:
            return ("account", "digits")
        case Expects.READING:
            return ("reading", "digits")
        case Expects.YES_NO:
            return ("yes-no",)
    return ("commands",)


def phrases_for(question: Question, language: Language = LANGUAGE) -> tuple[str, ...]:
    """Phrases for a model without grammars of its own; Vosk estimates a bigram from them. "[unk]" is always there."""
    intents = [phrase for intent in Intent for phrase in language.words(intent)]
    words = language.every_number_word
    if question.expects in (Expects.CHOICE, Expects.YES_NO):
        return _once((*intents, *question.spoken, *words, UNKNOWN))
    return _once((*language.number_phrases(), *intents, *language.phrases_beside(), *words, UNKNOWN))


def _once(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrases))
