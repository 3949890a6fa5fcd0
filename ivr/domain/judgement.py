"""Whether a new reading can be right, judged against the last one, past use and the connection.

Every use is energy: the difference of two readings times the transformation ratio of the meter. A meter behind current
transformers shows a part of the energy only; its ratio is in its contract and in ГИС ЖКХ (`TransformationRatio`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from statistics import median

from ivr.domain.meters import Meter, Register


class Verdict(StrEnum):
    """Verdict on a new value."""

    ACCEPTED = "accepted"
    SAME = "same-value"  # accepted and noted
    ROLLOVER = "rollover"  # accepted: the display passed its last digit
    ROLLOVER_UNPROVEN = "rollover-without-history"  # accepted and flagged: no past use shows that it can be one
    TOO_LOW = "lower-than-last"
    TOO_HIGH = "above-usual-use"
    IMPOSSIBLE = "above-connection"  # more than the connection can carry
    TOO_LONG = "too-many-digits"  # does not fit on the display
    WITH_TENTH = "with-tenth"  # implausible, but plausible without its last digit
    SWAPPED = "zones-swapped"


BELIEVED = frozenset({Verdict.ACCEPTED, Verdict.SAME, Verdict.ROLLOVER, Verdict.ROLLOVER_UNPROVEN})
"""Verdicts of values that are taken without asking again."""

FOR_BILLING = frozenset({Verdict.ACCEPTED, Verdict.SAME, Verdict.ROLLOVER})
"""Verdicts of values that leave for billing without a clerk.

The same value twice is among them: retailers ask for it («даже при нулевом потреблении», klops.ru 375049, kp40.ru
85631), and an empty flat whose reading waits for a clerk would be billed by the average.
"""


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
    """A verdict on one value of one register.

    use_kwh: the use since the last reading, kilowatt-hours, None without a last one or where the display cannot show
    the value. without_tenth: the value without its last digit, where the verdict is WITH_TENTH.
    """

    verdict: Verdict
    use_kwh: int | None = None
    without_tenth: int | None = None

    @property
    def believed(self) -> bool:
        """Whether the value is taken without asking for it again."""
        return self.verdict in BELIEVED

    @property
    def flagged(self) -> bool:
        """Whether a clerk looks at the value before it leaves for billing."""
        return self.verdict not in FOR_BILLING

    @property
    def reason(self) -> str:
        """The code that is stored beside the value, "" for a usual one."""
        return "" if self.verdict is Verdict.ACCEPTED else self.verdict.value


def judge(meter: Meter, register: Register, value: int, today: date, limits: Limits) -> Judgement:
    """Judge one value of one register by itself. Raises ValueError if `value` is negative.

    WITH_TENTH: many residents read the red digit behind the comma too (inventoryfest.ru). A value that is implausible
    as it stands and plausible without its last digit is rather that.
    """
    as_given = judge_as_given(meter, register, value, today, limits)
    if as_given.verdict not in {Verdict.TOO_HIGH, Verdict.IMPOSSIBLE, Verdict.TOO_LONG} or register.base is None:
        return as_given
    shorter = judge_as_given(meter, register, value // 10, today, limits).verdict
    if shorter not in {Verdict.ACCEPTED, Verdict.SAME}:
        return as_given
    return Judgement(Verdict.WITH_TENTH, as_given.use_kwh, value // 10)


def judge_as_given(meter: Meter, register: Register, value: int, today: date, limits: Limits) -> Judgement:
    """The same without the thought that a digit too many was read: for a recogniser that weighs what it heard."""
    if value < 0:
        raise ValueError("a reading is not negative")
    if value >= register.capacity:
        return Judgement(Verdict.TOO_LONG)
    if register.base is None:
        return Judgement(Verdict.ACCEPTED)
    use = (value - register.base.value) * meter.ratio
    if use == 0:
        return Judgement(Verdict.SAME, 0)
    if use > 0:
        return Judgement(_of_use(meter, register, use, today, limits), use)
    around = use + register.capacity * meter.ratio
    if _of_use(meter, register, around, today, limits) is Verdict.ACCEPTED:
        # The largest use that is believed without any history is generous: 98900 and then 150 would pass unseen.
        return Judgement(Verdict.ROLLOVER if register.uses else Verdict.ROLLOVER_UNPROVEN, around)
    return Judgement(Verdict.TOO_LOW, use)


def swapped_with(
    meter: Meter, register: Register, value: int, given: dict[int, int], today: date, limits: Limits
) -> Register | None:
    """The register that a doubtful `value` of `register` rather belongs to, or None.

    given: values of this meter already given by this contact, by register id. A register not yet
    given fits if the value is plausible there; one already given fits if the exchange makes both plausible.
    """
    for other in meter.registers:
        if other.id == register.id or other.base is None:
            continue
        if judge_as_given(meter, other, value, today, limits).verdict is not Verdict.ACCEPTED:
            continue
        earlier = given.get(other.id)
        if earlier is None or judge_as_given(meter, register, earlier, today, limits).verdict is Verdict.ACCEPTED:
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
