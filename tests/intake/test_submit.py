"""A draft of a meter: what is doubted, insisted on, exchanged and taken back, and what it then submits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.domain.contacts import Submission
from ivr.domain.judgement import BELIEVED, Judgement, Verdict, judge
from ivr.domain.meters import Meter
from ivr.intake.submit import Doubted, MeterDraft, Misfit, unasked
from tests.intake.households import EMERGENCY, PHONE, RULES, TODAY, meter

TWO = meter(12000, 5000)
DAY, NIGHT = TWO.registers


def draft(of: Meter = TWO, read_on: date = TODAY) -> MeterDraft:
    return MeterDraft(of, RULES, read_on)


def values(of: MeterDraft) -> dict[int, int]:
    return {offer.register.id: offer.value for offer in of.given}


def test_a_doubtful_value_is_taken_only_if_somebody_insists() -> None:
    it = draft()
    offer = it.offer(DAY, 15000)
    assert offer.doubted and offer.judgement == Judgement(Verdict.TOO_HIGH, 3000)
    with pytest.raises(Doubted) as doubt:
        it.accept()
    assert doubt.value.judgement == offer.judgement
    assert it.missing == (DAY, NIGHT)
    it.insist()
    it.accept()
    assert it.missing == (NIGHT,)


def test_nobody_insists_on_what_the_display_cannot_show() -> None:
    it = draft()
    offer = it.offer(DAY, 100_000)
    assert not offer.fits_display
    with pytest.raises(Doubted):
        it.insist()


def test_to_insist_counts_for_the_value_that_was_doubted_alone() -> None:
    it = draft()
    it.offer(DAY, 15000)
    it.insist()
    it.offer(DAY, 15001)
    with pytest.raises(Doubted):
        it.accept()


def test_an_exchange_of_zones_carries_the_voice_of_each_value() -> None:
    it = draft()
    it.offer(DAY, 5080, b"night")
    it.insist()
    it.accept()
    offer = it.offer(NIGHT, 12200, b"day")
    assert offer.swap_with == DAY
    it.swap()
    assert values(it) == {DAY.id: 12200, NIGHT.id: 5080}
    assert {offer.register.id: offer.utterance for offer in it.given} == {DAY.id: b"day", NIGHT.id: b"night"}
    assert [entry.reason for entry in it.submission(PHONE).entries] == ["", ""]


def test_a_value_that_belongs_to_another_zone_leaves_its_own_open() -> None:
    it = draft()
    assert it.offer(DAY, 5080).swap_with == NIGHT
    it.swap()
    assert it.missing == (DAY,) and values(it) == {NIGHT.id: 5080}


def test_what_belongs_nowhere_is_not_exchanged() -> None:
    it = draft()
    it.offer(DAY, 12100)
    with pytest.raises(ValueError, match="no other register"):
        it.swap()


def test_back_forgets_the_value_before() -> None:
    it = draft()
    assert not it.back()
    it.offer(DAY, 12100)
    it.accept()
    assert it.back() and it.missing == (DAY, NIGHT)


def test_nothing_is_taken_that_was_not_offered() -> None:
    for take in (MeterDraft.accept, MeterDraft.insist, MeterDraft.swap):
        with pytest.raises(ValueError, match="no value was offered"):
            take(draft())


def test_half_a_meter_is_no_reading() -> None:
    it = draft()
    it.offer(DAY, 12100)
    it.accept()
    with pytest.raises(ValueError, match="no value yet"):
        it.submission(PHONE)


def test_the_day_of_reading_tells_the_period_and_whether_readings_are_awaited() -> None:
    late, early = draft(read_on=date(2026, 11, 26)), draft(read_on=date(2026, 11, 2))
    assert (str(late.period), late.in_window) == ("2026-12", False)
    assert (str(early.period), early.in_window) == ("2026-11", False)
    assert draft().in_window


def test_a_value_is_offered_without_its_tenth() -> None:
    one = meter(1248)
    assert draft(one).offer(one.registers[0], 12634).judgement.without_tenth == 1263


def test_exchanged_zones_of_somebody_who_cannot_be_asked_stay_where_they_were_given() -> None:
    taken = unasked((TWO,), (5080, 12200), EMERGENCY, TODAY, RULES)
    assert isinstance(taken, Submission)
    assert [(it.value, it.reason) for it in taken.entries] == [
        (5080, "emergency zones-swapped"),
        (12200, "emergency zones-swapped"),
    ]


def test_a_value_of_another_zone_is_no_exchange_where_that_zone_has_its_own() -> None:
    taken = unasked((TWO,), (5080, 5090), EMERGENCY, TODAY, RULES)
    assert isinstance(taken, Submission)
    assert [it.reason for it in taken.entries] == ["emergency lower-than-last", "emergency"]


@pytest.mark.parametrize(
    ("meters", "given_values", "why"),
    [
        ((), (1,), Misfit.NO_METER),
        ((TWO, meter(1)), (1, 2), Misfit.SEVERAL_METERS),
        ((TWO,), (12100,), Misfit.WRONG_COUNT),
        ((TWO,), (12100, 5010, 3), Misfit.WRONG_COUNT),
        ((TWO,), (12100, 100_000), Misfit.TOO_LONG),
    ],
)
def test_values_that_belong_to_no_register_by_themselves(
    meters: tuple[Meter, ...], given_values: tuple[int, ...], why: Misfit
) -> None:
    assert unasked(meters, given_values, EMERGENCY, TODAY, RULES) is why


VALUES = st.integers(0, 99_999)
STEPS = st.lists(
    st.tuples(st.sampled_from(["accept", "insist", "swap", "back"]), st.sampled_from([0, 1, 2]), VALUES), max_size=12
)
THREE = meter(12000, 5000, 30_000)


@settings(deadline=None)
@given(STEPS)
def test_whatever_is_done_each_register_has_at_most_one_value_that_was_offered_and_judged(
    steps: list[tuple[str, int, int]],
) -> None:
    it = draft(THREE)
    offered: set[int] = set()
    for action, place, value in steps:
        before = values(it)
        if action == "back":
            assert it.back() == bool(before)
            assert len(values(it)) == max(len(before) - 1, 0)
            continue
        offer = it.offer(THREE.registers[place], value)
        offered.add(value)
        assert values(it) == before
        if action == "swap" and offer.swap_with is not None:
            it.swap()
            earlier = before.get(offer.swap_with.id)
            exchanged = {} if earlier is None else {place + 1: earlier}
            assert values(it) == before | exchanged | {offer.swap_with.id: value}
            continue
        if action == "insist":
            it.insist()
        if offer.doubted and action != "insist":
            with pytest.raises(Doubted):
                it.accept()
            assert values(it) == before
        else:
            it.accept()
            assert values(it) == before | {place + 1: value}
    for taken in it.given:
        assert taken.value in offered
        judged = judge(THREE, taken.register, taken.value, TODAY, RULES.limits)
        assert taken.judgement == judged
        assert taken.insisted or judged.verdict in BELIEVED
    assert {register.id for register in it.missing} | set(values(it)) == {1, 2, 3}


@settings(deadline=None)
@given(st.tuples(VALUES, VALUES, VALUES), st.booleans())
def test_a_submission_holds_every_register_once_and_flags_what_is_not_for_billing(
    given_values: tuple[int, int, int], remote: bool
) -> None:
    it = draft(replace(THREE, remote=remote))
    for register, value in zip(THREE.registers, given_values, strict=True):
        it.offer(register, value)
        it.insist()
        it.accept()
    submission = it.submission(PHONE)
    assert tuple(entry.value for entry in submission.entries) == given_values
    for entry, offer in zip(submission.entries, it.given, strict=True):
        assert entry.flagged == (remote or offer.judgement.flagged) == it.flagged(offer)
        assert entry.flagged <= bool(entry.reason)
