"""Outages as a clerk sees them: ongoing outages, the progress of their call-backs, and the history of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, func, select

from ivr.domain.callbacks import OPEN, CallbackKind, CallbackResult, CallbackState
from ivr.domain.outages import Outage, Place
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.outages.rows import GOES_ON, outage_of

_outages, _accounts, _audit = tables.of(tables.Outage), tables.of(tables.Account), tables.of(tables.Audit)
_callbacks, _reports = tables.of(tables.Callback), tables.of(tables.OutageReport)

_POWER = _callbacks.c.kind == CallbackKind.POWER.value
_DONE = _callbacks.c.state == CallbackState.DONE.value


def _owed(*which: ColumnElement[bool]) -> ScalarSelect[int]:
    mine = select(func.count()).where(_callbacks.c.outage_id == _outages.c.id, _POWER, *which)
    return mine.scalar_subquery()


_COUNTS = (
    _owed(_callbacks.c.state.in_(OPEN)).label("waiting"),
    _owed(_DONE).label("rung"),
    _owed(_DONE, _callbacks.c.reason == CallbackResult.DARK.value).label("dark"),
    _owed(_callbacks.c.state == CallbackState.GIVEN_UP.value).label("given_up"),
)
_REPORTED = select(func.count()).where(_reports.c.outage_id == _outages.c.id).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the history of an outage. facts: by the words of domain.audit.Fact."""

    at: datetime
    who: str
    action: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OutageView:
    """An outage as a clerk sees it. reports: of callers within it.

    waiting: callers to be rung at its end or now. rung: callers who answered by a key; dark: those still without power.
    given_up: not reached.
    """

    outage: Outage
    waiting: int
    rung: int
    dark: int
    given_up: int
    reports: int
    changes: tuple[Change, ...]


def listed(database: Database, *, over_too: bool = False, most: int = 200) -> list[OutageView]:
    """Outages that go on, the latest first; over_too: ended and withdrawn ones behind them. Raises StoreUnavailable."""
    query = select(_outages, *_COUNTS, _REPORTED.label("reported"))
    query = query.order_by(_outages.c.ended_at.is_not(None), _outages.c.began_at.desc(), _outages.c.id.desc()).limit(
        most
    )
    with database.reading() as connection:
        rows = connection.execute(query if over_too else query.where(GOES_ON)).all()
        changes = changes_of(connection, [row.id for row in rows])
    return [
        OutageView(
            outage_of(row),
            waiting=row.waiting,
            rung=row.rung,
            dark=row.dark,
            given_up=row.given_up,
            reports=row.reported,
            changes=tuple(changes.get(row.id, ())),
        )
        for row in rows
    ]


def changes_of(connection: Connection, outages: Sequence[int]) -> dict[int, list[Change]]:
    """The history of each of these outages that has one, by number."""
    subjects = {f"outage:{key}": key for key in outages}
    query = select(_audit).where(_audit.c.subject.in_(subjects)).order_by(_audit.c.id)
    found: dict[int, list[Change]] = {}
    for row in connection.execute(query):
        change = Change(row.at, row.who, row.action.partition(".")[2], row.detail)
        found.setdefault(subjects[row.subject], []).append(change)
    return found


def accounts_at(connection: Connection, place: Place) -> int:
    """How many accounts lie at a place; compared as the domain compares, so in Python."""
    address = (_accounts.c.district, _accounts.c.street, _accounts.c.house)
    grouped = connection.execute(select(*address, func.count()).group_by(*address))
    return sum(count for district, street, house, count in grouped if place.covers(Place(district, street, house)))
