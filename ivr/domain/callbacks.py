"""Call-backs: the request, the times of its tries, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from ivr.domain.outages import Place

DANGER = 10
"""Priority of a caller in danger, as in the queue; that of all others is 0."""

TOO_LATE = timedelta(days=1)
"""Nobody waits longer for a call back to a queue; their queue may not even be there any more."""

TOO_LATE_AFTER_OUTAGE = timedelta(days=2)
"""Longest time between the end of an outage and its call-backs; it leaves room for a night and thousands of calls."""

UNWATCHED = timedelta(minutes=2)
"""After the lease: from then on a claim keeps nobody waiting, since its exchange is most likely gone."""


class CallbackState(StrEnum):
    """How far a call-back is."""

    DUE = "due"  # waits: for its time, or without one for the end of its outage
    CALLING = "calling"  # a daemon has claimed it and rings
    DONE = "done"
    GIVEN_UP = "given-up"


OPEN = (CallbackState.DUE, CallbackState.CALLING)
"""States of call-backs that somebody is still owed."""


class CallbackKind(StrEnum):
    """Reason for a call-back."""

    QUEUE = "queue"  # back to their place in the queue
    POWER = "power"  # an outage has ended: is the light back?


@dataclass(frozen=True, slots=True)
class CallbackRequest:
    """A caller in a queue requests a call-back.

    phone: E.164. queue: the one they waited in. priority: DANGER or 0. joined_at: aware time
    since when they waited. call_id, account: of the journal and of billing, "" where unknown. callback: token of the
    call-back that was kept by the call in which they ask, "" if they rang by themselves.
    """

    phone: str
    queue: str
    priority: int
    joined_at: datetime
    call_id: str = ""
    account: str = ""
    callback: str = ""


@dataclass(frozen=True, slots=True)
class OutageCallbackRequest:
    """A caller requests a call-back when their power returns.

    call_id: the call in which they ask. phone: E.164. account_id: whose, None if nobody said.
    """

    call_id: str
    phone: str
    outage_id: int
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class OpenCallback:
    """The open call-back of a number in a queue. request: the place in the queue, and the known facts."""

    id: int
    state: CallbackState
    tries: int
    lease_until: datetime | None
    request: CallbackRequest

    @property
    def untried(self) -> bool:
        """Whether nobody has rung yet."""
        return self.state is CallbackState.DUE and self.tries == 0

    def rings(self, now: datetime) -> bool:
        """Whether somebody rings, or did a moment ago."""
        held = self.lease_until is not None and self.lease_until >= now - UNWATCHED
        return self.state is CallbackState.CALLING and held


@dataclass(frozen=True, slots=True)
class CallbackCandidate:
    """A call-back whose outage has ended. home: place of its account, None if the caller named none.

    outage: the place of the outage in which it was asked for.
    """

    id: int
    phone: str
    home: Place | None
    outage: Place

    @property
    def place(self) -> Place:
        """Where the light has to be back."""
        return self.outage if self.home is None else self.home


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
    """A call-back that a daemon has claimed: its try number `tries` (1 is the first).

    queue, priority, joined_at: the place that is kept; for POWER "", 0 and when the outage ended.
    token: names it in Asterisk, where no other call-back has the same one.
    account, district, address: whose it is and where they live, as in billing; "" where unknown.
    call_id: of the journal, the call in which it was asked for; "" where unknown.
    about: what that call was about; known of those of the queues.
    asked_again: whether the same number asked for another one during this try.
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
    asked_again: bool = False


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


UNREACHED = (CallbackResult.NO_ANSWER, CallbackResult.BUSY, CallbackResult.SILENT, CallbackResult.FAILED)
"""Results of tries that nobody answered by a key."""


class GivenUp(StrEnum):
    """Why a call-back ended without a try."""

    REPLACED = "asked anew"  # the same number asked again, and has a newer one
    TOO_LATE = "too late"


@dataclass(frozen=True, slots=True)
class CallbackTerms:
    """When a call-back may be tried.

    zone: where the customers live. pauses: after the first try, the second, and so on; after the last one the call-back
    is given up. quiet_from, quiet_to: hours of local time between which the line calls nobody, equal for none.
    fresh: age of a request for a queue up to which the line calls at night too; it never does so after an outage.
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
