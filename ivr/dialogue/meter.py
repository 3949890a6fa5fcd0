"""Readings of one meter: read back the last ones, take the new ones, store them together."""

from __future__ import annotations

from dataclasses import dataclass

from ivr.dialogue.conversation import Conversation, WentBack
from ivr.dialogue.interpretation import GroupInterpreter, ReadingInterpreter
from ivr.dialogue.ports import Answer, Clock, Expects, Ledger, Phrase
from ivr.dialogue.prompts import Prompt
from ivr.domain.journal.steps import ReadingJudged, ReadingsStored, SimilarNumbers
from ivr.domain.judgement import Judgement, Limits, Verdict, judge, swapped_with
from ivr.domain.meters import Meter, Register
from ivr.domain.readings import Channel, Entry, Submission, Window
from ivr.language.ru.numbers import cardinal, day_of, digits, kilowatt_hours, period, zone

LAST_GROUP = 3
"""Digits of a reading that are asked for again where they alone are in doubt: those after the thousands."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the retailer has settled about readings."""

    window: Window
    limits: Limits


class MeterReading:
    """Takes the readings of one meter in one call."""

    def __init__(self, conversation: Conversation, ledger: Ledger, clock: Clock, rules: Rules, meter: Meter) -> None:
        self._conversation = conversation
        self._ledger = ledger
        self._now = clock.now()
        self._rules = rules
        self._meter = meter
        self._given: dict[int, int] = {}
        self._judgements: dict[int, Judgement] = {}
        self._voices: dict[int, bytes] = {}  # utterances of values that were said

    async def take(self, *, name_meter: bool) -> str:
        """Take and store every register; return the receipt number.

        Nothing is stored before all registers are confirmed: half a meter is no reading.
        Raises HungUp, HandOver, StoreUnavailable, and WentBack if the caller wants the step before the first reading.
        """
        opening = self._read_back(name_meter=name_meter)
        while missing := [register for register in self._meter.registers if register.id not in self._given]:
            try:
                await self._take(missing[0], opening)
            except WentBack:
                if not self._given:
                    raise
                self._given.popitem()  # the zone before is asked for again
            opening = ()
        return await self._store()

    async def _take(self, register: Register, opening: tuple[Phrase, ...]) -> None:
        """Ask for one register until a value of it, or of another one, is confirmed."""
        refused: int | None = None
        denied: list[str] = []
        while True:
            answer = await self._ask(register, opening, denied)
            value, opening = int(answer.digits), ()
            verdict = judge(self._meter, register, value, self._now.date(), self._rules.limits)
            self._conversation.call.note(ReadingJudged(register.zone, verdict.verdict))
            if not verdict.believed and value != refused:
                other = swapped_with(self._meter, register, value, self._given, self._now.date(), self._rules.limits)
                if other is not None and await self._swap(register, other, value, answer):
                    return
                refused = value if verdict.verdict is not Verdict.TOO_LONG else None
                await self._conversation.stumble(*self._why(register, verdict))
                continue
            meant = await self._meant(answer)
            confirmed = await self._confirmed(register, meant, verdict, answer)
            if confirmed is not None:
                self._keep(register, confirmed, self._judge(register, confirmed), answer)
                return
            denied += map(str, meant) if answer.by_voice else ()

    async def _ask(self, register: Register, opening: tuple[Phrase, ...], denied: list[str]) -> Answer:
        """denied: spoken values that the caller has said no to, as they were misheard."""
        today, limits = self._now.date(), self._rules.limits
        return await self._conversation.number(
            Expects.READING,
            *opening,
            (Prompt.READING_ASK, *self._zone(register)),
            most_digits=register.digits,
            help_with=(Prompt.READING_HELP,),
            interpreter=ReadingInterpreter(self._meter, register, today, limits, denied),
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

    async def _confirmed(
        self, register: Register, values: tuple[int, ...], verdict: Judgement, answer: Answer
    ) -> int | None:
        """The first of the values that the caller says yes to."""
        same: tuple[Phrase, ...] = ((Prompt.READING_SAME,),) if verdict.verdict is Verdict.SAME else ()
        if answer.meaning.fraction_dropped:
            same = ((Prompt.READING_FRACTION,), *same)
        for value in values:
            said = (Prompt.READING_CONFIRM, *self._zone(register), *cardinal(value))
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

    async def _swap(self, register: Register, other: Register, value: int, answer: Answer) -> bool:
        """Ask whether `value` is the other zone's; keep what that means and return True if so."""
        if not await self._conversation.confirm((Prompt.READING_SWAPPED, *self._zone(other))):
            return False
        earlier = self._given.pop(other.id, None)
        earlier_voice = self._voices.pop(other.id, b"")
        self._keep(other, value, self._judge(other, value), answer)
        if earlier is not None:
            self._keep(register, earlier, self._judge(register, earlier))
            self._voices |= {register.id: earlier_voice} if earlier_voice else {}
        return True

    def _judge(self, register: Register, value: int) -> Judgement:
        return judge(self._meter, register, value, self._now.date(), self._rules.limits)

    def _keep(self, register: Register, value: int, verdict: Judgement, answer: Answer | None = None) -> None:
        self._given[register.id] = value
        self._voices.pop(register.id, None)
        if answer is not None and answer.by_voice:
            self._voices[register.id] = answer.audio
        self._judgements[register.id] = verdict
        self._conversation.succeed()

    async def _store(self) -> str:
        window = self._rules.window
        month = window.period_of(self._now.date())
        entries = tuple([await self._entry(register_id, value) for register_id, value in self._given.items()])
        channel = Channel.VOICE if self._voices else Channel.KEYS
        submission = Submission(self._conversation.call.id, self._now, month, channel, entries)
        receipt = await self._ledger.keep(submission)
        self._conversation.call.note(ReadingsStored(tuple(entry.value for entry in entries)))
        after: list[Phrase] = [(Prompt.READING_STORED,)]
        if any(entry.flagged for entry in entries):
            after.append((Prompt.READING_TO_BE_CHECKED,))
        if not window.is_open(self._now.date()):
            after.append((Prompt.READING_PERIOD, *period(month)))
        await self._conversation.say(*after)
        return receipt

    async def _entry(self, register_id: int, value: int) -> Entry:
        """A value as it is stored; the caller's voice is kept beside a flagged one."""
        verdict = self._judgements[register_id]
        audio = self._voices.get(register_id, b"")
        voice = await self._conversation.call.keep_voice(audio) if verdict.flagged and audio else ""
        return Entry(register_id, value, verdict.flagged, _reason(verdict), voice or None)

    def _read_back(self, *, name_meter: bool) -> tuple[Phrase, ...]:
        said: list[Phrase] = []
        if name_meter:
            said.append((Prompt.READING_METER, *digits("".join(filter(str.isdigit, self._meter.serial))[-4:])))
        known = [register for register in self._meter.registers if register.latest is not None]
        if not known:
            return (*said, (Prompt.READING_NONE,))
        values = [piece for register in known for piece in (*self._zone(register), *self._latest(register))]
        dates = {register.latest.taken_on for register in known if register.latest is not None}
        said.append((Prompt.READING_LAST, *values))
        said.append((Prompt.READING_TAKEN_ON, *day_of(max(dates), self._now.date())))
        return tuple(said)

    def _latest(self, register: Register) -> Phrase:
        return cardinal(register.latest.value) if register.latest is not None else ()

    def _why(self, register: Register, verdict: Judgement) -> tuple[Phrase, ...]:
        """Why a value was not taken, and what to do."""
        match verdict.verdict:
            case Verdict.TOO_LONG:
                return ((Prompt.READING_TOO_LONG,),)
            case Verdict.TOO_LOW:
                last = cardinal(register.base.value) if register.base is not None else ()
                return ((Prompt.READING_TOO_LOW, *last), (Prompt.READING_INSIST,))
            case _:
                return ((Prompt.READING_TOO_HIGH, *kilowatt_hours(verdict.use_kwh or 0)), (Prompt.READING_INSIST,))

    def _zone(self, register: Register) -> Phrase:
        return zone(self._meter.zone_name(register))


def _reason(verdict: Judgement) -> str:
    return "" if verdict.verdict is Verdict.ACCEPTED else verdict.verdict.value
