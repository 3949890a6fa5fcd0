"""Promises to ring back: the table `callbacks` is the queue, one row one promise.

Those for the end of an outage (`ringbacks`) are claimed and kept as those of the queues are. A daemon claims a promise
before it rings: state `calling`, one try more, a lease. Whoever claimed it may change it as long as the try is the
same; after the lease the exchange that rang is asked what became of the call (`expired`).
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from ivr.domain.callbacks import DANGER, Callback, CallbackKind, CallbackRequest, CallbackResult
from ivr.storage import tables
from ivr.storage.callbacks import after_outage
from ivr.storage.callbacks import requests as wishes
from ivr.storage.calls.call_summary import subject
from ivr.storage.database.database import Database
from ivr.storage.outages.changes import WAITS_AGAIN
from ivr.storage.tables.columns import AnyRow

ABANDONED = timedelta(hours=1)
"""After the lease: when another exchange takes over from one that has not come back. It cannot be asked any more."""

TOO_LATE = timedelta(days=1)
"""Nobody waits longer for a call; their queue may not even be there any more."""

_callbacks, _accounts = tables.of(tables.Callback), tables.of(tables.Account)
_OF_QUEUES = _callbacks.c.kind == CallbackKind.QUEUE.value
_SEEN = (
    _callbacks,
    _accounts.c.number.label("account"),
    _accounts.c.district,
    _accounts.c.street,
    _accounts.c.house,
    _accounts.c.flat,
)
_JOINED = _callbacks.outerjoin(_accounts, _accounts.c.id == _callbacks.c.account_id)


@dataclass(frozen=True, slots=True)
class Due:
    """What of the promises is open. since: when the oldest of them was given, None if there is none."""

    due: int
    calling: int
    since: datetime | None


class CallbackRepository:
    """The promises of all daemons on one database. Every method raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, wish: CallbackRequest, now: datetime) -> bool:
        """Keep a promise; the same number in the same queue has one at a time. False if too many are kept."""
        try:
            with self._database.writing() as connection:
                return wishes.make(connection, wish, now)
        except IntegrityError:  # the same caller on another line, or another daemon, at the same moment
            with self._database.writing() as connection:
                return wishes.make(connection, wish, now)

    def queues_due(self, now: datetime) -> list[str]:
        """Queues for which somebody waits to be rung."""
        waiting = select(_callbacks.c.queue).where(_OF_QUEUES, _callbacks.c.state == "due", _callbacks.c.due_at <= now)
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
        """The next promise of a queue, for this exchange alone until the lease ends; None if there is none.

        joined_before: whoever waited from then on is not due yet, unless in danger. asked_after: none older (at night).
        Who is being rung at this moment for anything else comes later.
        """
        which: list[ColumnElement[bool]] = [
            _OF_QUEUES,
            _callbacks.c.state == "due",
            _callbacks.c.queue == queue,
            _callbacks.c.due_at <= now,
            ~wishes.is_rung(now),
        ]
        if joined_before is not None:
            which.append(or_(_callbacks.c.priority >= DANGER, _callbacks.c.joined_at <= joined_before))
        if asked_after is not None:
            which.append(_callbacks.c.created_at > asked_after)
        order = (_callbacks.c.priority.desc(), _callbacks.c.joined_at, _callbacks.c.id)
        # SQLite has one writer at a time and leaves FOR UPDATE out.
        first = select(_callbacks).where(*which).order_by(*order).limit(1).with_for_update(skip_locked=True)
        with self._database.writing() as connection:
            row = connection.execute(first).first()
            if row is None or not self._alone(connection, row.phone, now):
                return None
            promise = self._take(connection, row.id, exchange, now + lease)
            return replace(promise, about=subject(connection, row.call_id))

    def power_due(self, now: datetime) -> bool:
        """Whether somebody waits to be rung at the end of an outage."""
        with self._database.reading() as connection:
            return after_outage.any_due(connection, now)

    def claim_power(self, exchange: str, now: datetime, lease: timedelta) -> Callback | None:
        """The next one at the end of an outage, for this exchange alone until the lease ends; None if there is none."""
        try:
            with self._database.writing() as connection:
                key = after_outage.next_due(connection, now)
                if key is None:
                    return None
                phone = connection.execute(select(_callbacks.c.phone).where(_callbacks.c.id == key)).scalar_one()
                if not self._alone(connection, phone, now):
                    return None
                return self._take(connection, key, exchange, now + lease)
        except IntegrityError:  # another daemon rings the same phone for another outage, or its owner asked anew
            return None

    def extend(self, promise: Callback, now: datetime, lease: timedelta) -> bool:
        """Hold the lease longer; False if somebody else has the promise by now."""
        with self._database.writing() as connection:
            longer = update(_callbacks).where(_held(promise)).values(lease_until=now + lease)
            return connection.execute(longer).rowcount == 1

    def again(self, promise: Callback, due_at: datetime, reason: str) -> bool:
        """Try again then; False if somebody else has the promise by now."""
        return self._settle(promise, True, state="due", due_at=due_at, reason=reason)

    def done(self, promise: Callback, now: datetime, reason: str, *, before_wish: bool = False) -> bool:
        """The promise is kept; False if somebody else has it by now.

        before_wish: the answer may be older than a wish that came in this try, which becomes a promise then.
        """
        return self._settle(promise, before_wish, state="done", finished_at=now, reason=reason)

    def dark(self, promise: Callback, now: datetime) -> bool:
        """The promise is kept, and there is still no light: reported, once. False if somebody else has it by now."""
        with self._database.writing() as connection:
            held = _settle(connection, promise, state="done", finished_at=now, reason=CallbackResult.DARK)
            if held:
                after_outage.report_dark(connection, promise, now)
            return held

    def report(self, token: str) -> str:
        """Number of the report that `dark` has stored, "" if there is none."""
        with self._database.reading() as connection:
            return after_outage.report_of(connection, token)

    def give_up(self, promise: Callback, now: datetime, reason: str, *, before_wish: bool = True) -> bool:
        """The promise ends without a conversation; False if somebody else has it by now. before_wish: as in `done`."""
        return self._settle(promise, before_wish, state="given-up", finished_at=now, reason=reason)

    def expired(self, exchange: str, now: datetime) -> Sequence[Callback]:
        """Claims of this exchange whose daemon no longer holds them, 50 at most, oldest first."""
        return self._claimed(and_(_callbacks.c.exchange == exchange, _callbacks.c.lease_until < now))

    def abandoned(self, exchange: str, now: datetime) -> Sequence[Callback]:
        """Claims of other exchanges that have been gone for long, 50 at most, oldest first."""
        return self._claimed(and_(_callbacks.c.exchange != exchange, _callbacks.c.lease_until < now - ABANDONED))

    def give_up_late(self, now: datetime) -> int:
        """Give up what has been due for too long; how many."""
        of_queues = and_(_OF_QUEUES, _callbacks.c.created_at < now - TOO_LATE)
        late = and_(_callbacks.c.state == "due", or_(of_queues, after_outage.late(now)))
        values = {"state": "given-up", "finished_at": now, "reason": "too late"}
        with self._database.writing() as connection:
            return connection.execute(update(_callbacks).where(late).values(values)).rowcount

    def open(self) -> Due:
        """How many promises of the queues are open."""
        counted = select(_callbacks.c.state, func.count(), func.min(_callbacks.c.created_at)).where(
            _OF_QUEUES, _callbacks.c.state.in_(("due", "calling"))
        )
        with self._database.reading() as connection:
            rows = {row[0]: row for row in connection.execute(counted.group_by(_callbacks.c.state))}
        due, calling = (rows[state][1] if state in rows else 0 for state in ("due", "calling"))
        return Due(due, calling, min((row[2] for row in rows.values()), default=None))

    def _alone(self, connection: Connection, phone: str, now: datetime) -> bool:
        """Whether this claim is the only one for a number: another promise of it may be claimed at the same moment."""
        if self._database.is_sqlite:  # has one writer at a time
            return True
        mine = func.pg_try_advisory_xact_lock(func.hashtextextended(phone, 0))
        rung = select(_callbacks.c.id).where(_callbacks.c.phone == phone, wishes.watched(_callbacks, now))
        return bool(connection.scalar(select(mine))) and connection.scalar(rung) is None

    @staticmethod
    def _take(connection: Connection, key: int, exchange: str, until: datetime) -> Callback:
        values = {
            "state": "calling",
            "tries": _callbacks.c.tries + 1,
            "token": func.coalesce(_callbacks.c.token, secrets.token_hex(8)),
            "exchange": exchange,
            "lease_until": until,
        }
        connection.execute(update(_callbacks).where(_callbacks.c.id == key).values(values))
        return _promise(connection.execute(select(*_SEEN).select_from(_JOINED).where(_callbacks.c.id == key)).one())

    def _settle(self, promise: Callback, before_wish: bool, **values: object) -> bool:
        with self._database.writing() as connection:
            held = select(_callbacks).where(_held(promise)).with_for_update()
            row = connection.execute(held).first() if before_wish else None
            if row is None or row.reason != wishes.ANEW:
                return _settle(connection, promise, **values)
            if values["state"] == "due":
                values = {"state": "given-up", "finished_at": row.due_at, "reason": wishes.ANEW}
            _settle(connection, promise, **values)
            wishes.renew(connection, row)
            return True

    def _claimed(self, which: ColumnElement[bool]) -> Sequence[Callback]:
        claimed = select(*_SEEN).select_from(_JOINED).where(_callbacks.c.state == "calling", which)
        with self._database.reading() as connection:
            return [_promise(row) for row in connection.execute(claimed.order_by(_callbacks.c.id).limit(50))]


def _held(promise: Callback) -> ColumnElement[bool]:
    """That a promise is still in the try that was claimed."""
    same_try = and_(_callbacks.c.tries == promise.tries, _callbacks.c.token == promise.token)
    return and_(_callbacks.c.id == promise.id, _callbacks.c.state == "calling", same_try)


def _settle(connection: Connection, promise: Callback, **values: object) -> bool:
    """End a try, for all promises that this call answers; False if somebody else has the promise by now.

    Who was never reached and whose outage goes on again is not given up.
    """
    waits = (
        values["state"] == "given-up"
        and promise.kind is CallbackKind.POWER
        and after_outage.goes_on(connection, promise)
    )
    ended = update(_callbacks).where(_held(promise)).values({"lease_until": None, **(WAITS_AGAIN if waits else values)})
    held = connection.execute(ended).rowcount == 1
    if held and promise.kind is CallbackKind.POWER:
        connection.execute(update(_callbacks).where(after_outage.together(promise)).values(values))
    return held


def _promise(row: AnyRow) -> Callback:
    return Callback(
        row.id,
        row.phone,
        row.queue,
        row.priority,
        row.joined_at,
        row.token,
        row.tries,
        account=row.account or "",
        district=row.district or "",
        address=", ".join(filter(None, (row.street, row.house, row.flat))),
        call_id=row.call_id or "",
        kind=CallbackKind(row.kind),
        asked_anew=row.reason == wishes.ANEW,
    )
