"""Readings, billing periods and the submission window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Status(StrEnum):
    """Where a reading stands on its way to billing."""

    ACCEPTED = "accepted"
    FLAGGED = "flagged"  # kept, waits for a clerk
    SUPERSEDED = "superseded"  # replaced by a later one of its period, or refused by a clerk
    EXPORTED = "exported"  # has left for billing, or came from there


class Channel(StrEnum):
    """How a contact, or a reading, reached us."""

    KEYS = "phone-keys"  # how a value came in a call; the contact itself is PHONE
    VOICE = "phone-voice"
    EMERGENCY = "phone-emergency"  # taken by the stand-alone script while the daemon was down
    BILLING = "billing"  # imported
    PHONE = "phone"  # of contacts only
    SMS = "sms"
    API = "api"
    BANK = "bank"
    PORTAL = "portal"
    MAX = "max"
    VK = "vk"
    TELEGRAM = "telegram"
    OFFICE = "office"  # seen by a clerk
    FILE = "file"
    REMOTE = "remote"  # read by the meter itself
    INSPECTOR = "inspector"  # read on the spot


_MEASURES = (Channel.OFFICE, Channel.BILLING, Channel.REMOTE, Channel.INSPECTOR)


def rank(channel: Channel) -> int:
    """How far a reading of this channel is believed, higher is further.

    Inspector, then remote, billing, office; residents' own readings are equal on every channel: 0.
    """
    return _MEASURES.index(channel) + 1 if channel in _MEASURES else 0


@dataclass(frozen=True, slots=True)
class Reading:
    """A value of one register, kilowatt-hours, on a day."""

    value: int
    taken_on: date


@dataclass(frozen=True, slots=True)
class Use:
    """Energy between two readings of one register: kilowatt-hours over a number of days (at least 1)."""

    kwh: int
    days: int


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A billing month."""

    year: int
    month: int

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read ``2026-11``. Raises ValueError."""
        day = date.fromisoformat(f"{text}-01")
        return cls(day.year, day.month)

    @property
    def following(self) -> Period:
        """The next month."""
        return Period(self.year + self.month // 12, self.month % 12 + 1)


@dataclass(frozen=True, slots=True)
class Window:
    """Days of a month in which readings are awaited, both included.

    A reading after the last day counts for the next month, an earlier one for its own month.
    The default days are the project's; each retailer announces its own. groups: those of groups of accounts that have
    their own, by the group's name (private houses often read from the 23rd and hand in until the 26th).
    """

    first_day: int = 15
    last_day: int = 25
    groups: tuple[tuple[str, Window], ...] = ()

    def of(self, group: str) -> Window:
        """The window of a group of accounts; "" and a group without its own have this one."""
        return dict(self.groups).get(group, self)

    def period_of(self, day: date) -> Period:
        """The billing month that a reading taken on `day` counts for."""
        month = Period(day.year, day.month)
        return month.following if day.day > self.last_day else month

    def is_open(self, day: date) -> bool:
        """Whether readings are awaited on `day`."""
        return self.first_day <= day.day <= self.last_day


@dataclass(frozen=True, slots=True)
class Entry:
    """One confirmed value, ready to be stored.

    flagged: a clerk looks at it before it leaves for billing. reason: a short fixed word, "" if none.
    voice: path of the caller's utterance, None if keyed.
    """

    register_id: int
    value: int
    flagged: bool = False
    reason: str = ""
    voice: str | None = None
