"""Which words a recogniser may hear for a question, as phrases for Vosk's run-time grammars."""

from __future__ import annotations

from collections.abc import Iterable

from ivr.dialogue.ports import Expects, Question
from ivr.language.ru.commands import PHRASES
from ivr.language.ru.words import CORRECTIONS, DIGITS, FRACTION_MARKS, HUNDREDS, NUMBER_WORDS, TEENS, TENS, UNKNOWN

BESIDE = ("мой номер", "лицевой счёт", "показания", "спасибо", "это", "так", "э", "вот", "ну")


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


def phrases_for(question: Question) -> tuple[str, ...]:
    """Phrases for a model without grammars of its own; Vosk estimates a bigram from them. "[unk]" is always there."""
    commands = [phrase for phrases in PHRASES.values() for phrase in phrases]
    if question.expects in (Expects.CHOICE, Expects.YES_NO):
        return _once((*commands, *question.spoken, *NUMBER_WORDS, UNKNOWN))
    return _once((*_numbers(), *commands, *BESIDE, *sorted(CORRECTIONS | FRACTION_MARKS), *NUMBER_WORDS, UNKNOWN))


def _numbers() -> Iterable[str]:
    """Numbers in the ways they are said: every pair of words that can follow each other is among them."""
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


def _once(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrases))
