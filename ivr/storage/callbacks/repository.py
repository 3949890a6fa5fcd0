"""Call-backs of all daemons: the table `callbacks` is the queue, one row one call-back.

A daemon claims a call-back before it rings: state `calling`, one try more, a lease. After the lease, the daemon
asks the exchange that rang what became of the call (`expired`). `ivr.intake.callbacks` decides which
caller gets a call-back, in the transactions that `change` and `claim_after_outage` open here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.exc import IntegrityError

from ivr.domain.callbacks import (
    DANGER,
    TOO_LATE,
    TOO_LATE_AFTER_OUTAGE,
    Callback,
    CallbackResult,
    CallbackState,
    GivenUp,
)
from ivr.storage import tables
from ivr.storage.callbacks.book import Book, Claimant, Statements
from ivr.storage.callbacks.claims import CLAIMED, callback_of, end_try, holds, is_alone, take
from ivr.storage.callbacks.conditions import (
    AFTER_OUTAGE,
    IS_CALLING,
    IS_DUE,
    OF_QUEUE,
    after_outage_due,
    is_rung,
)
from ivr.storage.calls.call_summary import subject
from ivr.storage.database.database import Database
from ivr.storage.database.unit_of_work import UnitsOfWork
from ivr.storage.outages.reports import BEFORE_FIRST_REPORT

ABANDONED = timedelta(hours=1)
"""After the lease: when another exchange takes over from one that has not come back. It cannot be asked any more."""

_callbacks, _reports = tables.of(tables.Callback), tables.of(tables.OutageReport)

Answer = TypeVar("Answer")


class CallbackUnits:
    """Call-backs that callers ask for, within a call's limit of time: the port `CallbackStore` of ivr.intake."""

    def __init__(self, units: UnitsOfWork, node: str = "") -> None:
        """node: name of this daemon."""
        self._units = units
        self._node = node
        self._statements = Statements.of(units.database)

    async def change(self, work: Callable[[Book], Answer]) -> Answer:
        """Run work in a transaction, again if another one was faster. Raises StoreUnavailable."""
        database = self._units.database
        return await self._units.write(
            lambda connection: work(Book(connection, database, self._statements, self._node))
        )


class CallbackRepository:
    """The call-backs of all daemons on one database. Every method raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statements = Statements.of(database)

    def change(self, work: Callable[[Book], Answer]) -> Answer:
        """Run work in a transaction, once more if another one was faster."""
        try:
            return self._change(work)
        except IntegrityError:  # the same caller on another line, or another daemon, at the same moment
            return self._change(work)

    def _change(self, work: Callable[[Book], Answer]) -> Answer:
        with self._database.writing() as connection:
            return work(Book(connection, self._database, self._statements))

    def queues_due(self, now: datetime) -> list[str]:
        """Queues with callers who wait for a call-back."""
        waiting = select(_callbacks.c.queue).where(OF_QUEUE, IS_DUE, _callbacks.c.due_at <= now)
        with self._database.reading() as connection:
            return list(connection.scalars(waiting.distinct()))

    def claim(
        self,
        queue: str,
        exchange: str,
        now: datetime,
        lease: timedelta,
        *,
        joined_before: datetime | None = None,
        asked_after: datetime | None = None,
    ) -> Callback | None:
        """The next call-back of a queue, for this exchange alone until the lease ends; None if there is none.

        joined_before: a caller who waits since then is not due yet, unless in danger. asked_after: none older (at
        night). A number that the line rings at this moment comes later.
        """
        which = [OF_QUEUE, IS_DUE, _callbacks.c.queue == queue, _callbacks.c.due_at <= now, ~is_rung(now)]
        if joined_before is not None:
            which.append(or_(_callbacks.c.priority >= DANGER, _callbacks.c.joined_at <= joined_before))
        if asked_after is not None:
            which.append(_callbacks.c.created_at > asked_after)
        order = (_callbacks.c.priority.desc(), _callbacks.c.joined_at, _callbacks.c.id)
        # SQLite has one writer at a time and leaves FOR UPDATE out.
        first = select(_callbacks).where(*which).order_by(*order).limit(1).with_for_update(skip_locked=True)
        with self._database.writing() as connection:
            row = connection.execute(first).first()
            if row is None or not is_alone(connection, self._database, row.phone, now):
                return None
            callback = take(connection, row.id, exchange, now + lease)
            return replace(callback, about=subject(connection, row.call_id))

    def any_after_outage(self, now: datetime) -> bool:
        """Whether a call-back waits whose outage has ended."""
        with self._database.reading() as connection:
            return connection.execute(select(_callbacks.c.id).where(after_outage_due(now)).limit(1)).first() is not None

    def claim_after_outage(
        self, choose: Callable[[Book], Callback | None], exchange: str, lease: timedelta
    ) -> Callback | None:
        """What `choose` takes at the end of an outage, for this exchange alone until the lease ends."""
        try:
            with self._database.writing() as connection:
                return choose(Book(connection, self._database, self._statements, claimant=Claimant(exchange, lease)))
        except IntegrityError:  # another daemon rings the same phone for another outage, or its owner asked again
            return None

    def extend(self, callback: Callback, now: datetime, lease: timedelta) -> bool:
        """Hold the lease longer; False if somebody else has the call-back by now."""
        with self._database.writing() as connection:
            longer = update(_callbacks).where(holds(callback)).values(lease_until=now + lease)
            return connection.execute(longer).rowcount == 1

    def again(self, callback: Callback, due_at: datetime, reason: CallbackResult) -> bool:
        """Try again then; False if somebody else has the call-back by now."""
        return self._end_try(callback, True, state=CallbackState.DUE, due_at=due_at, reason=reason)

    def done(self, callback: Callback, now: datetime, reason: CallbackResult, *, before_request: bool = False) -> bool:
        """The call-back is done; False if another daemon has claimed it by now.

        before_request: the caller may have asked again after this answer; a request from this try becomes a call-back.
        """
        return self._end_try(callback, before_request, state=CallbackState.DONE, finished_at=now, reason=reason)

    def give_up(
        self, callback: Callback, now: datetime, reason: CallbackResult, *, before_request: bool = True
    ) -> bool:
        """The call-back ends without a conversation; False if somebody else has it by now.

        before_request: as in `done`.
        """
        return self._end_try(callback, before_request, state=CallbackState.GIVEN_UP, finished_at=now, reason=reason)

    def report_number(self, token: str) -> str:
        """Number of the report that the call of this call-back has led to, "" if there is none."""
        of_callback = select(_reports.c.id).join(_callbacks, _callbacks.c.id == _reports.c.callback_id)
        with self._database.reading() as connection:
            key = connection.scalar(of_callback.where(_callbacks.c.token == token))
        return "" if key is None else str(BEFORE_FIRST_REPORT + key)

    def expired(self, exchange: str, now: datetime) -> Sequence[Callback]:
        """Claims of this exchange whose daemon no longer holds them, 50 at most, oldest first."""
        return self._claimed(and_(_callbacks.c.exchange == exchange, _callbacks.c.lease_until < now))

    def abandoned(self, exchange: str, now: datetime) -> Sequence[Callback]:
        """Claims of other exchanges that have been gone for long, 50 at most, oldest first."""
        return self._claimed(and_(_callbacks.c.exchange != exchange, _callbacks.c.lease_until < now - ABANDONED))

    def give_up_late(self, now: datetime) -> int:
        """Give up what has been due for too long; how many."""
        of_queue = and_(OF_QUEUE, _callbacks.c.created_at < now - TOO_LATE)
        after_outage = and_(AFTER_OUTAGE, _callbacks.c.joined_at < now - TOO_LATE_AFTER_OUTAGE)
        values = {"state": CallbackState.GIVEN_UP.value, "finished_at": now, "reason": GivenUp.TOO_LATE.value}
        with self._database.writing() as connection:
            late = update(_callbacks).where(IS_DUE, or_(of_queue, after_outage)).values(values)
            return connection.execute(late).rowcount

    def _end_try(self, callback: Callback, before_request: bool, **values: object) -> bool:
        with self._database.writing() as connection:
            return end_try(connection, callback, before_request=before_request, **values)

    def _claimed(self, which: ColumnElement[bool]) -> Sequence[Callback]:
        claimed = CLAIMED.where(IS_CALLING, which).order_by(_callbacks.c.id).limit(50)
        with self._database.reading() as connection:
            return [callback_of(row) for row in connection.execute(claimed)]
