"""Whether a reading can be right: each verdict, its edges, and zones exchanged."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.domain.judgement import BELIEVED, Judgement, Limits, Verdict, believed_kwh, judge, swapped_with
from ivr.domain.meters import Meter, Register, Zone, ZoneName
from ivr.domain.readings import Reading, Use

TODAY = date(2026, 11, 20)
MONTH_AGO = TODAY - timedelta(days=30)
LIMITS = Limits()
BUSY = settings(deadline=None)  # the machine may be
USUAL = (Use(300, 30), Use(330, 30), Use(270, 30))
"""10 kWh a day: over a month and the three days of slack 990 kWh are believed."""


def register(
    last: int | None,
    uses: tuple[Use, ...] = USUAL,
    *,
    id: int = 1,
    zone: Zone = Zone.T1,
    digits: int = 5,
    taken_on: date = MONTH_AGO,
) -> Register:
    base = None if last is None else Reading(last, taken_on)
    return Register(id, zone, digits, base, base, uses)


def meter(*registers: Register, power_kw: float | None = None, ratio: int = 1) -> Meter:
    return Meter(1, "00123456", registers, power_kw, ratio)


def verdict(
    it: Register, value: int, *, limits: Limits = LIMITS, power_kw: float | None = None, ratio: int = 1
) -> Judgement:
    return judge(meter(it, power_kw=power_kw, ratio=ratio), it, value, TODAY, limits)


def test_an_ordinary_month() -> None:
    assert verdict(register(12000), 12300) == Judgement(Verdict.ACCEPTED, 300)


def test_the_first_reading_of_a_meter() -> None:
    assert verdict(register(None), 54321) == Judgement(Verdict.ACCEPTED)
    assert verdict(register(None), 0) == Judgement(Verdict.ACCEPTED)


def test_one_more_and_one_less() -> None:
    assert verdict(register(12000), 12001) == Judgement(Verdict.ACCEPTED, 1)
    assert verdict(register(12000), 11999) == Judgement(Verdict.TOO_LOW, -1)


def test_the_same_value_again() -> None:
    assert verdict(register(12000), 12000) == Judgement(Verdict.SAME, 0)


def test_up_to_three_times_the_usual_use_is_believed() -> None:
    assert verdict(register(12000), 12990) == Judgement(Verdict.ACCEPTED, 990)
    assert verdict(register(12000), 12991) == Judgement(Verdict.TOO_HIGH, 991)


def test_the_usual_use_is_the_median_so_that_one_wrong_month_changes_little() -> None:
    uses = (Use(300, 30), Use(300, 30), Use(30000, 30))
    assert verdict(register(12000, uses), 12991).verdict is Verdict.TOO_HIGH


def test_small_users_are_not_asked() -> None:
    uses = (Use(3, 30),)
    assert believed_kwh(register(0, uses), 33, LIMITS) == 220
    assert verdict(register(12000, uses), 12220).verdict is Verdict.ACCEPTED
    assert verdict(register(12000, uses), 12221).verdict is Verdict.TOO_HIGH


def test_a_summer_house_without_any_use_so_far() -> None:
    assert verdict(register(12000, (Use(0, 180),)), 12200).verdict is Verdict.ACCEPTED


def test_without_history_fifteen_hundred_a_month() -> None:
    assert verdict(register(12000, ()), 13650).verdict is Verdict.ACCEPTED
    assert verdict(register(12000, ()), 13651).verdict is Verdict.TOO_HIGH


def test_a_long_time_allows_more() -> None:
    year_ago = TODAY - timedelta(days=365)
    assert verdict(register(12000, taken_on=year_ago), 23000).verdict is Verdict.ACCEPTED


def test_two_readings_in_one_day_allow_a_months_floor() -> None:
    assert verdict(register(12000, taken_on=TODAY), 12200).verdict is Verdict.ACCEPTED


def test_a_base_in_the_future_is_no_crash() -> None:
    assert verdict(register(12000, taken_on=TODAY + timedelta(days=40)), 12100).verdict is Verdict.ACCEPTED


def test_more_than_the_connection_can_carry() -> None:
    most = 15 * 24 * 33
    assert verdict(register(12000), 12000 + most).verdict is Verdict.TOO_HIGH
    assert verdict(register(12000), 12000 + most + 1) == Judgement(Verdict.IMPOSSIBLE, most + 1)


def test_the_meters_own_connection_counts() -> None:
    assert verdict(register(12000), 12900, power_kw=1).verdict is Verdict.IMPOSSIBLE
    assert verdict(register(12000), 12000 + 15 * 24 * 33 + 1, power_kw=150).verdict is Verdict.TOO_HIGH


def test_a_value_that_does_not_fit_on_the_display() -> None:
    assert verdict(register(12000), 100_000) == Judgement(Verdict.TOO_LONG)
    assert verdict(register(None), 100_000) == Judgement(Verdict.TOO_LONG)
    assert verdict(register(None), 99_999) == Judgement(Verdict.ACCEPTED)


def test_a_negative_value_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="not negative"):
        verdict(register(12000), -1)


def test_a_rollover() -> None:
    assert verdict(register(99_990), 12) == Judgement(Verdict.ROLLOVER, 22)


def test_a_rollover_to_zero() -> None:
    assert verdict(register(99_999), 0) == Judgement(Verdict.ROLLOVER, 1)


def test_an_implausible_rollover_is_a_lower_value() -> None:
    assert verdict(register(99_500), 490).verdict is Verdict.ROLLOVER
    assert verdict(register(99_500), 491) == Judgement(Verdict.TOO_LOW, 491 - 99_500)


def test_a_rollover_of_every_display() -> None:
    for digits, last in ((4, 9990), (6, 999_990), (8, 99_999_990)):
        assert verdict(register(last, digits=digits), 12) == Judgement(Verdict.ROLLOVER, 22), digits


def test_a_rollover_that_no_past_use_supports_is_believed_and_flagged() -> None:
    judgement = verdict(register(98_900, ()), 150)
    assert judgement == Judgement(Verdict.ROLLOVER_UNPROVEN, 1250)
    assert judgement.believed and judgement.flagged


def test_use_is_the_difference_times_the_transformation_ratio() -> None:
    assert verdict(register(12000), 12049, ratio=20) == Judgement(Verdict.ACCEPTED, 980)
    assert verdict(register(12000), 12060, ratio=20) == Judgement(Verdict.TOO_HIGH, 1200)
    assert verdict(register(12000), 12600, ratio=20) == Judgement(Verdict.IMPOSSIBLE, 12000)
    assert verdict(register(12000), 12600, ratio=20, power_kw=150).verdict is Verdict.TOO_HIGH
    assert verdict(register(12000), 11990, ratio=20) == Judgement(Verdict.TOO_LOW, -200)
    assert verdict(register(99_990), 12, ratio=20) == Judgement(Verdict.ROLLOVER, 440)
    assert verdict(register(99_990), 60, ratio=20) == Judgement(Verdict.TOO_LOW, (60 - 99_990) * 20)
    assert verdict(register(12000), 12000, ratio=20) == Judgement(Verdict.SAME, 0)


def test_the_digit_behind_the_comma_was_read_too() -> None:
    assert verdict(register(1248), 12634) == Judgement(Verdict.WITH_TENTH, 11_386, 1263)
    assert verdict(register(1248), 12480) == Judgement(Verdict.WITH_TENTH, 11_232, 1248)
    assert verdict(register(12480), 126_349) == Judgement(Verdict.WITH_TENTH, None, 12634)
    assert verdict(register(4000), 40_150) == Judgement(Verdict.WITH_TENTH, 36_150, 4015)


def test_no_digit_is_left_out_where_that_makes_it_no_better_or_nothing_is_known() -> None:
    assert verdict(register(12000), 13500).verdict is Verdict.TOO_HIGH
    assert verdict(register(None), 123_456) == Judgement(Verdict.TOO_LONG)
    assert verdict(register(0), 900) == Judgement(Verdict.ACCEPTED, 900)


def test_what_is_believed_and_what_a_clerk_sees() -> None:
    believed = {Verdict.ACCEPTED, Verdict.SAME, Verdict.ROLLOVER, Verdict.ROLLOVER_UNPROVEN}
    assert {it for it in Verdict if Judgement(it).believed} == believed
    assert {it for it in Verdict if not Judgement(it).flagged} == believed - {Verdict.ROLLOVER_UNPROVEN}


USES = st.lists(st.builds(Use, st.integers(0, 5000), st.integers(1, 400)), max_size=5).map(tuple)
BASES = st.builds(Reading, st.integers(0, 99_999), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
POWERS = st.none() | st.floats(0.5, 150)


def registers(bases: st.SearchStrategy[Reading | None]) -> st.SearchStrategy[Register]:
    return st.builds(
        Register, id=st.just(1), zone=st.just(Zone.T1), digits=st.just(5), base=bases, latest=st.none(), uses=USES
    )


@BUSY
@given(registers(st.none() | BASES), st.integers(0, 10**9), POWERS)
def test_every_value_gets_a_verdict(it: Register, value: int, power_kw: float | None) -> None:
    judgement = verdict(it, value, power_kw=power_kw)
    if value > 99_999:
        assert judgement.verdict in {Verdict.TOO_LONG, Verdict.WITH_TENTH}
    assert (judgement.without_tenth is not None) == (judgement.verdict is Verdict.WITH_TENTH)
    if judgement.use_kwh is not None:
        assert it.base is not None
        around = it.capacity if judgement.verdict in {Verdict.ROLLOVER, Verdict.ROLLOVER_UNPROVEN} else 0
        assert judgement.use_kwh == value - it.base.value + around


@BUSY
@given(registers(BASES), st.integers(1, 99_999), POWERS)
def test_a_use_that_is_believed_is_accepted_and_no_other(it: Register, use: int, power_kw: float | None) -> None:
    assert it.base is not None
    use = min(use, it.capacity - 1 - it.base.value)
    days = max((TODAY - it.base.taken_on).days, 0) + LIMITS.slack_days
    most = min(believed_kwh(it, days, LIMITS), (power_kw or LIMITS.power_kw) * 24 * days)
    accepted = verdict(it, it.base.value + use, power_kw=power_kw).verdict is Verdict.ACCEPTED
    assert accepted == (0 < use <= most)


@BUSY
@given(registers(BASES), st.integers(1, 99_999), st.integers(1, 99_999), POWERS)
def test_more_is_never_believed_where_less_was_not(it: Register, one: int, other: int, power_kw: float | None) -> None:
    assert it.base is not None
    less, more = sorted(it.base.value + use for use in (one, other))
    if verdict(it, more, power_kw=power_kw).verdict in BELIEVED:
        assert verdict(it, less, power_kw=power_kw).verdict in BELIEVED


# Zones exchanged

DAY = register(12000, (Use(200, 30),), id=1, zone=Zone.T1)
NIGHT = register(5000, (Use(80, 30),), id=2, zone=Zone.T2)
TWO = meter(DAY, NIGHT)


def test_the_nights_value_given_for_the_day() -> None:
    assert swapped_with(TWO, DAY, 5080, {}, TODAY, LIMITS) == NIGHT


def test_the_days_value_given_for_the_night_after_the_nights_for_the_day() -> None:
    assert swapped_with(TWO, NIGHT, 12200, {DAY.id: 5080}, TODAY, LIMITS) == DAY


def test_the_days_value_given_twice_is_no_exchange() -> None:
    assert swapped_with(TWO, NIGHT, 12200, {DAY.id: 12190}, TODAY, LIMITS) is None


def test_a_value_that_fits_nowhere_is_no_exchange() -> None:
    assert swapped_with(TWO, DAY, 800, {}, TODAY, LIMITS) is None


def test_the_last_value_of_the_other_zone_proves_nothing() -> None:
    assert swapped_with(TWO, DAY, 5000, {}, TODAY, LIMITS) is None


def test_a_meter_of_one_zone_has_nothing_to_exchange() -> None:
    assert swapped_with(meter(DAY), DAY, 5080, {}, TODAY, LIMITS) is None


def test_a_zone_without_a_last_reading_is_no_measure() -> None:
    fresh = register(None, (), id=2, zone=Zone.T2)
    assert swapped_with(meter(DAY, fresh), DAY, 5080, {}, TODAY, LIMITS) is None


def test_the_fitting_one_of_three_zones() -> None:
    half_peak = register(30_000, (Use(100, 30),), id=3, zone=Zone.T3)
    assert swapped_with(meter(DAY, NIGHT, half_peak), DAY, 30_100, {}, TODAY, LIMITS) == half_peak


@BUSY
@given(st.integers(0, 99_999), st.dictionaries(st.sampled_from([1, 2]), st.integers(0, 99_999)))
def test_an_exchange_makes_the_value_plausible(value: int, given_so_far: dict[int, int]) -> None:
    other = swapped_with(TWO, DAY, value, given_so_far, TODAY, LIMITS)
    if other is not None:
        assert other == NIGHT
        assert judge(TWO, NIGHT, value, TODAY, LIMITS).verdict is Verdict.ACCEPTED


def test_what_residents_call_the_zones() -> None:
    half_peak = register(0, id=3, zone=Zone.T3)
    assert meter(DAY).zone_name(DAY) is ZoneName.WHOLE_DAY
    assert [TWO.zone_name(it) for it in TWO.registers] == [ZoneName.DAY, ZoneName.NIGHT]
    three = meter(DAY, NIGHT, half_peak)
    assert [three.zone_name(it) for it in three.registers] == [ZoneName.PEAK, ZoneName.NIGHT, ZoneName.HALF_PEAK]


def test_the_display_of_a_meter() -> None:
    assert meter(register(0, digits=6)).digits == 6
    assert register(0, digits=6).capacity == 1_000_000
