"""The review queue of a clerk: what waits, and the decisions of ivr.intake.review in the store and its audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select, update

from ivr.domain.audit import Action, Fact, Facts, changed
from ivr.domain.meters import Meter, Register, Zone
from ivr.domain.readings import Channel, Period, Status
from ivr.domain.review import Questioned, Reason, joined
from ivr.storage import tables
from ivr.storage.accounts.load import load_account
from ivr.storage.database.audit import note
from ivr.storage.database.database import Database
from ivr.storage.tables.columns import AnyRow

_accounts, _meters = tables.of(tables.Account), tables.of(tables.Meter)
_registers, _readings = tables.of(tables.Register), tables.of(tables.Reading)

_ID = _readings.c.id
_JOINED = _readings.join(_registers, _registers.c.id == _readings.c.register_id).join(
    _meters, _meters.c.id == _registers.c.meter_id
)
_TURN = (
    select(_registers.c.id)
    .where(_registers.c.id.in_(select(_readings.c.register_id).where(_readings.c.id == bindparam("reading"))))
    .with_for_update(key_share=True)
)
_SAME_WHEN_CORRECTED = ("register_id", "contact_id", "read_on", "received_at", "period", "channel", "voice")

_QUESTIONED = (
    select(
        _readings.c.id,
        _readings.c.status,
        _readings.c.value,
        _readings.c.read_on,
        _readings.c.period,
        _readings.c.register_id,
        _registers.c.zone,
        _meters.c.id.label("meter_id"),
        _meters.c.serial,
        _meters.c.digits,
        _accounts.c.number,
    )
    .select_from(_JOINED.join(_accounts, _accounts.c.id == _meters.c.account_id))
    .where(bindparam("reading") == _ID)
)

_before = _readings.alias()
_LAST = (
    select(_before.c.value)
    .where(
        _before.c.register_id == _readings.c.register_id,
        _before.c.read_on <= _readings.c.read_on,
        _before.c.period != _readings.c.period,
        _before.c.status != Status.SUPERSEDED.value,
    )
    .order_by(_before.c.read_on.desc(), _before.c.received_at.desc())
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
        _readings.c.received_at,
        _readings.c.period,
        _readings.c.channel,
        _readings.c.reason,
        _readings.c.voice,
    )
    .select_from(_JOINED.join(_accounts, _accounts.c.id == _meters.c.account_id))
    .where(tables.FLAGGED)
    .order_by(_readings.c.received_at, _readings.c.id)
)


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A flagged reading as a clerk sees it. last: the live value of an earlier period, None if there is none."""

    id: int
    account: str
    meter: str
    zone: str
    value: int
    last: int | None
    received_at: datetime
    period: str
    channel: str
    reason: str
    voice: str | None


def flagged(database: Database, *, emergency: bool = False, most: int = 1000) -> list[Doubtful]:
    """Readings that wait for a clerk, oldest first; `emergency`: only those taken in emergency mode.

    Raises StoreUnavailable.
    """
    query = _SEEN.where(_readings.c.channel == Channel.EMERGENCY.value) if emergency else _SEEN
    with database.reading() as connection:
        return [Doubtful(*row) for row in connection.execute(query.limit(most))]


class Reviews:
    """The review queue on a database: the port `Reviews` of ivr.intake."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def begin(self, who: str, now: datetime) -> Iterator[Review]:
        """A transaction: committed at the end, undone by any exception. Raises StoreUnavailable."""
        with self._database.writing() as connection:
            yield Review(connection, who, now)


class Review:
    """Decisions of one clerk within one transaction; each is in the audit."""

    def __init__(self, connection: Connection, who: str, now: datetime) -> None:
        self._connection = connection
        self._who = who
        self._now = now

    def questioned(self, reading: int) -> Questioned | None:
        """The reading with its meter as it was before the reading's period; None if there is none.

        A meter that is not in use any more comes without history.
        """
        # As the caller's own next reading does, so that only one of them is live afterwards.
        self._connection.execute(_TURN, {"reading": reading})
        row = self._connection.execute(_QUESTIONED, {"reading": reading}).first()
        if row is None:
            return None
        account = load_account(self._connection, row.number, lambda _group: Period.parse(row.period))
        meters = account.meters if account is not None else ()
        registers = ((meter, register) for meter in meters for register in meter.registers)
        bare = Register(row.register_id, Zone(row.zone), row.digits)
        meter, register = next(
            (found for found in registers if found[1].id == row.register_id),
            (Meter(row.meter_id, row.serial, (bare,)), bare),
        )
        return Questioned(row.id, Status(row.status), row.value, row.read_on, meter, register)

    def accept(self, reading: int) -> bool:
        """Let it leave for billing; False if it does not wait for a clerk any more."""
        if self._decide(reading, {"status": Status.ACCEPTED.value}) is None:
            return False
        self._note(Action.READING_ACCEPT, reading)
        return True

    def replace(self, reading: int, value: int, reason: str) -> int | None:
        """Put an accepted reading of another value in its place; its key, None if it does not wait any more."""
        old_values = {"status": Status.SUPERSEDED.value, "reason": joined((Reason.REFUSED, Reason.CORRECTED))}
        if self._decide(reading, old_values) is None:
            return None
        old = self._connection.execute(select(_readings).where(_readings.c.id == reading)).one()
        kept = {name: getattr(old, name) for name in _SAME_WHEN_CORRECTED}
        new = {**kept, "value": value, "status": Status.ACCEPTED.value, "reason": reason, "created_at": self._now}
        key = int(self._connection.execute(insert(_readings).values(new).returning(_ID)).scalar_one())
        self._note(Action.READING_CORRECT, reading, {Fact.VALUE: changed(old.value, value), Fact.REPLACEMENT: key})
        return key

    def refuse(self, reading: int, reason: str) -> bool:
        """Take it out of the count, and restore the one that it had replaced; False if it does not wait any more."""
        values = {"status": Status.SUPERSEDED.value, "reason": Reason.REFUSED.value, "note": reason}
        row = self._decide(reading, values)
        if row is None:
            return False
        _restore(self._connection, row)
        self._note(Action.READING_REFUSE, reading, {Fact.NOTE: reason})
        return True

    def _decide(self, reading: int, values: dict[str, str]) -> AnyRow | None:
        return self._connection.execute(
            update(_readings)
            .where(_readings.c.id == reading, _readings.c.status == Status.FLAGGED.value)  # an export may be faster
            .values(values)
            .returning(_ID, _readings.c.register_id, _readings.c.period)
        ).first()

    def _note(self, action: Action, reading: int, facts: Facts | None = None) -> None:
        note(self._connection, self._who, self._now, action, f"reading:{reading}", facts)


def _restore(connection: Connection, refused: AnyRow) -> None:
    earlier = connection.execute(
        select(_readings.c.id, _readings.c.batch, _readings.c.channel)
        .where(
            _readings.c.register_id == refused.register_id,
            _readings.c.period == refused.period,
            _readings.c.id != refused.id,
            _readings.c.reason.not_like(f"{Reason.REFUSED}%"),
        )
        .order_by(_readings.c.id.desc())
        .limit(1)
    ).first()
    if earlier is None:
        return
    known_to_billing = earlier.batch is not None or earlier.channel == Channel.BILLING.value
    flagged = {"status": Status.FLAGGED.value, "reason": Reason.RESTORED.value}
    values = {"status": Status.EXPORTED.value} if known_to_billing else flagged
    connection.execute(update(_readings).where(_readings.c.id == earlier.id).values(values))
