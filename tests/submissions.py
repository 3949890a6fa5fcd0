"""Submissions as a telephone call makes them."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.domain.contacts import Contact, Submission
from ivr.domain.readings import Channel, Entry, Period

MOSCOW = ZoneInfo("Europe/Moscow")


def by_phone(call: str, at: datetime, period: Period, channel: Channel, entries: tuple[Entry, ...]) -> Submission:
    """Readings given in the call with this id, read on the day of the call."""
    return Submission(Contact.by_phone(call, at), at.astimezone(MOSCOW).date(), period, channel, entries)
