"""When a promise may be tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ivr.domain.callbacks import CallbackTerms

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def terms(quiet_from: int = 22, quiet_to: int = 8) -> CallbackTerms:
    pauses = (timedelta(minutes=2), timedelta(minutes=5))
    return CallbackTerms(ZoneInfo("Europe/Moscow"), pauses, quiet_from, quiet_to, timedelta(hours=1))


def test_pauses_grow_and_end() -> None:
    assert terms().next_try(1, NOW) == NOW + timedelta(minutes=2)
    assert terms().next_try(2, NOW) == NOW + timedelta(minutes=5)
    assert terms().next_try(3, NOW) is None


def test_night_is_where_the_customers_live() -> None:
    quiet = {18: False, 19: True, 0: True, 4: True, 5: False}
    assert {hour_utc: terms().is_quiet(NOW.replace(hour=hour_utc)) for hour_utc in quiet} == quiet


def test_equal_hours_mean_no_night() -> None:
    assert not any(terms(0, 0).is_quiet(NOW.replace(hour=hour)) for hour in range(24))


def test_a_rest_at_noon() -> None:
    assert terms(13, 16).is_quiet(NOW)
    assert not terms(16, 20).is_quiet(NOW)
