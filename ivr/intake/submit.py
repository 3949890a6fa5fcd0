"""Take the readings of one meter from any channel: judge, confirm, exchange between zones, and submit them together.

A value is judged once, when it is offered, and its judgement goes with it until it is stored. A channel that can ask
again (a call, a clerk at the office, a text message) offers value by value; one that cannot (emergency mode, a file)
gives all values at once to `unasked`, and a clerk decides on the doubtful ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from ivr.domain.accounts import Account
from ivr.domain.contacts import Contact, Submission
from ivr.domain.faults import Conflict
from ivr.domain.judgement import Judgement, Limits, Verdict, judge, swapped_with
from ivr.domain.meters import Meter, Register
from ivr.domain.readings import Channel, Entry, Period, Window
from ivr.domain.review import Reason, joined, of_meter
from ivr.intake.ports import Readings

REVIEWED = frozenset({Channel.EMERGENCY})
"""Channels where nobody confirms the account by its last digits, or the values: a clerk checks all their readings."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the retailer has settled about readings."""

    window: Window
    limits: Limits


@dataclass(eq=False)
class Doubted(Conflict):
    """A doubtful value was to be accepted, and nobody has insisted on it."""

    judgement: Judgement

    def __str__(self) -> str:
        """The verdict alone: no value."""
        return f"{type(self).__name__} {self.judgement.verdict.value}"


@dataclass(frozen=True, slots=True)
class Offer:
    """A value that somebody has given for a register, and what is thought of it.

    swap_with: the register that a doubtful value rather belongs to. insisted: the resident stands by the value.
    utterance: sound in which the value was said, signed linear 16 bit little-endian, 8 kHz; None if it was not said.
    """

    register: Register
    value: int
    judgement: Judgement
    swap_with: Register | None = None
    insisted: bool = False
    utterance: bytes | None = field(default=None, repr=False)

    @property
    def doubted(self) -> bool:
        """Whether the resident is asked before the value is taken."""
        return not self.judgement.believed

    @property
    def fits_display(self) -> bool:
        """Whether the meter can show the value; nobody may insist on one that it cannot show."""
        return self.value < self.register.capacity


class MeterDraft:
    """The readings of one meter that one contact is about to give. Nothing is stored before all are there."""

    def __init__(self, meter: Meter, rules: Rules, read_on: date, group: str = "") -> None:
        """read_on: the day on which the meter was read, where the customers live. group: of the account."""
        self.meter = meter
        self.read_on = read_on
        self._limits = rules.limits
        self._window = rules.window.of(group)
        self._coming: dict[int, int] = {}
        self._given: dict[int, Offer] = {}
        self._judged: dict[tuple[int, int], Judgement] = {}
        self._offer: Offer | None = None

    @property
    def missing(self) -> tuple[Register, ...]:
        """Registers without an accepted value, in the order of the display."""
        return tuple(register for register in self.meter.registers if register.id not in self._given)

    @property
    def given(self) -> tuple[Offer, ...]:
        """Accepted values, in the order in which they were accepted."""
        return tuple(self._given.values())

    @property
    def period(self) -> Period:
        """The billing month that the readings count for: by the day of reading, not of receipt."""
        return self._window.period_of(self.read_on)

    @property
    def in_window(self) -> bool:
        """Whether readings are awaited on the day of reading."""
        return self._window.is_open(self.read_on)

    def offer(self, register: Register, value: int, utterance: bytes | None = None) -> Offer:
        """Judge a value; it waits for `accept`, `swap` or another offer. Raises ValueError if it is negative."""
        judgement = self._judge(register, value)
        other = None
        if not judgement.believed:
            given = self._coming | {key: offer.value for key, offer in self._given.items()}
            other = swapped_with(self.meter, register, value, given, self.read_on, self._limits)
        self._offer = Offer(register, value, judgement, other, utterance=utterance)
        return self._offer

    def insist(self) -> Offer:
        """The resident stands by the value just offered. Raises Doubted if the display cannot show it."""
        offer = self._offered()
        if not offer.fits_display:
            raise Doubted(offer.judgement)
        self._offer = replace(offer, insisted=True)
        return self._offer

    def accept(self) -> None:
        """Take the value just offered. Raises Doubted if it is doubtful and nobody has insisted on it."""
        offer = self._offered()
        if offer.doubted and not offer.insisted:
            raise Doubted(offer.judgement)
        self._given[offer.register.id] = offer
        self._offer = None

    def swap(self) -> None:
        """Take the value just offered for the register that it rather belongs to.

        A value that this register was given already goes to the register of the offer.
        """
        offer = self._offered()
        other = offer.swap_with
        if other is None:
            raise ValueError("the value belongs to no other register")
        earlier = self._given.pop(other.id, None)
        self._given[other.id] = Offer(other, offer.value, self._judge(other, offer.value), utterance=offer.utterance)
        if earlier is not None:
            judgement = self._judge(offer.register, earlier.value)
            self._given[offer.register.id] = Offer(
                offer.register, earlier.value, judgement, utterance=earlier.utterance
            )
        self._offer = None

    def back(self) -> bool:
        """Forget the value accepted last; False if there is none."""
        self._offer = None
        if not self._given:
            return False
        self._given.popitem()
        return True

    def flagged(self, offer: Offer) -> bool:
        """Whether a clerk looks at an accepted value, whatever the channel."""
        return offer.judgement.flagged or bool(of_meter(self.meter, self.read_on))

    def submission(
        self, contact: Contact, channel: Channel | None = None, voices: Mapping[int, str] | None = None
    ) -> Submission:
        """All values together, to be stored. Raises ValueError while one is missing: half a meter is no reading.

        channel: how the values were given within the contact, if not as the contact's own. voices: paths of kept
        utterances, by register id.
        """
        if self.missing:
            raise ValueError("a register has no value yet")
        everything = (Reason.EMERGENCY,) if contact.channel in REVIEWED else ()
        of_all = (*everything, *of_meter(self.meter, self.read_on))
        entries = tuple(
            Entry(
                register_id=key,
                value=offer.value,
                flagged=bool(of_all) or offer.judgement.flagged,
                reason=joined((*of_all, offer.judgement.reason)),
                voice=(voices or {}).get(key),
            )
            for key, offer in self._given.items()
        )
        return Submission(contact, self.read_on, self.period, channel or contact.channel, entries)

    def take_unasked(self, values: Sequence[int]) -> None:
        """Take a value for every register, in the order of the display, from somebody who cannot be asked again.

        A doubtful value that rather belongs to another register keeps its place: a clerk sees that zones may be
        exchanged.
        """
        given = dict(zip((register.id for register in self.meter.registers), values, strict=True))
        self._coming = given
        for register in self.meter.registers:
            offer = self.offer(register, given[register.id])
            if offer.swap_with is not None:
                offer = replace(offer, judgement=Judgement(Verdict.SWAPPED, offer.judgement.use_kwh))
            self._offer = offer
            self.insist()
            self.accept()

    def _offered(self) -> Offer:
        if self._offer is None:
            raise ValueError("no value was offered")
        return self._offer

    def _judge(self, register: Register, value: int) -> Judgement:
        key = register.id, value
        if key not in self._judged:
            self._judged[key] = judge(self.meter, register, value, self.read_on, self._limits)
        return self._judged[key]


async def submit(
    draft: MeterDraft,
    contact: Contact,
    readings: Readings,
    channel: Channel | None = None,
    voices: Mapping[int, str] | None = None,
) -> str:
    """Store a complete draft; the receipt number. Raises ValueError as `MeterDraft.submission`, StoreUnavailable."""
    return await readings.keep(draft.submission(contact, channel, voices))


class Misfit(StrEnum):
    """Why it is not clear which registers values belong to. Rows of years hold these words."""

    UNKNOWN_ACCOUNT = "unknown account"
    FUTURE = "taken in the future"
    NO_METER = "no meter"
    SEVERAL_METERS = "several meters"
    WRONG_COUNT = "another number of zones"
    TOO_LONG = "more digits than the meter has"


def unasked(
    account: Account, values: Sequence[int], contact: Contact, read_on: date, rules: Rules
) -> Submission | Misfit:
    """A submission of values, in the order of the display, from somebody who cannot be asked again; or why not."""
    if len(account.meters) != 1:
        return Misfit.SEVERAL_METERS if account.meters else Misfit.NO_METER
    (meter,) = account.meters
    if len(meter.registers) != len(values):
        return Misfit.WRONG_COUNT
    if any(value >= register.capacity for value, register in zip(values, meter.registers, strict=True)):
        return Misfit.TOO_LONG
    draft = MeterDraft(meter, rules, read_on, account.group)
    draft.take_unasked(values)
    return draft.submission(contact)
