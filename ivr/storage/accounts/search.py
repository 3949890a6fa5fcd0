"""Accounts for the pages: finding them by number, telephone, meter or address, and one account with all that is known.

Streets are few, so an address is looked for among their names first: whatever the case of the letters, on any database.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from ivr.domain.phones import from_caller_id
from ivr.storage import tables
from ivr.storage.accounts.history import Past, past, past_of
from ivr.storage.database.database import Database

MOST_FOUND = 50
MOST_STREETS = 20_000
MOST_MATCHING = 40
MOST_OF_EACH = 20
MOST_OF_HISTORY = 200

_accounts, _phones = tables.of(tables.Account), tables.of(tables.AccountPhone)
_meters, _registers = tables.of(tables.Meter), tables.of(tables.Register)
_readings, _calls = tables.of(tables.Reading), tables.of(tables.Call)
_reports, _callbacks = tables.of(tables.OutageReport), tables.of(tables.Callback)

BriefQuery = Select[Any]

_BRIEF: tuple[ColumnElement[Any], ...] = (
    _accounts.c.id,
    _accounts.c.number,
    _accounts.c.street,
    _accounts.c.house,
    _accounts.c.flat,
    _accounts.c.district,
    _accounts.c.phones,
)


@dataclass(frozen=True, slots=True)
class Brief:
    """An account in a list. phones: E.164, separated by spaces."""

    id: int
    number: str
    street: str
    house: str
    flat: str
    district: str
    phones: str


@dataclass(frozen=True, slots=True)
class RegisterHistory:
    """A register and its readings, the newest first."""

    id: int
    zone: str
    history: tuple[Past, ...]


@dataclass(frozen=True, slots=True)
class KnownMeter:
    """A meter of the account, in use or removed."""

    id: int
    serial: str
    digits: int
    zones: int
    power_kw: float | None
    installed: date | None
    removed: date | None
    registers: tuple[RegisterHistory, ...] = ()


@dataclass(frozen=True, slots=True)
class CallOfAccount:
    """A call in which the account was named."""

    id: str
    started_at: datetime
    caller: str
    outcome: str | None


@dataclass(frozen=True, slots=True)
class ReportOfAccount:
    """A report of a caller without power. outage_id: None where no outage is known."""

    id: int
    created_at: datetime
    trouble: str
    outage_id: int | None


@dataclass(frozen=True, slots=True)
class AccountCallbackView:
    """A call-back that the account's owner is owed, or was."""

    id: int
    created_at: datetime
    kind: str
    state: str
    phone: str


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """Everything that is known of an account; lists hold the newest MOST_OF_EACH."""

    brief: Brief
    meters: tuple[KnownMeter, ...]
    calls: tuple[CallOfAccount, ...]
    reports: tuple[ReportOfAccount, ...]
    callbacks: tuple[AccountCallbackView, ...]


def find(database: Database, text: str, *, by_phone: bool = True) -> list[Brief]:
    """Accounts that fit, at most MOST_FOUND + 1. Raises StoreUnavailable.

    text: beginning of a number, a telephone, a meter's whole number, or street, house and flat («ленина 5 12»).
    """
    text = " ".join(text.split())[:100]
    if not text:
        return []
    with database.reading() as connection:
        found: dict[int, Brief] = {}
        for query in _queries(connection, text, by_phone):
            for row in connection.execute(query.limit(MOST_FOUND + 1)):
                found.setdefault(row.id, Brief(**row._asdict()))
            if len(found) > MOST_FOUND:
                break
        return list(found.values())[: MOST_FOUND + 1]


def known(database: Database, account: int) -> KnownAccount | None:
    """One account with all that belongs to it; None if there is none. Raises StoreUnavailable."""
    with database.reading() as connection:
        row = connection.execute(select(*_BRIEF).where(_accounts.c.id == account)).first()
        if row is None:
            return None
        calls = (
            select(_calls.c.id, _calls.c.started_at, _calls.c.caller, _calls.c.outcome)
            .where(_calls.c.account_id == account)
            .order_by(_calls.c.started_at.desc())
            .limit(MOST_OF_EACH)
        )
        reports = (
            select(_reports.c.id, _reports.c.created_at, _reports.c.trouble, _reports.c.outage_id)
            .where(_reports.c.account_id == account)
            .order_by(_reports.c.id.desc())
            .limit(MOST_OF_EACH)
        )
        callbacks = (
            select(_callbacks.c.id, _callbacks.c.created_at, _callbacks.c.kind, _callbacks.c.state, _callbacks.c.phone)
            .where(_callbacks.c.account_id == account)
            .order_by(_callbacks.c.id.desc())
            .limit(MOST_OF_EACH)
        )
        return KnownAccount(
            brief=Brief(**row._asdict()),
            meters=_meters_of(connection, account),
            calls=tuple(CallOfAccount(*one) for one in connection.execute(calls)),
            reports=tuple(ReportOfAccount(*one) for one in connection.execute(reports)),
            callbacks=tuple(AccountCallbackView(*one) for one in connection.execute(callbacks)),
        )


def _queries(connection: Connection, text: str, by_phone: bool) -> Sequence[BriefQuery]:
    brief = select(*_BRIEF)
    digits = re.sub(r"[ ()\-.]", "", text)
    queries = []
    if re.fullmatch(r"[0-9]{2,20}", digits):
        # Between two numbers the index helps on any database and in any collation, LIKE does not.
        between = _accounts.c.number.between(digits, digits + "9" * 20)
        queries.append(brief.where(between).order_by(_accounts.c.number))
    phone = from_caller_id(text)
    if phone and by_phone:
        of_phone = select(_phones.c.account_id).where(_phones.c.phone == phone)
        queries.append(brief.where(_accounts.c.id.in_(of_phone)).order_by(_accounts.c.number))
    of_meter = select(_meters.c.account_id).where(_meters.c.serial == text, _meters.c.removed.is_(None))
    queries.append(brief.where(_accounts.c.id.in_(of_meter)))
    if re.search(r"[^\W\d_]", text):
        queries += _at_address(connection, text)
    return queries


def _at_address(connection: Connection, text: str) -> list[BriefQuery]:
    """The last words may be house and flat, or belong to the street («микрорайон 3»): whatever fits is found."""
    words = re.findall(r"[\w/\-]+", text.casefold())
    streets = _streets(connection)
    queries = []
    for split in range(len(words), max(0, len(words) - 3), -1):
        named, rest = words[:split], words[split:]
        if not all(word[0].isdigit() for word in rest):
            break
        fitting = [street for street in streets if _has(street, named)][:MOST_MATCHING]
        if fitting:
            query = select(*_BRIEF).where(_accounts.c.street.in_(fitting))
            for column, word in zip((_accounts.c.house, _accounts.c.flat), rest, strict=False):
                query = query.where(column.in_({word, word.upper(), word.capitalize()}))
            queries.append(query.order_by(_accounts.c.street, _accounts.c.house, _accounts.c.flat))
    return queries


def _has(street: str, words: list[str]) -> bool:
    own = re.findall(r"[\w/\-]+", street.casefold())
    return all(any(mine.startswith(word) for mine in own) for word in words)


def _streets(connection: Connection) -> list[str]:
    """Names of all streets: from one to the next by the index, not through all accounts."""
    street = _accounts.c.street
    first = select(func.min(street).label("street")).cte("streets", recursive=True)
    after = select(func.min(street)).where(street > first.c.street).correlate(first).scalar_subquery()
    streets = first.union_all(select(after).where(first.c.street.is_not(None)))
    return [name for name in connection.scalars(select(streets.c.street).limit(MOST_STREETS)) if name]


def _meters_of(connection: Connection, account: int) -> tuple[KnownMeter, ...]:
    columns = (
        _meters.c.id,
        _meters.c.serial,
        _meters.c.digits,
        _meters.c.zones,
        _meters.c.power_kw,
        _meters.c.installed,
        _meters.c.removed,
    )
    in_use_first = (_meters.c.removed.is_not(None), _meters.c.id)
    query = select(*columns).where(_meters.c.account_id == account).order_by(*in_use_first).limit(MOST_OF_EACH)
    meters = []
    for row in connection.execute(query).all():
        of_meter = select(_registers.c.id, _registers.c.zone).where(_registers.c.meter_id == row.id)
        registers = connection.execute(of_meter.order_by(_registers.c.zone)).all()
        histories = []
        for key, zone in registers:
            rows = connection.execute(past_of(_readings.c.register_id == key, MOST_OF_HISTORY // len(registers)))
            histories.append(RegisterHistory(key, zone, tuple(past(one) for one in rows)))
        meters.append(KnownMeter(*row, registers=tuple(histories)))
    return tuple(meters)
