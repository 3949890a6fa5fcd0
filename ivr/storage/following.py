"""A call as the journal and the tables show it, for whoever watches from outside: the robot, tests, pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from ivr.domain.readings import Status
from ivr.storage import tables
from ivr.storage.engine import Database


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A row of `calls`; outcome None while the call is open."""

    id: str
    started_at: datetime
    outcome: str | None


@dataclass(frozen=True, slots=True)
class SeenStep:
    """A row of `call_steps`."""

    seq: int
    at: datetime
    kind: str
    prompt: str
    detail: str


@dataclass(frozen=True, slots=True)
class SeenReading:
    """A reading as stored, by the meter's serial number and the zone."""

    meter: str
    zone: str
    value: int
    status: str
    reason: str
    period: str
    receipt: str


class Follower:
    """Reads what calls left in the database. Every method blocks shortly and raises StoreUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def call_to(self, called: str) -> SeenCall | None:
        """The latest call to this dialled number."""
        calls = tables.of(tables.Call)
        query = (
            select(calls.c.id, calls.c.started_at, calls.c.outcome)
            .where(calls.c.called == called)
            .order_by(calls.c.started_at.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return SeenCall(*row) if row is not None else None

    def steps(self, call_id: str, after: int = 0) -> list[SeenStep]:
        """Steps of a call behind number `after`, in their order."""
        steps = tables.of(tables.CallStep)
        query = (
            select(steps.c.seq, steps.c.at, steps.c.kind, steps.c.prompt, steps.c.detail)
            .where(steps.c.call_id == call_id, steps.c.seq > after)
            .order_by(steps.c.seq)
        )
        with self._database.reading() as connection:
            return [SeenStep(*row) for row in connection.execute(query)]

    def readings_of_call(self, call_id: str) -> list[SeenReading]:
        """Readings that a call stored and that were not replaced since, by meter and zone."""
        meters, registers, readings = map(tables.of, (tables.Meter, tables.Register, tables.Reading))
        query = (
            select(
                meters.c.serial,
                registers.c.zone,
                readings.c.value,
                readings.c.status,
                readings.c.reason,
                readings.c.period,
                readings.c.receipt,
            )
            .join_from(readings, registers, readings.c.register_id == registers.c.id)
            .join(meters, registers.c.meter_id == meters.c.id)
            .where(readings.c.call_id == call_id, readings.c.status != Status.SUPERSEDED)
            .order_by(meters.c.serial, registers.c.zone)
        )
        with self._database.reading() as connection:
            return [SeenReading(*row) for row in connection.execute(query)]
