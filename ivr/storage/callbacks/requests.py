"""Wishes to be rung back: what becomes of one, and of the promise that its number may have already.

A wish is never answered by a promise that could end without it. A promise that waits becomes a new one, due at once;
while somebody is rung for it the wish is noted on it (`reason`), and becomes a promise when that try ends unanswered.
Who asks in the very call that kept their promise gets another one. Work of `promises`' transactions.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, func, insert, select, update

from ivr.domain.callbacks import CallbackKind, CallbackRequest, CallbackResult
from ivr.storage import tables
from ivr.storage.tables.columns import AnyRow

MOST_OPEN = 5000
MOST_A_DAY = 5
"""Promises that one telephone number gets in 24 hours: a forged caller ID must not ring somebody all day."""

ANEW = "asked anew"
"""Reason of a promise that another one replaced; while it is `calling`: the wish for another one came meanwhile."""

UNWATCHED = timedelta(minutes=2)
"""After the lease: from then on a claim keeps nobody waiting, since its exchange is most likely gone."""

LEAVES = timedelta(seconds=15)
"""Who asks in a call that we made hears its last words until then, and is not rung in it."""

_callbacks, _calls, _accounts = tables.of(tables.Callback), tables.of(tables.Call), tables.of(tables.Account)
_OF_QUEUES = _callbacks.c.kind == CallbackKind.QUEUE.value
_others = _callbacks.alias()
_OPEN = _callbacks.c.state.in_(("due", "calling"))


def make(connection: Connection, wish: CallbackRequest, now: datetime) -> bool:
    """Promise what is wished; False if too many are kept. Raises IntegrityError if another one was faster."""
    if wish.promise:
        _kept(connection, wish.promise, now)
    same = and_(_OF_QUEUES, _callbacks.c.phone == wish.phone)
    # A claim of it and this one take turns.
    open_one = select(_callbacks).where(same, _OPEN, _callbacks.c.queue == wish.queue).with_for_update()
    before = connection.execute(open_one).first()
    if before is not None and before.state == "due" and before.tries == 0:
        _change(connection, before.id, _asked(connection, wish, now, before))
        return True
    lately = select(func.count()).where(same, _callbacks.c.created_at > now - timedelta(days=1))
    if (connection.scalar(lately) or 0) >= MOST_A_DAY:
        return False
    asked = _asked(connection, wish, now, before)
    if before is None:
        if (connection.scalar(select(func.count()).where(_OF_QUEUES, _OPEN)) or 0) >= MOST_OPEN:
            return False
    elif before.state == "calling" and before.lease_until >= now - UNWATCHED:
        del asked["created_at"]
        _change(connection, before.id, asked | {"reason": ANEW})
        return True
    else:
        _change(connection, before.id, _ended(ANEW, now))
    row = {"kind": CallbackKind.QUEUE.value, "state": "due", "phone": wish.phone, "queue": wish.queue}
    connection.execute(insert(_callbacks).values(row | asked))
    return True


def is_rung(now: datetime) -> ColumnElement[bool]:
    """Which promises are of a number that is rung now, for whatever."""
    return exists().where(_others.c.phone == _callbacks.c.phone, watched(_others, now))


def watched(callbacks: FromClause, now: datetime) -> ColumnElement[bool]:
    """Which claims somebody holds, or held a moment ago."""
    return and_(callbacks.c.state == "calling", callbacks.c.lease_until >= now - UNWATCHED)


def renew(connection: Connection, before: AnyRow) -> None:
    """The wish that was noted on a promise becomes one of its own: its try has ended, so it is due."""
    kept = ("kind", "phone", "queue", "priority", "joined_at", "call_id", "account_id")
    row = {name: getattr(before, name) for name in kept}
    connection.execute(insert(_callbacks).values(state="due", due_at=before.due_at, created_at=before.due_at, **row))


def _kept(connection: Connection, token: str, now: datetime) -> None:
    """Who asks was put through to the queue by this promise, even if no daemon has learnt that."""
    open_one = and_(_OF_QUEUES, _OPEN, _callbacks.c.token == token)
    done = _ended(CallbackResult.CONFIRMED, now) | {"state": "done"}
    connection.execute(update(_callbacks).where(open_one).values(done))


def _asked(connection: Connection, wish: CallbackRequest, now: datetime, before: AnyRow | None) -> dict[str, object]:
    """Columns of a wish; the place that is kept already is not lost by it, nor is danger, nor what is known."""
    asked: dict[str, object] = {"due_at": now + LEAVES if wish.promise else now, "created_at": now}
    call = connection.scalar(select(_calls.c.id).where(_calls.c.id == wish.call_id))
    account = connection.scalar(select(_accounts.c.id).where(_accounts.c.number == wish.account))
    if before is None:
        place = {"priority": wish.priority, "joined_at": wish.joined_at}
        return asked | place | {"call_id": call, "account_id": account}
    place = {"priority": max(wish.priority, before.priority), "joined_at": min(wish.joined_at, before.joined_at)}
    return asked | place | {"call_id": call or before.call_id, "account_id": account or before.account_id}


def _ended(reason: str, now: datetime) -> dict[str, object]:
    return {"state": "given-up", "reason": reason, "finished_at": now, "lease_until": None}


def _change(connection: Connection, key: int, values: dict[str, object]) -> None:
    connection.execute(update(_callbacks).where(_callbacks.c.id == key).values(values))
