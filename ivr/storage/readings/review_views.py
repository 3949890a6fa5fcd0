"""Readings that wait for a clerk, as the page shows them: in order, and one with what is needed to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from ivr.domain.contacts import Source
from ivr.domain.readings import Status
from ivr.storage import tables
from ivr.storage.accounts.history import Past, past, past_of
from ivr.storage.database.database import Database

MOST_COUNTED = 10_000
MOST_OF_HISTORY = 36

_accounts, _meters = tables.of(tables.Account), tables.of(tables.Meter)
_registers, _readings = tables.of(tables.Register), tables.of(tables.Reading)
_audit, _calls, _contacts = tables.of(tables.Audit), tables.of(tables.Call), tables.of(tables.Contact)
_spool = tables.of(tables.SpoolEntry)

_PLACED = (
    _readings.join(_registers, _registers.c.id == _readings.c.register_id)
    .join(_meters, _meters.c.id == _registers.c.meter_id)
    .join(_accounts, _accounts.c.id == _meters.c.account_id)
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A line of the list. zones: how many the meter has, which says what its zones are called."""

    id: int
    received_at: datetime
    account: str
    zone: str
    zones: int
    value: int
    channel: str
    reason: str
    voice: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A reading with its place and its register's history, the newest first, itself included.

    ratio: of the meter; use is a difference of readings times this. caller: E.164 of the telephone it came from, "" if
    withheld or none.
    """

    id: int
    register_id: int
    account_id: int
    account: str
    street: str
    house: str
    flat: str
    meter: str
    digits: int
    zone: str
    zones: int
    power_kw: float | None
    ratio: int
    value: int
    read_on: date
    received_at: datetime
    period: str
    channel: str
    status: str
    reason: str
    note: str
    voice: str | None
    call_id: str | None
    receipt: str
    caller: str
    history: tuple[Past, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether nobody has decided yet."""
        return self.status == Status.FLAGGED

    @property
    def earlier(self) -> Past | None:
        """The newest reading of an earlier period that counts."""
        counting = (past for past in self.history if past.status != Status.SUPERSEDED and past.period < self.period)
        return next(counting, None)


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody did with a reading. action: `reading.accept`, `reading.correct` or `reading.refuse`."""

    action: str
    who: str
    at: datetime


def waiting(database: Database, after: int | None = None, most: int = 50) -> list[Waiting]:
    """Flagged readings, oldest first, from behind the reading `after`. Raises StoreUnavailable."""
    first = _in_order().limit(most)
    with database.reading() as connection:
        if after is not None:
            place = connection.execute(select(_readings.c.received_at).where(_readings.c.id == after)).first()
            first = first.where(_behind(place.received_at, after)) if place is not None else first
        ids = [row.id for row in connection.execute(first)]
        query = select(
            _readings.c.id,
            _readings.c.received_at,
            _accounts.c.number,
            _registers.c.zone,
            _meters.c.zones,
            _readings.c.value,
            _readings.c.channel,
            _readings.c.reason,
            _readings.c.voice,
        )
        rows = connection.execute(query.select_from(_PLACED).where(_readings.c.id.in_(ids)))
        return sorted((Waiting(*row) for row in rows), key=lambda row: (row.received_at, row.id))


def how_many_wait(database: Database) -> int:
    """Flagged readings, counted up to MOST_COUNTED. Raises StoreUnavailable."""
    with database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(_in_order().limit(MOST_COUNTED).subquery())) or 0


def next_waiting(database: Database, after: int) -> int | None:
    """The flagged reading behind `after`, else the first of all, never `after` itself. Raises StoreUnavailable."""
    with database.reading() as connection:
        place = connection.execute(select(_readings.c.received_at).where(_readings.c.id == after)).first()
        if place is not None:
            behind = connection.execute(_in_order().where(_behind(place.received_at, after)).limit(1)).first()
            if behind is not None:
                return int(behind.id)
        first = connection.execute(_in_order().where(_readings.c.id != after).limit(1)).first()
        return None if first is None else int(first.id)


def checked(database: Database, reading: int) -> Checked | None:
    """A reading, flagged or not any more, with its history; None if there is none. Raises StoreUnavailable."""
    query = select(
        _readings.c.id,
        _readings.c.register_id,
        _accounts.c.id.label("account_id"),
        _accounts.c.number.label("account"),
        _accounts.c.street,
        _accounts.c.house,
        _accounts.c.flat,
        _meters.c.serial.label("meter"),
        _meters.c.digits,
        _registers.c.zone,
        _meters.c.zones,
        _meters.c.power_kw,
        _meters.c.ratio,
        _readings.c.value,
        _readings.c.read_on,
        _readings.c.received_at,
        _readings.c.period,
        _readings.c.channel,
        _readings.c.status,
        _readings.c.reason,
        _readings.c.note,
        _readings.c.voice,
        _contacts.c.call_id,
        func.coalesce(_contacts.c.receipt, "").label("receipt"),
        func.coalesce(_calls.c.caller, _spool.c.caller, "").label("caller"),
    ).select_from(
        _PLACED.outerjoin(_contacts, _contacts.c.id == _readings.c.contact_id)
        .outerjoin(_calls, _calls.c.id == _contacts.c.call_id)
        .outerjoin(_spool, and_(_contacts.c.source == Source.EMERGENCY, _spool.c.id == _contacts.c.key))
    )
    with database.reading() as connection:
        row = connection.execute(query.where(_readings.c.id == reading)).first()
        if row is None:
            return None
        history = connection.execute(past_of(_readings.c.register_id == row.register_id, MOST_OF_HISTORY))
        return Checked(**row._asdict(), history=tuple(past(one) for one in history))


def decision_on(database: Database, reading: int) -> Decision | None:
    """The last decision on a reading, None if there was none. Raises StoreUnavailable."""
    query = (
        select(_audit.c.action, _audit.c.who, _audit.c.at)
        .where(_audit.c.subject == f"reading:{reading}", _audit.c.action.like("reading.%"))
        .order_by(_audit.c.id.desc())
        .limit(1)
    )
    with database.reading() as connection:
        row = connection.execute(query).first()
        return None if row is None else Decision(*row)


def voice_of(database: Database, reading: int) -> str | None:
    """File of the caller's utterance below the recordings, None if none was kept. Raises StoreUnavailable."""
    with database.reading() as connection:
        return connection.scalar(select(_readings.c.voice).where(_readings.c.id == reading))


def _in_order() -> Select[tuple[int]]:
    return select(_readings.c.id).where(tables.FLAGGED).order_by(_readings.c.received_at, _readings.c.id)


def _behind(received_at: datetime, reading: int) -> ColumnElement[bool]:
    later = and_(_readings.c.received_at == received_at, _readings.c.id > reading)
    return and_(_readings.c.received_at >= received_at, or_(_readings.c.received_at > received_at, later))
