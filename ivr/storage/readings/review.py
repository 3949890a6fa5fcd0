"""What a clerk does with doubtful readings: looks, accepts, corrects, refuses. Every decision is in the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from ivr.domain.audit import Action, Fact, Facts, changed
from ivr.domain.faults import BadInput, Conflict
from ivr.domain.readings import Channel, Status
from ivr.storage import tables
from ivr.storage.accounts.load import REFUSED
from ivr.storage.database.audit import note
from ivr.storage.database.database import Database
from ivr.storage.tables.columns import AnyRow

RESTORED = "restored"
"""Reason of a reading that is live again because the one that replaced it was refused."""
CORRECTED = "corrected"
"""Reason of a reading that a clerk put in the place of a flagged one."""

_accounts, _meters = tables.of(tables.Account), tables.of(tables.Meter)
_registers, _readings = tables.of(tables.Register), tables.of(tables.Reading)
_spool = tables.of(tables.SpoolEntry)

_ID = _readings.c.id
_JOINED = _readings.join(_registers, _registers.c.id == _readings.c.register_id).join(
    _meters, _meters.c.id == _registers.c.meter_id
)
_TURN = (
    select(_registers.c.id)
    .where(_registers.c.id.in_(select(_readings.c.register_id).where(_readings.c.id == bindparam("reading"))))
    .with_for_update(key_share=True)
)
_SAME_WHEN_CORRECTED = ("register_id", "taken_at", "period", "channel", "call_id", "receipt", "voice")

_before = _readings.alias()
_LAST = (
    select(_before.c.value)
    .where(
        _before.c.register_id == _readings.c.register_id,
        _before.c.taken_at < _readings.c.taken_at,
        _before.c.period != _readings.c.period,
        _before.c.status != Status.SUPERSEDED.value,
    )
    .order_by(_before.c.taken_at.desc())
    .limit(1)
    .scalar_subquery()
)
_SEEN = (
    select(
        _readings.c.id,
        _accounts.c.number,
        _meters.c.serial,
        _registers.c.zone,
        _readings.c.value,
        _LAST,
        _readings.c.taken_at,
        _readings.c.period,
        _readings.c.channel,
        _readings.c.reason,
        _readings.c.voice,
    )
    .select_from(_JOINED.join(_accounts, _accounts.c.id == _meters.c.account_id))
    .where(tables.FLAGGED)
    .order_by(_readings.c.taken_at, _readings.c.id)
)


class NotWaiting(Conflict, LookupError):
    """The reading does not wait for a clerk; the text says what it is instead. status: "" where there is none."""

    def __init__(self, reading: int, status: str) -> None:
        super().__init__(f"reading {reading} is {status}, not flagged" if status else f"there is no reading {reading}")
        self.status = status


class DoesNotFit(BadInput, ValueError):
    """The corrected value is not one that the display can show, or the one that was given already."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A flagged reading as a clerk sees it. last: the live value of an earlier period, None if there is none."""

    id: int
    account: str
    meter: str
    zone: str
    value: int
    last: int | None
    taken_at: datetime
    period: str
    channel: str
    reason: str
    voice: str | None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Readings left in emergency mode that belong to no register by themselves. values: in the order of the zones."""

    id: str
    account: str
    caller: str
    values: tuple[str, ...]
    taken_at: datetime
    reason: str


def flagged(database: Database, *, emergency: bool = False, most: int = 1000) -> list[Doubtful]:
    """Readings that wait for a clerk, oldest first; `emergency`: only those taken in emergency mode.

    Raises StoreUnavailable.
    """
    query = _SEEN.where(_readings.c.channel == Channel.EMERGENCY.value) if emergency else _SEEN
    with database.reading() as connection:
        return [Doubtful(*row) for row in connection.execute(query.limit(most))]


def unplaced(database: Database, most: int = 1000) -> list[Unplaced]:
    """Readings of emergency mode that could not be placed, oldest first. Raises StoreUnavailable."""
    columns = (_spool.c.id, _spool.c.account, _spool.c.caller, _spool.c["values"], _spool.c.taken_at, _spool.c.reason)
    refused = select(*columns).where(_spool.c.state == "refused").order_by(_spool.c.taken_at).limit(most)
    with database.reading() as connection:
        rows = connection.execute(refused).all()
    return [Unplaced(key, account, caller, tuple(told), at, reason) for key, account, caller, told, at, reason in rows]


def accept(database: Database, reading: int, who: str, now: datetime) -> None:
    """Let a flagged reading leave for billing. Raises NotWaiting, StoreUnavailable."""
    with database.writing() as connection:
        _decide(connection, reading, {"status": Status.ACCEPTED.value})
        _note(connection, who, now, Action.READING_ACCEPT, reading)


def correct(database: Database, reading: int, value: int, who: str, now: datetime) -> int:
    """Put another value in the place of a flagged one and let it leave for billing; the new reading's number.

    The flagged one stays in the history, refused. Raises NotWaiting, DoesNotFit, StoreUnavailable.
    """
    old_values = {"status": Status.SUPERSEDED.value, "reason": f"{REFUSED}: {CORRECTED}"}
    with database.writing() as connection:
        # As the caller's own next reading does, so that only one of them is live afterwards.
        connection.execute(_TURN, {"reading": reading})
        row = _decide(connection, reading, old_values)
        old = connection.execute(select(_readings, _meters.c.digits).select_from(_JOINED).where(row.id == _ID)).one()
        if not 0 <= value < 10**old.digits or value == old.value:
            raise DoesNotFit(f"not another value of {old.digits} digits")
        kept = {name: getattr(old, name) for name in _SAME_WHEN_CORRECTED}
        new = {**kept, "value": value, "status": Status.ACCEPTED.value, "reason": CORRECTED, "created_at": now}
        key = connection.execute(insert(_readings).values(new).returning(_readings.c.id)).scalar_one()
        facts: Facts = {Fact.VALUE: changed(old.value, value), Fact.REPLACEMENT: int(key)}
        _note(connection, who, now, Action.READING_CORRECT, reading, facts)
        return int(key)


def refuse(database: Database, reading: int, reason: str, who: str, now: datetime) -> None:
    """Take a flagged reading out of the count, for good. Raises NotWaiting, StoreUnavailable.

    The reading that it had replaced counts again: one that had left for billing as it was, another one flagged,
    so that the clerk looks at it next.
    """
    with database.writing() as connection:
        row = _decide(connection, reading, {"status": Status.SUPERSEDED.value, "reason": f"{REFUSED}: {reason}"})
        _restore(connection, row)
        _note(connection, who, now, Action.READING_REFUSE, reading, {Fact.NOTE: reason})


def _decide(connection: Connection, reading: int, values: dict[str, str]) -> AnyRow:
    decided = connection.execute(
        update(_readings)
        .where(_readings.c.id == reading, _readings.c.status == Status.FLAGGED.value)
        .values(values)
        .returning(_readings.c.id, _readings.c.register_id, _readings.c.period)
    ).first()
    if decided is not None:
        return decided
    raise NotWaiting(reading, connection.scalar(select(_readings.c.status).where(_readings.c.id == reading)) or "")


def _restore(connection: Connection, refused: AnyRow) -> None:
    earlier = connection.execute(
        select(_readings.c.id, _readings.c.batch, _readings.c.channel)
        .where(
            _readings.c.register_id == refused.register_id,
            _readings.c.period == refused.period,
            _readings.c.id != refused.id,
            _readings.c.reason.not_like(f"{REFUSED}%"),
        )
        .order_by(_readings.c.id.desc())
        .limit(1)
    ).first()
    if earlier is None:
        return
    known_to_billing = earlier.batch is not None or earlier.channel == Channel.BILLING.value
    values = (
        {"status": Status.EXPORTED.value} if known_to_billing else {"status": Status.FLAGGED.value, "reason": RESTORED}
    )
    connection.execute(update(_readings).where(_readings.c.id == earlier.id).values(values))


def _note(
    connection: Connection, who: str, now: datetime, action: Action, reading: int, facts: Facts | None = None
) -> None:
    note(connection, who, now, action, f"reading:{reading}", facts)
