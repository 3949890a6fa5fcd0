"""One outage as its page shows it: itself, its history, what callers reported within it, whom to ring at its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from ivr.domain.outages import LIVE, Outage, Place
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.outages.reports import ReportView, reports
from ivr.storage.outages.views import Change, changes_of, outage_of

MOST = 200

_outages, _callbacks = tables.of(tables.Outage), tables.of(tables.Callback)


@dataclass(frozen=True, slots=True)
class ToRing:
    """A caller who is to be rung, or was. state: due, calling, done, given-up."""

    phone: str
    state: str
    asked_at: datetime
    finished_at: datetime | None
    reason: str
    call_id: str


@dataclass(frozen=True, slots=True)
class OutageDetails:
    """An outage with the latest MOST of what belongs to it. counts: how many callers are in each state."""

    outage: Outage
    changes: tuple[Change, ...]
    reports: tuple[ReportView, ...]
    to_ring: tuple[ToRing, ...]
    counts: dict[str, int]


def details(database: Database, outage: int) -> OutageDetails | None:
    """An outage by its number, None if there is none. Raises StoreUnavailable."""
    ours = (_callbacks.c.outage_id == outage) & (_callbacks.c.kind == "power")
    rings = select(_callbacks).where(ours).order_by(_callbacks.c.id.desc()).limit(MOST)
    counted = select(_callbacks.c.state, func.count().label("count")).where(ours).group_by(_callbacks.c.state)
    with database.reading() as connection:
        row = connection.execute(select(_outages).where(_outages.c.id == outage)).first()
        if row is None:
            return None
        return OutageDetails(
            outage=outage_of(row),
            changes=tuple(changes_of(connection, [outage]).get(outage, ())),
            reports=tuple(reports(database, MOST, outage)),
            to_ring=tuple(
                ToRing(one.phone, one.state, one.created_at, one.finished_at, one.reason, one.call_id or "")
                for one in connection.execute(rings)
            ),
            counts={str(row[0]): int(row[1]) for row in connection.execute(counted)},
        )


def same_place(database: Database, place: Place) -> int | None:
    """Number of the outage of just this place that goes on, None if there is none. Raises StoreUnavailable."""
    live = select(_outages).where(_outages.c.state.in_(sorted(LIVE)))
    with database.reading() as connection:
        for row in connection.execute(live):
            known = outage_of(row)
            if known.place.covers(place) and place.covers(known.place):
                return known.id
    return None
