"""Promises to ring somebody: who asks for one, when it may be tried, what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DANGER = 10
"""Priority of who is in danger, as in the queue; that of all others is 0."""


class CallbackKind(StrEnum):
    """What somebody is rung for."""

    QUEUE = "queue"  # back to their place in the queue
    POWER = "power"  # an outage has ended: is the light back?


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A caller leaves the queue to be rung back.

    phone: E.164. queue: the one they waited in. priority: DANGER or 0. joined_at: aware time
    since when they waited. call_id, account: of the journal and the ledger, "" where unknown. promise: token of the one
    that was kept by the call in which they ask, "" if they rang by themselves.
    """

    phone: str
    queue: str
    priority: int
    joined_at: datetime
    call_id: str = ""
    account: str = ""
    promise: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a call was about. trouble: what was reported. report: its number. outage: number of the one they heard of.

    told: its cause, or `suspected`. Each "" where there is none.
    """

    trouble: str = ""
    report: str = ""
    outage: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Callback:
    """A promise that is being kept: its try number `tries` (1 is the first).

    queue, priority, joined_at: the place that is kept; for POWER "", 0 and when the outage ended.
    token: names it in Asterisk, where nobody else's promise has the same one.
    account, district, address: whose it is and where they live, as in billing; "" where unknown.
    call_id: of the journal, the call in which it was given; "" where unknown.
    about: what that call was about; known to who has claimed a promise of the queues.
    asked_anew: whether a wish for another one came in this try.
    """

    id: int
    phone: str
    queue: str
    priority: int
    joined_at: datetime
    token: str
    tries: int
    account: str = ""
    district: str = ""
    address: str = ""
    call_id: str = ""
    kind: CallbackKind = CallbackKind.QUEUE
    about: Subject = Subject()
    asked_anew: bool = False


class CallbackResult(StrEnum):
    """How a try ended."""

    CONFIRMED = "confirmed"  # answered, and the key pressed: in the queue again, or the light is back
    DECLINED = "declined"  # answered: not needed any more
    DARK = "dark"  # answered: still no light; in the queue by now
    PERSON = "person"  # answered: wants a person, and is in the queue by now
    SILENT = "silent"  # answered without a key: a machine, a child
    NO_ANSWER = "no answer"
    BUSY = "busy"
    FAILED = "failed"  # the exchange could not ring


@dataclass(frozen=True, slots=True)
class CallbackTerms:
    """When a promise may be tried.

    zone: where the customers live. pauses: after the first try, the second, and so on; after the last one the promise
    is given up. quiet_from, quiet_to: hours of local time between which nobody is rung, equal for no such time.
    fresh: who asked for their place in the queue so recently is rung at night too; nobody is for the light.
    """

    zone: ZoneInfo
    pauses: tuple[timedelta, ...]
    quiet_from: int
    quiet_to: int
    fresh: timedelta

    def next_try(self, tries: int, now: datetime) -> datetime | None:
        """When to try again after so many tries, None to give up."""
        return now + self.pauses[tries - 1] if 1 <= tries <= len(self.pauses) else None

    def is_quiet(self, now: datetime) -> bool:
        """Whether it is night where the customers live."""
        hour, start, end = now.astimezone(self.zone).hour, self.quiet_from, self.quiet_to
        return start <= hour < end if start <= end else hour >= start or hour < end
