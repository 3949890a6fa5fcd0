"""Promises to ring when the light is back: whose turn it is, and what comes of it. Work of `promises`' transactions.

A promise waits (due in the year 9000) until its outage ends. If then another outage holds its place, a suspected one
too, or its own is open again, it moves there and waits on: nobody hears that the light is back where it is off.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, insert, select, update

from ivr.domain.callbacks import Callback, CallbackKind
from ivr.domain.outages import LIVE, Outage, Place, Scope, Trouble, affecting
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.outages.changes import NOT_YET, WAITS_AGAIN
from ivr.storage.outages.reports import BEFORE_FIRST_REPORT
from ivr.storage.outages.views import outage_of
from ivr.storage.tables.columns import AnyRow

TOO_LATE = timedelta(days=2)
"""After the end of their outage nobody is told of it any more. A night lies in it, and thousands of calls."""

MOST_MOVED = 200
"""Promises that one look for the next to ring moves to another outage."""

_callbacks, _accounts = tables.of(tables.Callback), tables.of(tables.Account)
_outages, _reports = tables.of(tables.Outage), tables.of(tables.OutageReport)
_others = _callbacks.alias()

POWER = _callbacks.c.kind == CallbackKind.POWER.value
_DUE = and_(
    POWER,
    _callbacks.c.state == "due",
    _callbacks.c.due_at <= bindparam("now"),
    _callbacks.c.joined_at > bindparam("since"),
)
_TALKS = exists().where(_others.c.phone == _callbacks.c.phone, _others.c.state == "calling")
_ADDRESS = (
    _accounts.c.district,
    _accounts.c.street,
    _accounts.c.house,
    _outages.c.district.label("outage_district"),
    _outages.c.street.label("outage_street"),
    _outages.c.house.label("outage_house"),
)
_PROMISED = _callbacks.join(_outages).outerjoin(_accounts, _accounts.c.id == _callbacks.c.account_id)
_COLUMNS = (_callbacks.c.id, _callbacks.c.phone, _callbacks.c.account_id, *_ADDRESS)

_ANY = select(_callbacks.c.id).where(_DUE).limit(1)
_NEXT = (
    select(*_COLUMNS)
    .select_from(_PROMISED)
    .where(_DUE, ~_TALKS)
    .order_by(_callbacks.c.due_at, _callbacks.c.id)
    .limit(1)
    .with_for_update(skip_locked=True, of=_callbacks)
)
# The end of an outage and a promise that moves to it take turns: neither misses the other.
_GOING_ON = (
    select(_outages).where(_outages.c.state.in_(sorted(LIVE))).order_by(_outages.c.id).with_for_update(read=True)
)


def late(now: datetime) -> ColumnElement[bool]:
    """Which promises are too old to be rung."""
    return and_(POWER, _callbacks.c.joined_at < now - TOO_LATE)


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether somebody waits to be rung."""
    return connection.execute(_ANY, {"now": now, "since": now - TOO_LATE}).first() is not None


def next_due(connection: Connection, now: datetime) -> int | None:
    """Key of the promise to ring now, None if there is none; those for whom it is still dark are moved on the way.

    Who is being rung at this moment for anything else comes later. Raises IntegrityError if they asked anew meanwhile.
    """
    goes_on = [outage_of(row) for row in connection.execute(_GOING_ON)]
    for _ in range(MOST_MOVED):
        row = connection.execute(_NEXT, {"now": now, "since": now - TOO_LATE}).first()
        if row is None:
            return None
        dark = affecting(goes_on, _place(row), now)
        if dark is None:
            return int(row.id)
        _move(connection, row, dark, now)
    return None


def goes_on(connection: Connection, promise: Callback) -> bool:
    """Whether the outage of a promise was reopened while its caller was rung."""
    # Its reopening and this end of a try take turns: neither misses the other.
    its = select(_callbacks.c.outage_id).where(_callbacks.c.id == promise.id).scalar_subquery()
    state = select(_outages.c.state).where(_outages.c.id == its).with_for_update(read=True)
    return connection.scalar(state) in LIVE


def together(promise: Callback) -> ColumnElement[bool]:
    """Promises that are answered by the same call: of this phone and account, for other outages that have ended."""
    whose = select(_others.c.account_id).where(_others.c.id == promise.id).scalar_subquery()
    return and_(
        POWER,
        _callbacks.c.state == "due",
        _callbacks.c.due_at < NOT_YET,
        _callbacks.c.phone == promise.phone,
        _callbacks.c.account_id.is_not_distinct_from(whose),
    )


def report_dark(connection: Connection, promise: Callback, now: datetime) -> None:
    """Store that there is still no light where the promise was given. Raises IntegrityError if it is stored already."""
    row = connection.execute(select(*_COLUMNS).select_from(_PROMISED).where(_callbacks.c.id == promise.id)).one()
    place = _place(row)
    known = affecting((outage_of(one) for one in connection.execute(_GOING_ON)), place, now)
    values = {
        "created_at": now,
        "account_id": row.account_id,
        "outage_id": None if known is None else known.id,
        "district": place.district,
        "street": place.street,
        "house": place.house,
        "trouble": (Trouble.HOUSE if place.scope is Scope.HOUSE else Trouble.STREET).value,
        "callback_id": promise.id,
    }
    connection.execute(insert(_reports), values)


def report_of(connection: Connection, token: str) -> str:
    """Number of the report by `report_dark`, "" if there is none."""
    of_promise = select(_reports.c.id).join(_callbacks, _callbacks.c.id == _reports.c.callback_id)
    key = connection.scalar(of_promise.where(_callbacks.c.token == token))
    return "" if key is None else str(BEFORE_FIRST_REPORT + key)


def finished(database: Database, outage: int) -> list[datetime]:
    """When the ring-backs of an outage ended, in order: for figures. Raises StoreUnavailable."""
    ended = select(_callbacks.c.finished_at).where(
        POWER, _callbacks.c.outage_id == outage, _callbacks.c.finished_at.is_not(None)
    )
    with database.reading() as connection:
        return list(connection.scalars(ended.order_by(_callbacks.c.finished_at)))


def _place(row: AnyRow) -> Place:
    """Of the account, else of the outage in which they asked."""
    if row.account_id is not None:
        return Place(row.district, row.street, row.house)
    return Place(row.outage_district, row.outage_street, row.outage_house)


def _move(connection: Connection, row: AnyRow, outage: Outage, now: datetime) -> None:
    """Let a promise wait for an outage that goes on; one is enough for a phone."""
    there = select(_callbacks.c.id).where(
        POWER,
        _callbacks.c.phone == row.phone,
        _callbacks.c.outage_id == outage.id,
        _callbacks.c.state.in_(("due", "calling")),
        _callbacks.c.id != row.id,
    )
    values = {"outage_id": outage.id, **WAITS_AGAIN}
    if connection.scalar(there) is not None:
        values = {"state": "given-up", "finished_at": now, "reason": "asked anew"}
    connection.execute(update(_callbacks).where(_callbacks.c.id == row.id).values(values))
