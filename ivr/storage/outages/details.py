"""One outage as its page shows it: its facts, its history, the reports of callers, the call-backs due at its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from ivr.domain.callbacks import CallbackKind, CallbackState
from ivr.domain.outages import Outage, Place, same
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.outages.reports import ReportView, reports
from ivr.storage.outages.rows import going_on, outage_of
from ivr.storage.outages.views import Change, changes_of

MOST = 200

_outages, _callbacks = tables.of(tables.Outage), tables.of(tables.Callback)
_POWER = _callbacks.c.kind == CallbackKind.POWER.value


@dataclass(frozen=True, slots=True)
class OutageCallbackView:
    """A call-back of the outage, waiting or done. reason: a CallbackResult or a GivenUp, "" before the first try."""

    phone: str
    state: CallbackState
    asked_at: datetime
    finished_at: datetime | None
    reason: str
    call_id: str


@dataclass(frozen=True, slots=True)
class OutageDetailsView:
    """An outage with the latest MOST of what belongs to it. counts: how many callers are in each state."""

    outage: Outage
    changes: tuple[Change, ...]
    reports: tuple[ReportView, ...]
    to_ring: tuple[OutageCallbackView, ...]
    counts: dict[CallbackState, int]


def details(database: Database, outage: int) -> OutageDetailsView | None:
    """An outage by its number, None if there is none. Raises StoreUnavailable."""
    ours = (_callbacks.c.outage_id == outage) & _POWER
    rings = select(_callbacks).where(ours).order_by(_callbacks.c.id.desc()).limit(MOST)
    counted = select(_callbacks.c.state, func.count().label("count")).where(ours).group_by(_callbacks.c.state)
    with database.reading() as connection:
        row = connection.execute(select(_outages).where(_outages.c.id == outage)).first()
        if row is None:
            return None
        return OutageDetailsView(
            outage=outage_of(row),
            changes=tuple(changes_of(connection, [outage]).get(outage, ())),
            reports=tuple(reports(database, MOST, outage)),
            to_ring=tuple(
                OutageCallbackView(
                    one.phone, CallbackState(one.state), one.created_at, one.finished_at, one.reason, one.call_id or ""
                )
                for one in connection.execute(rings)
            ),
            counts={CallbackState(row[0]): int(row[1]) for row in connection.execute(counted)},
        )


def same_place(database: Database, place: Place) -> int | None:
    """Number of the outage of just this place that goes on, None if there is none. Raises StoreUnavailable."""
    with database.reading() as connection:
        known = same(going_on(connection), place)
    return None if known is None else known.id
