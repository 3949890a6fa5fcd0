"""What a register showed before, as pages list it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, select

from ivr.storage import tables
from ivr.storage.tables.columns import AnyRow

_readings = tables.of(tables.Reading)


@dataclass(frozen=True, slots=True)
class Past:
    """A reading of the register's history. read_on: the day on which the display was read."""

    id: int
    value: int
    read_on: date
    received_at: datetime
    period: str
    channel: str
    status: str
    reason: str
    note: str = ""


def past_of(
    which: ColumnElement[bool], most: int
) -> Select[tuple[int, int, date, datetime, str, str, str, str, str, int]]:
    """Readings of registers, the newest first; rows for `past`."""
    return (
        select(
            _readings.c.id,
            _readings.c.value,
            _readings.c.read_on,
            _readings.c.received_at,
            _readings.c.period,
            _readings.c.channel,
            _readings.c.status,
            _readings.c.reason,
            _readings.c.note,
            _readings.c.register_id,
        )
        .where(which)
        .order_by(_readings.c.read_on.desc(), _readings.c.received_at.desc(), _readings.c.id.desc())
        .limit(most)
    )


def past(row: AnyRow) -> Past:
    """A row of `past_of`."""
    about = (row.period, row.channel, row.status, row.reason, row.note)
    return Past(row.id, row.value, row.read_on, row.received_at, *about)
