"""How many calls may begin in a minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ivr.hotline.rate_limit import RateLimit

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def begun(rate: RateLimit, after_s: float) -> int:
    """How many begin at a moment at which as many as possible shall."""
    count, now = 0, NOW + timedelta(seconds=after_s)
    while rate.allows(now):
        rate.spend(now)
        count += 1
    return count


def test_they_begin_evenly() -> None:
    rate = RateLimit(60)
    assert [begun(rate, tenth / 10) for tenth in range(0, 31)] == [1, *[0] * 9, 1, *[0] * 9, 1, *[0] * 9, 1]


def test_many_a_minute_come_in_looks_of_a_second() -> None:
    rate = RateLimit(600)
    assert [begun(rate, second) for second in range(1, 6)] == [1, 10, 10, 10, 10]


def test_a_pause_does_not_end_in_a_burst() -> None:
    rate = RateLimit(60)
    assert (begun(rate, 0), begun(rate, 3600), begun(rate, 3600)) == (1, 3, 0)


def test_a_clock_that_is_put_back_stops_nobody() -> None:
    rate = RateLimit(60)
    assert begun(rate, 3600) == 1
    assert (begun(rate, 0), begun(rate, 1)) == (1, 1)
