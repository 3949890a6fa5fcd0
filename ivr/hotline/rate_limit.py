"""How many calls may begin in a minute, evenly."""

from __future__ import annotations

from datetime import datetime, timedelta

CATCH_UP = timedelta(seconds=2)
"""Longest delay that the limit makes up for; a longer pause therefore ends in no burst."""


class RateLimit:
    """At most so many a minute. Times are those of the caller's clock, which may be put back."""

    def __init__(self, per_minute: int) -> None:
        self._every = timedelta(minutes=1) / per_minute
        self._next: datetime | None = None

    def allows(self, now: datetime) -> bool:
        """Whether another one may begin."""
        return self._next is None or now >= self._next or self._next - now > self._every

    def spend(self, now: datetime) -> None:
        """Another one begins."""
        begins = now if self._next is None or self._next - now > self._every else max(self._next, now - CATCH_UP)
        self._next = begins + self._every
