"""Contacts: what reaches the company on any channel, and the readings that come with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from ivr.domain.readings import Channel, Entry, Period


class Source:
    """Names of the sources that this program has itself; a file or an interface adds its own."""

    PHONE = "phone"
    EMERGENCY = "emergency"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Contact:
    """One telephone call, message, request, visit or line of a file.

    source: who brought it, for example "phone" or the name of a bank. key: its name there, unique by source, at most
    200 characters; the same key again is the same contact. received_at: aware time. call_id: None if it was no call.
    """

    channel: Channel
    source: str
    key: str
    received_at: datetime
    call_id: str | None = None

    @classmethod
    def by_phone(cls, call_id: str, received_at: datetime) -> Contact:
        """The contact that a telephone call is."""
        return cls(Channel.PHONE, Source.PHONE, call_id, received_at, call_id)


@dataclass(frozen=True, slots=True)
class Submission:
    """All registers of one meter, given by one contact and stored together or not at all.

    read_on: the day on which the display was read. channel: how the values came, for example by keys of a telephone.
    The same contact and register are stored once.
    """

    contact: Contact
    read_on: date
    period: Period
    channel: Channel
    entries: tuple[Entry, ...]
