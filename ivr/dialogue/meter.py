"""Readings of one meter by telephone: read back the last ones, ask for the new ones, say what became of them.

`ivr.intake.submit` decides what to doubt, exchange and store; this module speaks and asks.
"""

from __future__ import annotations

from ivr.dialogue.conversation import Conversation, WentBack
from ivr.dialogue.interpretation import GroupInterpreter, ReadingInterpreter
from ivr.dialogue.ports import Answer, Expects, Phrase
from ivr.dialogue.prompts import Prompt
from ivr.domain.contacts import Contact
from ivr.domain.journal.steps import ReadingJudged, ReadingsStored, SimilarNumbers
from ivr.domain.judgement import Verdict
from ivr.domain.meters import Meter, Register
from ivr.domain.readings import Channel
from ivr.intake.ports import Clock, Readings
from ivr.intake.submit import MeterDraft, Offer, Rules, submit
from ivr.language.selected import LANGUAGE

LAST_GROUP = 3
"""Digits of a reading that are asked for again where they alone are in doubt: those after the thousands."""


class MeterReading:
    """Takes the readings of one meter in one call."""

    def __init__(
        self, conversation: Conversation, readings: Readings, clock: Clock, rules: Rules, meter: Meter, group: str
    ) -> None:
        """group: of the account, which may have a submission window of its own."""
        self._conversation = conversation
        self._readings = readings
        self._now = clock.now()
        self._limits = rules.limits
        self._meter = meter
        self._draft = MeterDraft(meter, rules, self._now.date(), group)

    async def take(self, *, name_meter: bool) -> str:
        """Take and store every register; return the receipt number.

        Nothing is stored before all registers are confirmed: half a meter is no reading.
        Raises HungUp, HandOver, StoreUnavailable, and WentBack if the caller wants the step before the first reading.
        """
        opening = self._read_back(name_meter=name_meter)
        while missing := self._draft.missing:
            try:
                await self._take(missing[0], opening)
            except WentBack:
                if not self._draft.back():  # the zone before is asked for again
                    raise
            opening = ()
        return await self._store()

    async def _take(self, register: Register, opening: tuple[Phrase, ...]) -> None:
        """Ask for one register until a value of it, or of another one, is confirmed."""
        refused: int | None = None
        denied: list[str] = []
        while True:
            answer = await self._ask(register, opening, denied)
            opening = ()
            offer = self._offer(register, int(answer.digits), answer)
            self._conversation.call.note(ReadingJudged(register.zone, offer.judgement.verdict))
            if offer.doubted and offer.value != refused:
                if offer.swap_with is not None and await self._swap(offer.swap_with):
                    return
                refused = offer.value if offer.fits_display else None
                await self._conversation.stumble(*self._why(offer))
                continue
            meant = await self._meant(answer)
            confirmed = await self._confirmed(offer, meant, answer)
            if confirmed is not None:
                self._accept(offer, confirmed, answer)
                return
            denied += map(str, meant) if answer.by_voice else ()

    async def _ask(self, register: Register, opening: tuple[Phrase, ...], denied: list[str]) -> Answer:
        """denied: spoken values that the caller has said no to, as they were misheard."""
        return await self._conversation.number(
            Expects.READING,
            *opening,
            (Prompt.READING_ASK, *self._zone(register)),
            most_digits=register.digits,
            help_with=(Prompt.READING_HELP,),
            interpreter=ReadingInterpreter(self._meter, register, self._draft.read_on, self._limits, denied),
        )

    async def _meant(self, answer: Answer) -> tuple[int, ...]:
        """The values to be confirmed, the likeliest first.

        Where several sound alike that differ in their last three digits only, these are asked for again.
        """
        numbers = (answer.digits, *answer.meaning.rivals)
        ends = {number[-LAST_GROUP:] for number in numbers}
        alike = len({number[:-LAST_GROUP] for number in numbers}) == 1 and len(answer.digits) > LAST_GROUP
        if len(numbers) > 1 and alike and len(ends) == len(numbers):
            self._conversation.call.note(SimilarNumbers(numbers))
            said = await self._conversation.number(
                Expects.READING,
                (Prompt.READING_GROUP_LAST,),
                most_digits=LAST_GROUP,
                help_with=(Prompt.KEYS_SLOWLY,),
                interpreter=GroupInterpreter(numbers, len(answer.digits) - LAST_GROUP, LAST_GROUP),
                invites=False,
            )
            numbers = tuple(number for number in numbers if number[-LAST_GROUP:] == said.digits)
        return tuple(map(int, numbers))

    async def _confirmed(self, offer: Offer, values: tuple[int, ...], answer: Answer) -> int | None:
        """The first of the values that the caller says yes to."""
        same: tuple[Phrase, ...] = ((Prompt.READING_SAME,),) if offer.judgement.verdict is Verdict.SAME else ()
        if answer.meaning.fraction_dropped:
            same = ((Prompt.READING_FRACTION,), *same)
        for value in values:
            said = (Prompt.READING_CONFIRM, *self._zone(offer.register), *LANGUAGE.say_number(value))
            match await self._conversation.confirm(*same, said):
                case True:
                    return value
                case None:
                    await self._conversation.stumble((Prompt.READING_TOO_LONG,))
                    return None
            if self._conversation.corrected:
                break
            same = ()
        why: tuple[Phrase, ...] = () if values else ((Prompt.NOT_UNDERSTOOD,),)
        await self._conversation.stumble(*why)
        return None

    def _offer(self, register: Register, value: int, answer: Answer) -> Offer:
        return self._draft.offer(register, value, answer.audio if answer.by_voice else None)

    def _accept(self, offer: Offer, confirmed: int, answer: Answer) -> None:
        """Take the value that the caller has confirmed: the one offered, or another that sounds like it."""
        if confirmed != offer.value:
            offer = self._offer(offer.register, confirmed, answer)
        if offer.doubted:  # given twice, and confirmed
            self._draft.insist()
        self._draft.accept()
        self._conversation.succeed()

    async def _swap(self, other: Register) -> bool:
        """Ask whether the value just offered is the other zone's; exchange them and return True if so."""
        if not await self._conversation.confirm((Prompt.READING_SWAPPED, *self._zone(other))):
            return False
        self._draft.swap()
        self._conversation.succeed()
        return True

    async def _store(self) -> str:
        draft, call = self._draft, self._conversation.call
        flagged = [offer for offer in draft.given if draft.flagged(offer)]
        # The caller's voice is kept beside a value that a clerk looks at.
        said = {offer.register.id: offer.utterance for offer in flagged if offer.utterance}
        kept = {key: await call.keep_voice(utterance) for key, utterance in said.items()}
        spoken = any(offer.utterance is not None for offer in draft.given)
        receipt = await submit(
            draft,
            Contact.by_phone(call.id, self._now),
            self._readings,
            Channel.VOICE if spoken else Channel.KEYS,
            {key: path for key, path in kept.items() if path},
        )
        call.note(ReadingsStored(tuple(offer.value for offer in draft.given)))
        after: list[Phrase] = [(Prompt.READING_STORED,)]
        if flagged:
            after.append((Prompt.READING_TO_BE_CHECKED,))
        if not draft.in_window:
            after.append((Prompt.READING_PERIOD, *LANGUAGE.say_period(draft.period)))
        await self._conversation.say(*after)
        return receipt

    def _read_back(self, *, name_meter: bool) -> tuple[Phrase, ...]:
        said: list[Phrase] = []
        if name_meter:
            last_digits = "".join(filter(str.isdigit, self._meter.serial))[-4:]
            said.append((Prompt.READING_METER, *LANGUAGE.say_digits(last_digits)))
        remote: tuple[Phrase, ...] = ((Prompt.READING_REMOTE,),) if self._meter.remote else ()
        known = [register for register in self._meter.registers if register.latest is not None]
        if not known:
            return (*said, (Prompt.READING_NONE,), *remote)
        values = [piece for register in known for piece in (*self._zone(register), *self._latest(register))]
        dates = {register.latest.taken_on for register in known if register.latest is not None}
        said.append((Prompt.READING_LAST, *values))
        said.append((Prompt.READING_TAKEN_ON, *LANGUAGE.say_date(max(dates), self._now.date())))
        return (*said, *remote)

    def _latest(self, register: Register) -> Phrase:
        return LANGUAGE.say_number(register.latest.value) if register.latest is not None else ()

    def _why(self, offer: Offer) -> tuple[Phrase, ...]:
        """Why a value was not taken, and what to do."""
        if not offer.fits_display:
            return ((Prompt.READING_TOO_LONG,),)
        if offer.judgement.verdict is Verdict.TOO_LOW:
            base = offer.register.base
            last = LANGUAGE.say_number(base.value) if base is not None else ()
            return ((Prompt.READING_TOO_LOW, *last), (Prompt.READING_INSIST,))
        use = LANGUAGE.say_energy(offer.judgement.use_kwh or 0)
        return ((Prompt.READING_TOO_HIGH, *use), (Prompt.READING_INSIST,))

    def _zone(self, register: Register) -> Phrase:
        return LANGUAGE.say_zone(self._meter.zone_name(register))
