"""What of the promises to ring is open, by kind, as a clerk sees it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case, func, select

from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.outages.changes import NOT_YET

_callbacks = tables.of(tables.Callback)


@dataclass(frozen=True, slots=True)
class CallbackCounts:
    """Promises to ring when power returns. waiting: for the end of their outage. due: it is over. calling: now."""

    waiting: int = 0
    due: int = 0
    calling: int = 0


def ring_backs(database: Database) -> CallbackCounts:
    """How many are open. Raises StoreUnavailable."""
    of = _callbacks.c
    waits = (of.state == "due") & (of.due_at >= NOT_YET)
    counted = (
        func.sum(case((waits, 1), else_=0)),
        func.sum(case(((of.state == "due") & (of.due_at < NOT_YET), 1), else_=0)),
        func.sum(case((of.state == "calling", 1), else_=0)),
    )
    query = select(*counted).where(of.kind == "power", of.state.in_(("due", "calling")))
    with database.reading() as connection:
        return CallbackCounts(*(count or 0 for count in connection.execute(query).one()))
