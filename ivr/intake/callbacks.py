"""Rules of call-backs: which requests get one, how a request changes an open one, which callers have power again.

A repeated request is never lost when the older call-back ends. A waiting call-back becomes a new one, due at once.
During a try, the call-back notes the request and turns it into a new call-back if nobody answers that try. A caller who
asks during their own call-back gets another one.

A call-back for the end of an outage waits until then. If another outage holds its place at that time, a suspected one
too, or its own is open again, it moves there and waits on: nobody hears that the light is back where it is off.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from ivr.domain.callbacks import Callback, CallbackCandidate, CallbackRequest, OpenCallback, OutageCallbackRequest
from ivr.domain.outages import Outage, affecting

MOST_OPEN = 5000
MOST_A_DAY = 5
"""Call-backs that one telephone number gets in 24 hours: a forged caller ID must not ring somebody all day."""

LEAVES = timedelta(seconds=15)
"""Delay of a call-back that a caller requests during a call-back: the current call ends first."""

MOST_MOVED = 200
"""Call-backs that one look for the next to ring moves to another outage."""

DAY = timedelta(days=1)

Answer = TypeVar("Answer")


class CallbackBook(Protocol):
    """Call-backs within one transaction. A method that changes rows raises nothing but what the transaction raises."""

    def confirm(self, token: str, now: datetime) -> None:
        """The call-back of this token has brought its caller to the queue, even if no daemon has learnt that."""

    def known(self, request: CallbackRequest) -> CallbackRequest:
        """The request without a call and an account that are not stored."""

    def open_of(self, phone: str, queue: str) -> OpenCallback | None:
        """What a number is owed in a queue; nobody else changes it before this transaction ends."""

    def asked_since(self, phone: str, since: datetime) -> int:
        """How many call-backs to a queue a number has asked for since then."""

    def count_open(self) -> int:
        """How many call-backs to queues are owed in all."""

    def add(self, request: CallbackRequest, due_at: datetime, now: datetime) -> None:
        """Owe a call-back to a queue."""

    def renew(self, key: int, request: CallbackRequest, due_at: datetime, now: datetime) -> None:
        """Let an untried call-back be one that was asked for now."""

    def note_request(self, key: int, request: CallbackRequest, due_at: datetime) -> None:
        """Note on a call-back that is under way that the same number asks for another one."""

    def replace(self, key: int, now: datetime) -> None:
        """Give a call-back up because a newer one takes its place."""

    def goes_on(self, outage_id: int) -> bool:
        """Whether an outage goes on; it does not end before this transaction does."""

    def add_after_outage(self, request: OutageCallbackRequest, due_at: datetime | None, now: datetime) -> None:
        """Owe a call-back at the end of an outage, None: whenever that is. A number has one for each outage."""


class CallbackStore(Protocol):
    """Where call-backs are stored, within a call's limit of time."""

    async def change(self, work: Callable[[CallbackBook], Answer]) -> Answer:
        """Run work in a transaction, again if another one was faster. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Ask for call-backs. now: gives the aware time. Every method raises StoreUnavailable."""

    store: CallbackStore
    now: Callable[[], datetime]

    async def ask(self, request: CallbackRequest) -> bool:
        """Request a call-back to a queue; False if this number, or the line, has too many open ones."""
        now = self.now()
        return await self.store.change(lambda book: ask(book, request, now))

    async def ask_after_outage(self, request: OutageCallbackRequest) -> None:
        """Request a call-back after an outage, at once if it has just ended. A second request adds none."""
        now = self.now()
        await self.store.change(lambda book: ask_after_outage(book, request, now))


def ask(book: CallbackBook, request: CallbackRequest, now: datetime) -> bool:
    """Owe what is asked for; False if too many are owed, to this number or in all."""
    due_at = now
    if request.callback:
        book.confirm(request.callback, now)
        due_at = now + LEAVES
    before = book.open_of(request.phone, request.queue)
    request = _with_place(book.known(request), before)
    if before is not None and before.untried:
        book.renew(before.id, request, due_at, now)
        return True
    if book.asked_since(request.phone, now - DAY) >= MOST_A_DAY:
        return False
    if before is None:
        if book.count_open() >= MOST_OPEN:
            return False
    elif before.rings(now):
        book.note_request(before.id, request, due_at)
        return True
    else:
        book.replace(before.id, now)
    book.add(request, due_at, now)
    return True


def ask_after_outage(book: CallbackBook, request: OutageCallbackRequest, now: datetime) -> None:
    """Owe a call-back at the end of an outage, or at once where it has ended meanwhile."""
    book.add_after_outage(request, None if book.goes_on(request.outage_id) else now, now)


def _with_place(request: CallbackRequest, before: OpenCallback | None) -> CallbackRequest:
    """A repeated request keeps the earlier place in the queue, the emergency priority and the known facts."""
    if before is None:
        return request
    kept = before.request
    return replace(
        request,
        priority=max(request.priority, kept.priority),
        joined_at=min(request.joined_at, kept.joined_at),
        call_id=request.call_id or kept.call_id,
        account=request.account or kept.account,
    )


class LightBook(Protocol):
    """Call-backs at the end of outages within one transaction."""

    def going_on(self) -> Sequence[Outage]:
        """Outages that go on; none of them ends before this transaction does."""

    def next_after_outage(self, now: datetime) -> CallbackCandidate | None:
        """The first due call-back to a number that the line is not calling now; None if there is none."""

    def waits_for(self, phone: str, outage_id: int, *, besides: int) -> bool:
        """Whether a number is owed a call-back of this outage, `besides` left out."""

    def move(self, key: int, outage_id: int) -> None:
        """Let a call-back wait for the end of an outage, as if it had never been tried."""

    def replace(self, key: int, now: datetime) -> None:
        """Give a call-back up because another one takes its place."""

    def take(self, key: int, now: datetime) -> Callback | None:
        """Claim a call-back; None if its number is being claimed for another one."""


def take_next_after_outage(book: LightBook, now: datetime) -> Callback | None:
    """Claim the next call-back with power restored, None if there is none; move those still without power."""
    going_on = book.going_on()
    for _ in range(MOST_MOVED):
        candidate = book.next_after_outage(now)
        if candidate is None:
            return None
        dark = affecting(going_on, candidate.place, now)
        if dark is None:
            return book.take(candidate.id, now)
        if book.waits_for(candidate.phone, dark.id, besides=candidate.id):
            book.replace(candidate.id, now)  # one is enough for a number
        else:
            book.move(candidate.id, dark.id)
    return None
