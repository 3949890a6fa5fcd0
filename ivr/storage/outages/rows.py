"""Outages of the database as values, and those that go on."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ivr.domain.outages import LIVE, Cause, Kind, Outage, Place, State
from ivr.storage import tables
from ivr.storage.tables.columns import AnyRow

_outages = tables.of(tables.Outage)

GOES_ON = _outages.c.state.in_(sorted(LIVE))
"""Within a query of outages: which ones go on, open or suspected."""

_GOING_ON = select(_outages).where(GOES_ON).order_by(_outages.c.id)
_HELD = _GOING_ON.with_for_update(read=True)


def going_on(connection: Connection, *, held: bool = False) -> list[Outage]:
    """Outages that go on, by number. held: none of them ends before this transaction does."""
    return [outage_of(row) for row in connection.execute(_HELD if held else _GOING_ON)]


def outage_of(row: AnyRow) -> Outage:
    """An outage from a row that holds all columns of the table."""
    return Outage(
        id=row.id,
        kind=Kind(row.kind),
        state=State(row.state),
        place=Place(row.district, row.street, row.house),
        cause=Cause(row.cause) if row.cause in set(Cause) else Cause.UNKNOWN,
        began_at=row.began_at,
        expected_end=row.expected_end,
        ended_at=row.ended_at,
    )
