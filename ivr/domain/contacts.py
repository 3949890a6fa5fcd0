"""A contact: one telephone call, message, request, visit or line of a file that brought something."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ivr.domain.readings import Channel, Entry, Period


@dataclass(frozen=True, slots=True)
class Contact:
    """How something reached us.

    source: who brought it, with `key` unique. received_at: aware time. call_id: None if it was no call.
    """

    channel: Channel
    source: str
    key: str
    received_at: datetime
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """All registers of one meter, given by one contact and stored together or not at all."""

    contact: Contact
    read_on: date
    period: Period
    channel: Channel
    entries: tuple[Entry, ...]
