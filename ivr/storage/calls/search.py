"""Search for calls: the latest first, by pages; each query uses an index."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from ivr.domain.journal.words import GOES_ON
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.tables.columns import AnyRow

PAGE = 50

_calls, _accounts, _contacts = tables.of(tables.Call), tables.of(tables.Account), tables.of(tables.Contact)
_COLUMNS = (
    _calls.c.id,
    _calls.c.started_at,
    _calls.c.ended_at,
    _calls.c.caller,
    _calls.c.outcome,
    func.coalesce(_accounts.c.number, "").label("account"),
)
_JOINED = _calls.outerjoin(_accounts, _accounts.c.id == _calls.c.account_id)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls: each field narrows it down, empty ones do not.

    since, until: begin of the call, `until` not included. caller: E.164. outcome: of Outcome, GOES_ON for calls
    that go on. name: id of a call, or the number of a receipt.
    """

    since: datetime | None = None
    until: datetime | None = None
    account: str = ""
    caller: str = ""
    outcome: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends or begins: the moment and id of a call. back: the page before it, not behind it."""

    at: datetime
    id: str
    back: bool = False


@dataclass(frozen=True, slots=True)
class FoundCall:
    """A line of the list. ended_at, outcome: None while it goes on. caller, account: "" where not known."""

    id: str
    started_at: datetime
    ended_at: datetime | None
    caller: str
    outcome: str | None
    account: str


@dataclass(frozen=True, slots=True)
class Found:
    """A page of the list, the latest first. later, earlier: whether there are calls before and behind it."""

    calls: tuple[FoundCall, ...]
    later: bool
    earlier: bool


def found(database: Database, wanted: Wanted, place: Place | None = None, most: int = PAGE) -> Found:
    """A page of the calls that are wanted, from the latest on or from a place. Raises StoreUnavailable."""
    with database.reading() as connection:
        conditions = _conditions(connection, wanted)
        if conditions is None:
            return Found((), later=False, earlier=False)
        rows = connection.execute(_page(conditions, place, most + 1)).all()
    more = len(rows) > most
    calls = [_call(row) for row in rows[:most]]
    if place is not None and place.back:
        return Found(tuple(reversed(calls)), later=more, earlier=True)
    return Found(tuple(calls), later=place is not None, earlier=more)


def _page(conditions: list[ColumnElement[bool]], place: Place | None, most: int) -> Select[*tuple[object, ...]]:
    order: list[ColumnElement[object]] = [_calls.c.started_at.desc(), _calls.c.id.desc()]
    if place is not None:
        # Written out, not as a comparison of pairs: so both databases walk the index from the place on.
        if place.back:
            order = [_calls.c.started_at, _calls.c.id]
            beyond = and_(_calls.c.started_at >= place.at, or_(_calls.c.started_at > place.at, _calls.c.id > place.id))
        else:
            beyond = and_(_calls.c.started_at <= place.at, or_(_calls.c.started_at < place.at, _calls.c.id < place.id))
        conditions = [*conditions, beyond]
    return select(*_COLUMNS).select_from(_JOINED).where(*conditions).order_by(*order).limit(most)


def _conditions(connection: Connection, wanted: Wanted) -> list[ColumnElement[bool]] | None:
    """What the rows must fulfil; None: no call can."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(_calls.c.started_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_calls.c.started_at < wanted.until)
    if wanted.caller:
        conditions.append(_calls.c.caller == wanted.caller)
    if wanted.outcome == GOES_ON:
        conditions.append(_calls.c.ended_at.is_(None))
    elif wanted.outcome:
        conditions.append(_calls.c.outcome == wanted.outcome)
    if wanted.account and not re.fullmatch(r"[0-9]{1,30}", wanted.account):
        return None
    if wanted.account:
        account = connection.scalar(select(_accounts.c.id).where(_accounts.c.number == wanted.account))
        if account is None:
            return None
        conditions.append(_calls.c.account_id == account)
    if wanted.name:
        call = _named(connection, wanted.name)
        if call is None:
            return None
        conditions.append(_calls.c.id == call)
    return conditions


def _named(connection: Connection, name: str) -> str | None:
    """Id of the call of a receipt, or the id itself."""
    if re.fullmatch(r"[0-9]{1,9}", name):
        return connection.scalar(select(_contacts.c.call_id).where(_contacts.c.receipt == name))
    return name.lower() if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) else None


def _call(row: AnyRow) -> FoundCall:
    return FoundCall(row.id, row.started_at, row.ended_at, row.caller, row.outcome, row.account)
