"""A call as the journal and the tables show it, for readers outside the call: the robot, tests, pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select

from ivr.domain.journal.steps import ReadStep
from ivr.domain.journal.stored import read
from ivr.storage import tables
from ivr.storage.database.database import Database


@dataclass(frozen=True, slots=True)
class CallView:
    """A row of `calls`; outcome None while the call is open."""

    id: str
    started_at: datetime
    outcome: str | None


@dataclass(frozen=True, slots=True)
class StepView:
    """A row of `call_steps`. seq: its place in the call."""

    seq: int
    at: datetime
    step: ReadStep


@dataclass(frozen=True, slots=True)
class ReadingView:
    """A reading as stored, by the meter's serial number and the zone. voice: file below the recordings, "" for none.

    note: of the clerk who refused it.
    """

    meter: str
    zone: str
    value: int
    status: str
    reason: str
    period: str
    receipt: str
    voice: str = ""
    note: str = ""


class CallReader:
    """Reads what calls left in the database. Every method blocks shortly and raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def call_to(self, called: str) -> CallView | None:
        """The latest call to this dialled number."""
        return self._call(tables.of(tables.Call).c.called == called)

    def call(self, call_id: str) -> CallView | None:
        """A call by its id."""
        return self._call(tables.of(tables.Call).c.id == call_id)

    def steps(self, call_id: str, after: int = 0) -> list[StepView]:
        """Steps of a call behind number `after`, in their order."""
        steps = tables.of(tables.CallStep)
        query = (
            select(steps.c.seq, steps.c.at, steps.c.kind, steps.c.prompt, steps.c.detail)
            .where(steps.c.call_id == call_id, steps.c.seq > after)
            .order_by(steps.c.seq)
        )
        with self._database.reading() as connection:
            return [
                StepView(row.seq, row.at, read(row.kind, row.prompt, row.detail)) for row in connection.execute(query)
            ]

    def readings_of_call(self, call_id: str) -> list[ReadingView]:
        """Readings that a call stored and that were not replaced since, by meter and zone."""
        return self._readings(and_(tables.of(tables.Contact).c.call_id == call_id, tables.LIVE_OF_CONTACT))

    def readings_of_meter(self, serial: str) -> list[ReadingView]:
        """All readings of a meter that a contact brought, replaced ones too, by zone and age."""
        return self._readings(tables.of(tables.Meter).c.serial == serial)

    def _call(self, condition: ColumnElement[bool]) -> CallView | None:
        calls = tables.of(tables.Call)
        query = (
            select(calls.c.id, calls.c.started_at, calls.c.outcome)
            .where(condition)
            .order_by(calls.c.started_at.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return CallView(*row) if row is not None else None

    def _readings(self, condition: ColumnElement[bool]) -> list[ReadingView]:
        meters, registers = tables.of(tables.Meter), tables.of(tables.Register)
        readings, contacts = tables.of(tables.Reading), tables.of(tables.Contact)
        receipt = func.coalesce(contacts.c.receipt, "")
        values = (readings.c.value, readings.c.status, readings.c.reason, readings.c.period, receipt)
        query = (
            select(meters.c.serial, registers.c.zone, *values, func.coalesce(readings.c.voice, ""), readings.c.note)
            .join_from(readings, registers, readings.c.register_id == registers.c.id)
            .join(meters, registers.c.meter_id == meters.c.id)
            .join(contacts, contacts.c.id == readings.c.contact_id)
            .where(condition)
            .order_by(meters.c.serial, registers.c.zone, readings.c.id)
        )
        with self._database.reading() as connection:
            return [ReadingView(*row) for row in connection.execute(query)]
