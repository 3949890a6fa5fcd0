"""Readings leave for billing: each once, in numbered batches, any of which can be written again unchanged."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from sqlalchemy import and_, bindparam, func, insert, select, update

from ivr.domain.faults import NotFound
from ivr.domain.readings import Status
from ivr.storage import tables
from ivr.storage.database.atomic_file import whole_file
from ivr.storage.database.database import Database

COLUMNS = ("batch", "account", "meter", "zone", "value", "taken_at", "period", "channel", "status", "receipt")
"""Fixed: billing systems read them by their place."""
FURTHER = ("reason", "read_on", "ratio")

_accounts, _meters = tables.of(tables.Account), tables.of(tables.Meter)
_registers, _readings = tables.of(tables.Register), tables.of(tables.Reading)
_batches, _contacts = tables.of(tables.Batch), tables.of(tables.Contact)

# Nothing selected here changes once a reading has left, so a batch is the same whenever it is written.
_OF_BATCH = (
    select(
        _readings.c.batch,
        _accounts.c.number,
        _meters.c.serial,
        _registers.c.zone,
        _readings.c.value,
        _readings.c.received_at,
        _readings.c.period,
        _readings.c.channel,
        _readings.c.exported_as,
        func.coalesce(_contacts.c.receipt, ""),
        _readings.c.reason,
        _readings.c.read_on,
        func.coalesce(_readings.c.exported_ratio, 1),
    )
    .select_from(
        _readings.join(_registers, _registers.c.id == _readings.c.register_id)
        .join(_meters, _meters.c.id == _registers.c.meter_id)
        .join(_accounts, _accounts.c.id == _meters.c.account_id)
        .outerjoin(_contacts, _contacts.c.id == _readings.c.contact_id)
    )
    .where(_readings.c.batch == bindparam("number"))
    .order_by(_readings.c.id)
)

_RATIO = (
    select(_meters.c.ratio)
    .join(_registers, _registers.c.meter_id == _meters.c.id)
    .where(_registers.c.id == _readings.c.register_id)
    .scalar_subquery()
)


@dataclass(eq=False)
class NoSuchBatch(NotFound, LookupError):
    """No batch has this number."""

    batch: int


@dataclass(frozen=True, slots=True)
class ExportBatch:
    """Readings that left together."""

    number: int
    readings: int


def take_batch(database: Database, now: datetime, *, with_flagged: bool = False) -> ExportBatch | None:
    """Mark all waiting readings as exported in a new batch; None if there are none. Raises StoreUnavailable.

    with_flagged: take those too that wait for a clerk. After this the batch must be written, now or later.
    """
    statuses = [Status.ACCEPTED.value] + [Status.FLAGGED.value] * with_flagged
    waiting = and_(tables.WAITING, _readings.c.status.in_(statuses))
    with database.writing() as connection:
        if connection.execute(select(_readings.c.id).where(waiting).limit(1)).first() is None:
            return None
        number = connection.execute(
            insert(_batches).values(made_at=now, readings=0).returning(_batches.c.number)
        ).scalar_one()
        # A second export at the same moment waits here for the first, and then finds them exported (READ COMMITTED).
        taken = connection.execute(
            update(_readings)
            .where(waiting)
            .values(exported_as=_readings.c.status, exported_ratio=_RATIO, status=Status.EXPORTED.value, batch=number)
        ).rowcount
        if not taken:
            connection.rollback()  # the number too
            return None
        connection.execute(update(_batches).where(_batches.c.number == number).values(readings=taken))
    return ExportBatch(number, taken)


def find_batch(database: Database, number: int) -> ExportBatch:
    """A batch that was taken before. Raises NoSuchBatch, StoreUnavailable."""
    with database.reading() as connection:
        row = connection.execute(select(_batches.c.readings).where(_batches.c.number == number)).first()
    if row is None:
        raise NoSuchBatch(number)
    return ExportBatch(number, row.readings)


def unwritten_batches(database: Database) -> list[int]:
    """Batches that were taken and whose file was never written whole: somebody must ask for them again."""
    with database.reading() as connection:
        unwritten = select(_batches.c.number).where(_batches.c.written_at.is_(None)).order_by(_batches.c.number)
        return list(connection.execute(unwritten).scalars())


def write_batch(database: Database, batch: ExportBatch | None, out: Path | TextIO, now: datetime) -> None:
    """Write a batch, or only the header for None, to a file or a stream, and note that it was written.

    A file appears whole or not at all, and is on the disk when this returns. Raises OSError, StoreUnavailable.
    """
    if isinstance(out, Path):
        with whole_file(out) as file:
            _write(database, batch, file)
    else:
        _write(database, batch, out)
        out.flush()
    if batch is not None:
        with database.writing() as connection:
            written = update(_batches).where(_batches.c.number == batch.number, _batches.c.written_at.is_(None))
            connection.execute(written.values(written_at=now))


def _write(database: Database, batch: ExportBatch | None, file: TextIO) -> None:
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS + FURTHER)
    if batch is None:
        return
    with database.reading() as connection:
        for row in connection.execution_options(yield_per=5000).execute(_OF_BATCH, {"number": batch.number}):
            taken_at = row.received_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.writerow((*row[:5], taken_at, *row[6:]))
