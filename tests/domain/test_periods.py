"""Billing periods and the submission window."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.domain.readings import Period, Window

BUSY = settings(deadline=None)  # the machine may be


def test_a_period_is_written_and_read() -> None:
    assert str(Period(2026, 3)) == "2026-03"
    assert Period.parse("2026-03") == Period(2026, 3)


def test_what_is_no_period() -> None:
    texts = ("", "x", "2026", "2026-13", "2026-00", "2026-1", "202611", "2026-11-01", "2026-W11")
    for text in texts:
        with pytest.raises(ValueError, match=r"isoformat|month"):
            Period.parse(text)


def test_december_is_followed_by_january() -> None:
    assert Period(2026, 12).following == Period(2027, 1)
    assert Period(2026, 11).following == Period(2026, 12)
    assert Period(2026, 1).following == Period(2026, 2)


def test_periods_are_in_order() -> None:
    assert Period(2025, 12) < Period(2026, 1) < Period(2026, 2)


@BUSY
@given(st.dates(max_value=date(9998, 1, 1)))
def test_a_following_period_is_later_and_text_sorts_like_time(day: date) -> None:
    period = Window().period_of(day)
    assert period < period.following
    assert str(period) < str(period.following)
    assert Period.parse(str(period)) == period


def test_the_usual_window() -> None:
    expected = {
        date(2026, 11, 1): ("2026-11", False),
        date(2026, 11, 14): ("2026-11", False),
        date(2026, 11, 15): ("2026-11", True),
        date(2026, 11, 25): ("2026-11", True),
        date(2026, 11, 26): ("2026-12", False),
        date(2026, 12, 31): ("2027-01", False),
        date(2028, 2, 29): ("2028-03", False),
    }
    assert {day: (str(Window().period_of(day)), Window().is_open(day)) for day in expected} == expected


def test_a_window_up_to_the_end_of_the_month() -> None:
    window = Window(20, 31)
    assert str(window.period_of(date(2026, 11, 30))) == "2026-11"
    assert window.is_open(date(2026, 2, 28))


def test_a_window_of_one_day() -> None:
    assert [Window(20, 20).is_open(date(2026, 11, day)) for day in (19, 20, 21)] == [False, True, False]
