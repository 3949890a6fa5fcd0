"""Recording prompts by telephone, by keys only: a number, its text, a recording, what callers will hear, publish.

    at a prompt   1 record   2 listen   3 text   4 publish   5 next without a recording   6 take back
                  7 what callers hear now   0 another number   * the choices again
    at a number   digits and #   # alone: the next without a recording   0 end

The studio stores every recording as a draft; a key of its own publishes it. Three questions in a row without a useful
key end the call, and every fault ends it in words.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from enum import StrEnum

from ivr.dialogue.ports import Answer, Ending, Expects, HungUp, Phrase, Question
from ivr.dialogue.prompts import Prompt
from ivr.dialogue.studio.ports import Card, Recorded, RecordingCall, RecordingStudio
from ivr.domain.faults import Signal, StoreUnavailable
from ivr.domain.journal.steps import StudioEntered, StudioRefused, TakeKept, TakenBack, TakePublished
from ivr.domain.journal.words import Refused
from ivr.domain.takes import (
    MayNotRecord,
    NothingPublished,
    NotPublishable,
    OtherPublished,
    Reason,
    Refusal,
    Take,
    TakeFault,
)
from ivr.domain.users import MOST_OF_PIN, Person
from ivr.language.port import COMMANDS, Intent
from ivr.language.selected import LANGUAGE

log = logging.getLogger(__name__)

MOST_TRIES = 3
"""At the door, and of questions in a row without a useful key."""
MOST_DIGITS_OF_PERSON, MOST_DIGITS_OF_PROMPT = 6, 5
NO_INPUT_S = 10.0
THINKING_S = 60.0
"""Longer than usual: a speaker may first read the text in silence."""
KEEP_S = 90.0
"""Longest wait for a recording to be kept after its speaker hung up."""

TOLD = {
    Reason.SILENCE: Prompt.STUDIO_SILENCE,
    Reason.TOO_QUIET: Prompt.STUDIO_TOO_QUIET,
    Reason.CLIPPING: Prompt.STUDIO_TOO_LOUD,
    Reason.TOO_NOISY: Prompt.STUDIO_TOO_NOISY,
    Reason.TOO_SHORT_FOR_TEXT: Prompt.STUDIO_TOO_SHORT,
    Reason.TOO_LONG_FOR_TEXT: Prompt.STUDIO_TOO_LONG,
    Reason.TOO_LONG: Prompt.STUDIO_TOO_LONG,
    Reason.OTHER_WORDS: Prompt.STUDIO_OTHER_WORDS,
    Reason.OLD_TEXT: Prompt.STUDIO_OTHER_WORDS,
    Reason.CUT_OFF: Prompt.STUDIO_SPOILT,
    Reason.UNDECODABLE: Prompt.STUDIO_SPOILT,
    Reason.TOO_LARGE: Prompt.STUDIO_SPOILT,
}


class Key(StrEnum):
    """What a key does at a prompt."""

    RECORD = "1"
    LISTEN = "2"
    TEXT = "3"
    PUBLISH = "4"
    NEXT = "5"
    TAKE_BACK = "6"
    NOW = "7"
    OTHER = "0"


class GaveUp(Signal):
    """Nobody presses a useful key any more."""


class RecordingFlow:
    """One call to the studio. `run` raises HungUp."""

    def __init__(self, call: RecordingCall, studio: RecordingStudio) -> None:
        self._call = call
        self._studio = studio
        self._failures = 0

    async def run(self, known: Person | None = None, number: int | None = None) -> None:
        """Log a speaker in and work with them until they end. known: needs no PIN. number: the first prompt."""
        try:
            person = known or await self._enter()
            if person is not None:
                self._call.note(StudioEntered(person.login))
                await self._work(person, number)
            await self._call.announce((Prompt.GOODBYE,))
        except GaveUp:
            await self._call.announce((Prompt.GOODBYE,))
        except MayNotRecord:
            log.warning("who calls the studio may not record any more", extra={"call": self._call.id})
            self._call.note(StudioRefused(Refused.PERSON))
            await self._call.announce((Prompt.STUDIO_WRONG,), (Prompt.GOODBYE,))
        except (StoreUnavailable, TakeFault, OSError):
            log.exception("a fault in the studio by telephone", extra={"call": self._call.id})
            await self._call.announce((Prompt.STUDIO_FAULT,), (Prompt.GOODBYE,))

    async def _enter(self) -> Person | None:
        await self._call.say((Prompt.STUDIO_WELCOME,))
        for _ in range(MOST_TRIES):
            number = await self._digits(Prompt.STUDIO_USER, MOST_DIGITS_OF_PERSON)
            pin = await self._digits(Prompt.STUDIO_PIN, MOST_OF_PIN, secret=True)
            # An unknown number, a wrong PIN and a lock sound the same.
            person = await self._studio.admit(int(number), pin) if number and pin else None
            if person is not None:
                return person
            await self._call.announce((Prompt.STUDIO_WRONG,))
        return None

    async def _digits(self, prompt: Prompt, most: int, *, secret: bool = False) -> str:
        question = Question(
            ((prompt,),), Expects.READING, most_digits=most, no_input_s=NO_INPUT_S, secret=secret, type_ahead=True
        )
        return _number(await self._call.ask(question))

    async def _work(self, person: Person, number: int | None) -> None:
        card = await self._studio.card(number) if number is not None else None
        at = number or 0
        while card is not None or (card := await self._choose(at)) is not None:
            at = card.number
            card = await self._at_prompt(card, person)

    async def _choose(self, at: int) -> Card | None:
        """The prompt to work on, None to end."""
        while True:
            question = Question(
                ((Prompt.STUDIO_NUMBER,),),
                Expects.READING,
                most_digits=MOST_DIGITS_OF_PROMPT,
                may_start_with_zero=False,
                no_input_s=THINKING_S,
            )
            answer = await self._call.ask(question)
            if answer.ended is Intent.HOTLINE:
                return None
            if answer.ended is Ending.NOT_UNDERSTOOD and answer.digits == "#":
                card = await self._studio.next_missing(at)
                if card is None:
                    await self._fail((Prompt.STUDIO_ALL_DONE,))
            elif number := _number(answer):
                card = await self._studio.card(int(number))
                if card is None:
                    await self._fail((Prompt.STUDIO_NO_NUMBER,))
            else:
                await self._fail(_WHY[answer.ended])
                continue
            if card is not None:
                self._failures = 0
                return card

    async def _at_prompt(self, card: Card, person: Person) -> Card | None:
        """Work on one prompt. The next one, None to be asked for a number."""
        call, studio = self._call, self._studio
        await call.say((Prompt.STUDIO_PROMPT, *LANGUAGE.say_digits(str(card.number))), *await self._text(card))
        if card.published:
            await call.say((Prompt.STUDIO_NOW, card.prompt))
        if card.draft is not None:
            await call.say((Prompt.STUDIO_DRAFT,))
        while True:
            key = await self._key(card)
            match key:
                case Key.RECORD:
                    card = await self._record(card, person)
                case Key.LISTEN if card.draft is not None:
                    await call.say(*await self._as_heard(card.draft))
                case Key.LISTEN | Key.NOW:
                    await call.say((Prompt.STUDIO_NOW, card.prompt) if card.heard else (Prompt.STUDIO_SILENT,))
                case Key.TEXT:
                    card = await self._fresh(card)
                    await call.say(*await self._text(card))
                case Key.PUBLISH:
                    card = await self._publish(card, person)
                case Key.TAKE_BACK:
                    card = await self._take_back(card, person)
                case Key.NEXT | Key.OTHER:
                    if card.draft is not None:
                        await call.say((Prompt.STUDIO_KEPT,))
                    if key is Key.OTHER:
                        return None
                    found = await studio.next_missing(card.number)
                    if found is None:
                        await call.say((Prompt.STUDIO_ALL_DONE,))
                    return found

    async def _key(self, card: Card) -> Key:
        menu = Prompt.STUDIO_MENU if card.draft is None else Prompt.STUDIO_MENU_DRAFT
        question = Question(((menu,),), Expects.CHOICE, choices="".join(Key), no_input_s=THINKING_S)
        while True:
            answer = await self._call.ask(question)
            if answer.ended is Ending.ANSWER:
                self._failures = 0
                return Key(answer.digits)
            await self._fail(_WHY[answer.ended])

    async def _record(self, card: Card, person: Person) -> Card:
        call, studio = self._call, self._studio
        await call.announce((Prompt.STUDIO_RECORD,))
        name = studio.name_recording(card, person)
        try:
            recorded = await call.record_prompt(name, studio.longest_s)
        except HungUp:
            # Somebody who hangs up instead of pressing # has recorded all the same.
            async with asyncio.timeout(KEEP_S):
                await studio.keep(card, person, name)
            raise
        if recorded is Recorded.FAILED:
            log.error("Asterisk could not record a prompt", extra={"call": call.id})
            await self._fail((Prompt.STUDIO_NOT_RECORDED,))
            return card
        # In the background, so that a hang-up while it is checked ends the call and not the keeping.
        keeping = asyncio.create_task(studio.keep(card, person, name))
        try:
            await call.say((Prompt.STUDIO_CHECKING,))
        finally:
            async with asyncio.timeout(KEEP_S):
                take = await keeping
        if take is None:
            await self._fail((Prompt.STUDIO_NOT_RECORDED,))
            return card
        call.note(TakeKept(take.id))
        await call.say(*_reasons(take.refusals), *await self._as_heard(take))
        return replace(card, draft=take if take.audio else card.draft)

    async def _publish(self, card: Card, person: Person) -> Card:
        draft = card.draft
        if draft is None:
            await self._call.say((Prompt.STUDIO_NO_DRAFT,))
            return card
        try:
            await self._studio.publish(draft, person)
        except NotPublishable as fault:
            old = any(refusal.reason is Reason.OLD_TEXT for refusal in fault.refusals)
            card = await self._fresh(card) if old else card
            text = await self._text(card) if old else ()  # the present one, for the next try
            await self._call.say(*_reasons(fault.refusals), (Prompt.STUDIO_NOT_PUBLISHABLE,), *text)
            return card
        self._call.note(TakePublished(draft.id))
        await self._call.say((Prompt.STUDIO_PUBLISHED,))
        return replace(card, heard=True, published=True, draft=None, take=draft.id)

    async def _take_back(self, card: Card, person: Person) -> Card:
        try:
            await self._studio.take_back(card, person)
        except NothingPublished:
            await self._call.say((Prompt.STUDIO_NOTHING_TO_RESTORE,))
            return replace(card, published=False, take=0)
        except OtherPublished:  # by somebody else meanwhile: who called has not heard it yet
            await self._call.say((Prompt.STUDIO_NOW, card.prompt))
            return await self._fresh(card)
        self._call.note(TakenBack(card.number))
        card = await self._fresh(card)
        await self._call.say((Prompt.STUDIO_RESTORED,))
        return card

    async def _fresh(self, card: Card) -> Card:
        """The prompt as it stands now, with the draft that the caller knows."""
        found = await self._studio.card(card.number)
        return replace(found, draft=card.draft) if found is not None else card

    async def _text(self, card: Card) -> tuple[Phrase, ...]:
        text = await self._studio.text(card)
        return ((Prompt.STUDIO_TEXT, *text) if text else (Prompt.STUDIO_NO_TEXT,),)

    async def _as_heard(self, take: Take) -> tuple[Phrase, ...]:
        sound = await self._studio.as_heard(take)
        return ((Prompt.STUDIO_AS_HEARD, *sound),) if sound else ()

    async def _fail(self, why: Phrase) -> None:
        """Count a question without a useful key and tell why. Raises GaveUp."""
        self._failures += 1
        await self._call.say(why)
        if self._failures >= MOST_TRIES:
            raise GaveUp


_WHY: dict[Ending | Intent, Phrase] = {
    end: (Prompt.NO_INPUT if end is Ending.NO_INPUT else Prompt.NOT_UNDERSTOOD,) for end in (*Ending, *COMMANDS)
}


def _number(answer: Answer) -> str:
    """The digits keyed, "" if none; a single 0 or 9 that ended by a pause is a number here."""
    if answer.ended is Intent.HOTLINE:
        return "0"
    if answer.ended is Intent.OPERATOR:
        return "9"
    return answer.digits if answer.ended is Ending.ANSWER else ""


def _reasons(refusals: tuple[Refusal, ...]) -> tuple[Phrase, ...]:
    """The objections to a take, each one once."""
    return tuple((prompt,) for prompt in dict.fromkeys(TOLD[refusal.reason] for refusal in refusals))
