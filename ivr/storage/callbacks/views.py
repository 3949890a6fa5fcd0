"""What of the call-backs is open, as a clerk sees it, and when they ended, for figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, case, func, select

from ivr.storage import tables
from ivr.storage.callbacks.conditions import AFTER_OUTAGE, IS_CALLING, IS_DUE, IS_OPEN, OF_QUEUE
from ivr.storage.database.database import Database

_callbacks = tables.of(tables.Callback)


@dataclass(frozen=True, slots=True)
class QueueCallbacksView:
    """Call-backs to queues. since: when the oldest open one was asked for, None if there is none."""

    due: int = 0
    calling: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutageCallbacksView:
    """Call-backs at the end of outages. waiting: their outage goes on. due: it is over. calling: now."""

    waiting: int = 0
    due: int = 0
    calling: int = 0


def queue_callbacks(database: Database) -> QueueCallbacksView:
    """How many call-backs to queues are open. Raises StoreUnavailable."""
    counted = (
        func.sum(case((IS_DUE, 1), else_=0)),
        func.sum(case((IS_CALLING, 1), else_=0)),
        func.min(_callbacks.c.created_at),
    )
    with database.reading() as connection:
        due, calling, since = connection.execute(select(*counted).where(OF_QUEUE, IS_OPEN)).one()
    return QueueCallbacksView(due or 0, calling or 0, since)


def outage_callbacks(database: Database) -> OutageCallbacksView:
    """How many call-backs at the end of outages are open. Raises StoreUnavailable."""
    counted = (
        func.sum(case((and_(IS_DUE, _callbacks.c.due_at.is_(None)), 1), else_=0)),
        func.sum(case((and_(IS_DUE, _callbacks.c.due_at.is_not(None)), 1), else_=0)),
        func.sum(case((IS_CALLING, 1), else_=0)),
    )
    with database.reading() as connection:
        row = connection.execute(select(*counted).where(AFTER_OUTAGE, IS_OPEN)).one()
    return OutageCallbacksView(*(count or 0 for count in row))


def finished(database: Database, outage: int) -> list[datetime]:
    """When the call-backs of an outage ended, in order. Raises StoreUnavailable."""
    ended = select(_callbacks.c.finished_at).where(
        AFTER_OUTAGE, _callbacks.c.outage_id == outage, _callbacks.c.finished_at.is_not(None)
    )
    with database.reading() as connection:
        return list(connection.scalars(ended.order_by(_callbacks.c.finished_at)))
