"""Retries after a failed answer: the line repeats with help, slows down, and at last transfers to an operator.

Rules: docs/voice-interface.md («Listening»). The line counts consecutive failures of any kind, across steps.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from ivr.dialogue.interpretation import ChoiceInterpreter
from ivr.dialogue.ports import Answer, Call, Ending, Expects, Interpreter, Next, Phrase, Question
from ivr.dialogue.prompts import Prompt
from ivr.domain.faults import Signal
from ivr.domain.journal.steps import Corrected
from ivr.language.port import Intent

YES, NO, HOTLINE = "1", "2", "0"
END_KEY = "#"
MOST_FAILURES = 3
MOST_ASIDES = 3
"""Times in a row that a caller may ask for help, or drop what they said, before it counts as a failure."""
LONGEST_SPEECH_S = 20.0
LOOK_FOR_KEYS_S = 0.1

Found = TypeVar("Found")


class HandOver(Signal):
    """The caller leaves the dialogue for a person, or wants to; it ends every flow."""

    def __init__(self, to: Next, *, announced: bool = False) -> None:
        """announced: the caller has been told already."""
        super().__init__(to)
        self.to = to
        self.announced = announced


class ReportWanted(Signal):
    """The caller wants to report an outage, at whatever question."""


class NumberMissing(Signal):
    """The caller has no number to give."""


class WentBack(Signal):
    """The caller wants the step before; a flow without one repeats its question."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds of silence before an answer counts as missing.

    usual: for a fresh caller. stumbled: after a failure. look: where the caller must look at the bill or the meter.
    """

    usual: float = 7.0
    stumbled: float = 10.0
    look: float = 15.0


class Conversation:
    """A call with its count of failures. Every method raises HungUp, and HandOver to end the dialogue."""

    def __init__(self, call: Call, patience: Patience) -> None:
        self.call = call
        self._patience = patience
        self._failures = 0
        self._asides = 0
        self._heard_us = False  # whether speech was understood at the question before
        self._corrected: Answer | None = None  # a no with the right number after it, which no question has asked for
        self.reporting = False
        """Whether the caller reports an outage now: asking for that again is no answer."""

    async def say(self, *phrases: Phrase) -> None:
        """Play phrases; words that call for people act at once."""
        match await self.call.say(*phrases):
            case Intent.HOTLINE:
                raise HandOver(Next.HOTLINE)
            case Intent.OPERATOR:
                raise HandOver(Next.OPERATOR)

    async def say_whole(self, phrase: Phrase) -> None:
        """Play a phrase as `say`, and once more to its end if a key cut it off that is none for people."""
        await self.say(phrase)
        if self.call.waiting_keys.strip(HOTLINE):
            await self.call.announce(phrase)

    async def greet(self, *phrases: Phrase) -> None:
        """Play phrases; the key for the hotline acts at once too, any other counts for the first question."""
        await self.say(*phrases)
        if self.call.waiting_keys.startswith(HOTLINE):
            raise HandOver(Next.HOTLINE)

    async def meanwhile(self, work: Awaitable[Found]) -> Found:
        """Wait for the store; the hotline's key acts at once, however slow it is. Raises what `work` raises too.

        Then nobody waits for `work` any more: what it was to store may be stored or not.
        """
        task = asyncio.ensure_future(work)
        try:
            while not task.done():
                await asyncio.wait((task,), timeout=LOOK_FOR_KEYS_S)
                if self.call.waiting_keys.startswith(HOTLINE):
                    raise HandOver(Next.HOTLINE)
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def record(self, *phrases: Phrase) -> Answer:
        """Play phrases and keep what is said then; calls for people act at once."""
        wait = self._patience.stumbled if self._failures else self._patience.usual
        said = await self.call.record(*phrases, no_input_s=wait, longest_s=LONGEST_SPEECH_S)
        return self._minding_people(said)

    async def part(self) -> None:
        """Say goodbye; even then the hotline's key and words count."""
        await self._ask(Question(((Prompt.GOODBYE,),), Expects.CHOICE, no_input_s=0))

    async def stumble(self, *why: Phrase, slow: Prompt = Prompt.KEYS_SLOWLY) -> None:
        """Count a failure and tell why. The third in a row fetches a person; `slow` is said at the second."""
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            await self.call.announce(*why, (Prompt.PERSON,))
            raise HandOver(Next.OPERATOR)
        if self._failures == MOST_FAILURES - 1:
            self.call.keys_only()
            self._heard_us = False
        slowly: tuple[Phrase, ...] = ((slow,),) if self._failures == MOST_FAILURES - 1 else ()
        await self.say(*why, *slowly)

    def succeed(self) -> None:
        """The caller got on: failures before this one are forgiven."""
        self._failures = self._asides = 0

    async def number(
        self,
        expects: Expects,
        *prompts: Phrase,
        most_digits: int,
        help_with: Phrase,
        may_start_with_zero: bool = True,
        interpreter: Interpreter | None = None,
        invites: bool = True,
        may_be_missing: bool = False,
    ) -> Answer:
        """Ask for a number until there is one, with `help_with` from the second try on. Not empty, digits only.

        A silent caller hears only the last of `prompts` again, and `help_with` once.

        A number that was said after the no to a confirmation just before is the answer without a question.

        invites: the last of `prompts` ends with the ways to answer that are open now: to say it or to key it in.
        may_be_missing: ``#`` alone says that there is none, and is no failure.
        Raises WentBack if the caller wants the step before, NumberMissing if they have none and need not.
        """
        corrected = await self._correction(interpreter)
        if corrected is not None:
            return corrected
        helped = silent = False
        helps = 0
        while True:
            lost: tuple[Phrase, ...] = ((Prompt.KEYS_ONLY,),) if self._lost() else ()
            way: Phrase = (Prompt.SAY_OR_KEY if self.call.hears else Prompt.KEY_IN,) if invites else ()
            whole = (*prompts[:-1], (*prompts[-1], *way))
            helped = helped or (self._failures > 0 and not (silent and helps))
            helps += helped
            after: tuple[Phrase, ...] = (help_with,) if helped else ()
            question = Question(
                prompts=(*lost, *(whole[-1:] if silent else whole), *after),
                in_full=(*whole, *after),
                interpreter=interpreter,
                expects=expects,
                most_digits=most_digits,
                may_start_with_zero=may_start_with_zero,
                no_input_s=self._patience.look,
            )
            answer = await self._ask(question)
            if answer.ended is Ending.ANSWER:
                return answer
            if may_be_missing and (answer.ended, answer.digits) == (Ending.NOT_UNDERSTOOD, END_KEY):
                raise NumberMissing
            helped, silent = answer.ended is Intent.HELP, answer.ended is Ending.NO_INPUT
            if not self._bears(answer):
                await self._missed(answer)
            elif answer.ended is Intent.BACK:
                raise WentBack

    async def choose(
        self, *prompts: Phrase, keys: str, or_silence: str | None = None, spoken: Mapping[str, str] | None = None
    ) -> str:
        """Ask for one key of `keys`; silence means the key `or_silence` if given, else it is a failure.

        Who says nothing hears the last of `prompts` again, not what is told before it.
        spoken: phrases and the keys they stand for.
        """
        silent = False
        while True:
            question = self._single(prompts, Expects.CHOICE, keys, type_ahead=True, spoken=spoken)
            answer = await self._ask(_only_asked(question, 1) if silent else question)
            silent = answer.ended is Ending.NO_INPUT
            if answer.ended is Ending.ANSWER:
                self.succeed()
                return answer.digits
            if answer.ended is Ending.NO_INPUT and or_silence is not None:
                return or_silence
            if not self._bears(answer):
                await self._missed(answer, slow=Prompt.ONE_KEY)

    async def confirm(self, *prompts: Phrase) -> bool | None:
        """Ask yes or no; None if the number that is to be confirmed was typed too long.

        A number that is said after the no answers the next question for one (`number`); `corrected` tells of it.
        Keys pressed before the question are forgotten: nobody confirms what they have not begun to hear.
        Who says nothing hears the last of `prompts` again, not what is told before it.
        """
        helped = silent = False
        while True:
            way = Prompt.YES_NO_HELP if helped else Prompt.YES_NO
            question = self._single((*prompts, (way,)), Expects.YES_NO, YES + NO)
            answer = await self._ask(_only_asked(question, 2) if silent else question)
            helped, silent = answer.ended is Intent.HELP, answer.ended is Ending.NO_INPUT
            if answer.ended is Ending.ANSWER:
                self._corrected = answer if answer.meaning.after_no else None
                return answer.digits == YES
            if answer.ended is Ending.OVERRUN:
                return None
            if answer.ended in (Intent.BACK, Intent.CANCEL):
                return False
            if not self._bears(answer):
                await self._missed(answer, slow=Prompt.ONE_KEY)

    @property
    def corrected(self) -> bool:
        """Whether the no just said came with the right number."""
        return self._corrected is not None

    async def _correction(self, interpreter: Interpreter | None) -> Answer | None:
        """The number that was said after the no just before, None if there is none or it is not understood."""
        said, self._corrected = self._corrected, None
        if said is None or interpreter is None or not self.call.hears:
            return None
        meaning = await interpreter.interpret(said.meaning.after_no)
        if not meaning.digits:
            return None
        self.call.note(Corrected(meaning.digits))
        return replace(said, digits=meaning.digits, meaning=meaning)

    def _single(
        self,
        prompts: tuple[Phrase, ...],
        expects: Expects,
        keys: str,
        *,
        type_ahead: bool = False,
        spoken: Mapping[str, str] | None = None,
    ) -> Question:
        wait = self._patience.stumbled if self._failures else self._patience.usual
        return Question(
            prompts=prompts,
            expects=expects,
            choices=keys,
            no_input_s=wait,
            type_ahead=type_ahead,
            interpreter=ChoiceInterpreter(keys, spoken or {}),
            spoken=spoken or {},
            barge_in=expects is not Expects.YES_NO,
        )

    def _lost(self) -> bool:
        """Whether the recogniser has become unavailable since the last look."""
        lost = self._heard_us and not self.call.hears
        self._heard_us = self.call.hears
        return lost

    def _bears(self, answer: Answer) -> bool:
        """Whether the answer is an aside, help for example, that is no failure; only so many in a row are none."""
        if answer.ended not in (Intent.HELP, Intent.BACK, Intent.CANCEL) or self._asides >= MOST_ASIDES:
            return False
        self._asides += 1
        return True

    async def _ask(self, question: Question) -> Answer:
        self._corrected = None
        answer = await self.call.ask(question)
        if answer.ended is Ending.NO_RECOGNISER:
            answer = await self.call.ask(_by_keys(question))
        if answer.ended is Intent.REPORT and not self.reporting:
            raise ReportWanted
        return self._minding_people(answer)

    def _minding_people(self, answer: Answer) -> Answer:
        """The answer, unless it calls for people."""
        if answer.ended is Intent.HOTLINE:
            raise HandOver(Next.HOTLINE)
        if answer.ended is Intent.OPERATOR:
            raise HandOver(Next.OPERATOR)
        return answer

    async def _missed(self, answer: Answer, *, slow: Prompt = Prompt.KEYS_SLOWLY) -> None:
        why = Prompt.NO_INPUT if answer.ended is Ending.NO_INPUT else Prompt.NOT_UNDERSTOOD
        await self.stumble((why,), slow=slow)


def _only_asked(question: Question, phrases: int) -> Question:
    """The question cut to its last `phrases`; a caller who asks to hear it again hears all of it."""
    return replace(question, prompts=question.prompts[-phrases:], in_full=question.prompts)


def _by_keys(question: Question) -> Question:
    """The question again, for keys alone, and why."""
    prompts, in_full = (
        tuple(tuple(Prompt.KEY_IN if one == Prompt.SAY_OR_KEY else one for one in said) for said in phrases)
        for phrases in (question.prompts, question.in_full)
    )
    return replace(question, prompts=((Prompt.KEYS_ONLY,), *prompts), in_full=in_full, interpreter=None)
