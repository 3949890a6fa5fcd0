"""A claim of a call-back: how it begins, whether it still holds, and how its try ends.

A claim allows changes to its call-back as long as the try is the same. Work of the folder's transactions.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, func, insert, select, update

from ivr.domain.callbacks import Callback, CallbackKind, CallbackState, GivenUp
from ivr.domain.outages import LIVE
from ivr.storage import tables
from ivr.storage.callbacks.conditions import AFTER_OUTAGE, IS_CALLING, IS_DUE, watched
from ivr.storage.database.database import Database
from ivr.storage.outages.changes import WAITS
from ivr.storage.tables.columns import AnyRow

_callbacks, _accounts = tables.of(tables.Callback), tables.of(tables.Account)
_outages = tables.of(tables.Outage)
_others = _callbacks.alias()

_KEPT = ("kind", "phone", "queue", "priority", "joined_at", "call_id", "account_id")
"""Columns that the call-back of a request takes over from the one on which the request was noted."""

CLAIMED = select(
    _callbacks,
    _accounts.c.number.label("account"),
    _accounts.c.district,
    _accounts.c.street,
    _accounts.c.house,
    _accounts.c.flat,
).select_from(_callbacks.outerjoin(_accounts, _accounts.c.id == _callbacks.c.account_id))
"""A query of call-backs for `callback_of`."""


def is_alone(connection: Connection, database: Database, phone: str, now: datetime) -> bool:
    """Whether this claim is the only one for a number: another call-back of it may be claimed at the same moment."""
    if database.is_sqlite:  # has one writer at a time
        return True
    mine = func.pg_try_advisory_xact_lock(func.hashtextextended(phone, 0))
    rung = select(_callbacks.c.id).where(_callbacks.c.phone == phone, watched(_callbacks, now))
    return bool(connection.scalar(select(mine))) and connection.scalar(rung) is None


def take(connection: Connection, key: int, exchange: str, until: datetime) -> Callback:
    """Begin the next try of a call-back, for an exchange until the lease ends."""
    values = {
        "state": CallbackState.CALLING.value,
        "tries": _callbacks.c.tries + 1,
        "token": func.coalesce(_callbacks.c.token, secrets.token_hex(8)),
        "exchange": exchange,
        "lease_until": until,
    }
    connection.execute(update(_callbacks).where(_callbacks.c.id == key).values(values))
    return callback_of(connection.execute(CLAIMED.where(_callbacks.c.id == key)).one())


def holds(callback: Callback) -> ColumnElement[bool]:
    """That a call-back is still in the try that was claimed."""
    same_try = and_(_callbacks.c.tries == callback.tries, _callbacks.c.token == callback.token)
    return and_(_callbacks.c.id == callback.id, IS_CALLING, same_try)


def end_try(connection: Connection, callback: Callback, *, before_request: bool, **values: object) -> bool:
    """End a try by these values; False if somebody else has the call-back by now.

    before_request: what ended it may be older than a request that came during it, which becomes a call-back then.
    """
    held = select(_callbacks).where(holds(callback)).with_for_update()
    row = connection.execute(held).first() if before_request else None
    if row is None or not row.asked_again:
        return settle(connection, callback, **values)
    if values["state"] is CallbackState.DUE:
        values = {"state": CallbackState.GIVEN_UP, "finished_at": row.due_at, "reason": GivenUp.REPLACED}
    settle(connection, callback, **values)
    new = {name: getattr(row, name) for name in _KEPT}
    new |= {"state": CallbackState.DUE, "due_at": row.due_at, "created_at": row.due_at}
    connection.execute(insert(_callbacks).values(new))
    return True


def settle(connection: Connection, callback: Callback, **values: object) -> bool:
    """End a try, of all call-backs that this call answers; False if another daemon has claimed the call-back by now.

    The line does not give up a caller whom it never reached and whose outage goes on again.
    """
    of_outage = callback.kind is CallbackKind.POWER
    waits = values["state"] is CallbackState.GIVEN_UP and of_outage and _goes_on(connection, callback)
    ended = update(_callbacks).where(holds(callback)).values({"lease_until": None, **(WAITS if waits else values)})
    held = connection.execute(ended).rowcount == 1
    if held and of_outage:
        connection.execute(update(_callbacks).where(_together(callback)).values(values))
    return held


def callback_of(row: AnyRow) -> Callback:
    """A claimed call-back from a row of CLAIMED."""
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
        asked_again=row.asked_again,
    )


def _goes_on(connection: Connection, callback: Callback) -> bool:
    """Whether the outage of a call-back was reopened while the line rang its caller."""
    # Its reopening and this end of a try take turns: neither misses the other.
    its = select(_callbacks.c.outage_id).where(_callbacks.c.id == callback.id).scalar_subquery()
    state = select(_outages.c.state).where(_outages.c.id == its).with_for_update(read=True)
    return connection.scalar(state) in LIVE


def _together(callback: Callback) -> ColumnElement[bool]:
    """Call-backs that the same call answers: of this phone and account, for other outages that have ended."""
    whose = select(_others.c.account_id).where(_others.c.id == callback.id).scalar_subquery()
    return and_(
        AFTER_OUTAGE,
        IS_DUE,
        _callbacks.c.due_at.is_not(None),
        _callbacks.c.phone == callback.phone,
        _callbacks.c.account_id.is_not_distinct_from(whose),
    )
