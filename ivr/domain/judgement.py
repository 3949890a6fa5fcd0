"""Whether a new reading can be right, judged against the last one, past use and the connection."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import median

from ivr.domain.meters import Meter, Register


class Verdict(StrEnum):
    """What a new value looks like."""

    ACCEPTED = "accepted"
    SAME = "same-value"  # accepted and flagged
    ROLLOVER = "rollover"  # accepted: the display passed its last digit
    TOO_LOW = "lower-than-last"
    TOO_HIGH = "above-usual-use"
    IMPOSSIBLE = "above-connection"  # more than the connection can carry
    TOO_LONG = "too-many-digits"  # does not fit on the display
    SWAPPED = "zones-swapped"


BELIEVED = frozenset({Verdict.ACCEPTED, Verdict.SAME, Verdict.ROLLOVER})


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a use becomes doubtful.

    high_factor: times the usual use (median for a day over past uses) that is still believed.
    high_floor_kwh: use within thirty days that is always believed, so that small users are not asked.
    no_history_kwh: use within thirty days that is believed of a register without history.
    power_kw: permitted power where the account names none; 15 kW is the usual household connection
    (rules of technological connection, Government Decree 861 of 2004, п. 14).
    slack_days: added to the days between two readings, for readings taken early or late.
    """

    high_factor: float = 3.0
    high_floor_kwh: int = 200
    no_history_kwh: int = 1500
    power_kw: float = 15.0
    slack_days: int = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the use, kilowatt-hours since the last reading, that it is about (None without a last one)."""

    verdict: Verdict
    use_kwh: int | None = None

    @property
    def believed(self) -> bool:
        """Whether the value is taken without asking for it again."""
        return self.verdict in BELIEVED

    @property
    def flagged(self) -> bool:
        """Whether a clerk looks at the value if the caller stands by it."""
        return self.verdict not in {Verdict.ACCEPTED, Verdict.ROLLOVER}


def judge(meter: Meter, register: Register, value: int, today: date, limits: Limits) -> Judgement:
    """Judge one value of one register by itself. Raises ValueError if `value` is negative."""
    if value < 0:
        raise ValueError("a reading is not negative")
    if value >= register.capacity:
        return Judgement(Verdict.TOO_LONG)
    if register.base is None:
        return Judgement(Verdict.ACCEPTED)
    use = value - register.base.value
    if use == 0:
        return Judgement(Verdict.SAME, 0)
    if use > 0:
        return Judgement(_of_use(meter, register, use, today, limits), use)
    around = use + register.capacity
    if _of_use(meter, register, around, today, limits) is Verdict.ACCEPTED:
        return Judgement(Verdict.ROLLOVER, around)
    return Judgement(Verdict.TOO_LOW, use)


def swapped_with(
    meter: Meter, register: Register, value: int, given: dict[int, int], today: date, limits: Limits
) -> Register | None:
    """The register that a doubtful `value` of `register` rather belongs to, or None.

    given: values of this meter already given in this call, by register id. A register not yet
    given fits if the value is plausible there; one already given fits if the exchange makes both plausible.
    """
    for other in meter.registers:
        if other.id == register.id or other.base is None:
            continue
        if judge(meter, other, value, today, limits).verdict is not Verdict.ACCEPTED:
            continue
        earlier = given.get(other.id)
        if earlier is None or judge(meter, register, earlier, today, limits).verdict is Verdict.ACCEPTED:
            return other
    return None


def _of_use(meter: Meter, register: Register, use: int, today: date, limits: Limits) -> Verdict:
    assert register.base is not None
    days = max((today - register.base.taken_on).days, 0) + limits.slack_days
    if use > (meter.power_kw or limits.power_kw) * 24 * days:
        return Verdict.IMPOSSIBLE
    if use > believed_kwh(register, days, limits):
        return Verdict.TOO_HIGH
    return Verdict.ACCEPTED


def believed_kwh(register: Register, days: int, limits: Limits) -> float:
    """The largest use over `days` that is believed without asking again, kilowatt-hours."""
    if not register.uses:
        return limits.no_history_kwh * max(days, 30) / 30
    usual = median(use.kwh / use.days for use in register.uses)
    return max(limits.high_factor * usual * days, limits.high_floor_kwh * max(days, 30) / 30)
