"""The one primitive of listening: play prompts and collect the answer, by keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ivr.dialogue.ports import Answer, Expects, Heard, Phrase, Question
from ivr.listening.keys import Key
from ivr.listening.line import Line

HOTLINE_KEY, OPERATOR_KEY, REPEAT_KEY, END_KEY = "0", "9", "*", "#"
MOST_REPEATS = 2


@dataclass(frozen=True, slots=True)
class KeyWaits:
    """Seconds between keys.

    inter_digit: a number without ``#`` ends after it. lone_zero: a first 0 with nothing after it for so long is the
    call for the hotline and not the beginning of a number.
    """

    inter_digit: float = 4.0
    lone_zero: float = 2.0


class Listener:
    """Asks questions over a line. `on_prompt` is told of each phrase as it begins."""

    def __init__(self, line: Line, waits: KeyWaits, on_prompt: Callable[[Phrase], None]) -> None:
        self._line = line
        self._waits = waits
        self._on_prompt = on_prompt

    async def say(self, phrases: tuple[Phrase, ...]) -> None:
        """Play phrases to the end, or until a key, which stays in the buffer. Raises HungUp."""
        await self._play(phrases, heed_overrun=False)

    async def announce(self, phrases: tuple[Phrase, ...]) -> None:
        """Play phrases to the very end, whatever is pressed; keys are forgotten. Raises HungUp."""
        for phrase in phrases:
            self._on_prompt(phrase)
            await self._line.play(*phrase, heed_keys=False)
        self._line.keys.clear()

    async def ask(self, question: Question) -> Answer:
        """Ask and wait for the answer. ``*`` repeats the question, at most twice. Raises HungUp."""
        keys = self._line.keys
        if not question.type_ahead:
            keys.clear(keep=HOTLINE_KEY)
        overrun = keys.take_overrun()
        if overrun and question.expects in (Expects.CHOICE, Expects.YES_NO):
            return Answer(Heard.OVERRUN)
        self._line.begin_utterance()
        try:
            for _ in range(MOST_REPEATS + 1):
                answer = await self._once(question)
                if answer is not None:
                    return answer
        finally:
            self._line.end_utterance()
        return Answer(Heard.NOT_UNDERSTOOD)

    async def _play(self, phrases: tuple[Phrase, ...], *, heed_overrun: bool) -> None:
        keys = self._line.keys
        for phrase in phrases:
            if len(keys):
                return
            self._on_prompt(phrase)
            while not await self._line.play(*phrase):
                if len(keys) or heed_overrun:
                    return
                keys.take_overrun()  # the tail of a number that has been dealt with: begin the phrase again

    async def _once(self, question: Question) -> Answer | None:
        """Ask once; None if the caller wants to hear the question again."""
        if question.expects in (Expects.CHOICE, Expects.YES_NO):
            await self._play(question.prompts, heed_overrun=True)
            return await self._choice(question)
        await self._play(question.prompts, heed_overrun=False)
        return await self._number(question)

    async def _choice(self, question: Question) -> Answer | None:
        while True:
            key = await self._line.wait_for_key(0 if self._line.keys.overrun else question.no_input_s)
            if self._line.keys.take_overrun():
                return Answer(Heard.OVERRUN)
            if key is None:
                return Answer(Heard.NOTHING)
            if key.digit in question.choices:
                return Answer(Heard.ANSWER, key.digit)
            match key.digit:
                case "0":
                    return Answer(Heard.HOTLINE)
                case "9":
                    return Answer(Heard.OPERATOR)
                case "*":
                    return None
                case "#":
                    continue  # the end of a number that had ended already
                case wrong:
                    return Answer(Heard.NOT_UNDERSTOOD, wrong)

    async def _number(self, question: Question) -> Answer | None:
        digits = ""
        wait = question.no_input_s
        while True:
            key: Key | None = await self._line.wait_for_key(wait)
            if key is None and self._line.keys.take_overrun():
                continue
            if key is None or key.digit == END_KEY:
                return _ended(digits, question, by_pause=key is None)
            if key.digit == REPEAT_KEY:
                return None
            digits += key.digit
            if digits == HOTLINE_KEY and not question.may_start_with_zero:
                return Answer(Heard.HOTLINE)
            if len(digits) == question.most_digits:
                self._line.keys.number_full(key.at)
                return Answer(Heard.ANSWER, digits)
            wait = self._waits.lone_zero if digits == HOTLINE_KEY else self._waits.inter_digit


def _ended(digits: str, question: Question, *, by_pause: bool) -> Answer:
    """What a number means that ended before its full length."""
    if not digits:
        return Answer(Heard.NOTHING if by_pause else Heard.NOT_UNDERSTOOD)
    if digits == HOTLINE_KEY and (by_pause or question.expects is Expects.ACCOUNT):
        return Answer(Heard.HOTLINE)
    if digits == OPERATOR_KEY and (by_pause or question.expects is Expects.ACCOUNT):
        return Answer(Heard.OPERATOR)
    return Answer(Heard.ANSWER, digits)
