"""An account as the domain sees it: its meters in use and what their registers showed before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from itertools import pairwise

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from ivr.domain.accounts import Account
from ivr.domain.judgement import Verdict
from ivr.domain.meters import Meter, Register, Zone
from ivr.domain.readings import Channel, Period, Reading, Status, Use, rank
from ivr.domain.review import Reason
from ivr.storage import tables
from ivr.storage.tables.columns import AnyRow

MOST_ACCOUNTS = 3
"""Accounts of one telephone number, or of one other number, that somebody can choose from."""

USES = 12
"""Past uses that are remembered: a year of months."""

_MEASURES = tuple(channel.value for channel in Channel if rank(channel))

_DEPTH = 2 * (USES + 2)  # rows of one register that are looked at: billing may repeat a caller's reading of a month

_accounts, _meters = tables.of(tables.Account), tables.of(tables.Meter)
_registers, _readings = tables.of(tables.Register), tables.of(tables.Reading)
_phones, _aliases = tables.of(tables.AccountPhone), tables.of(tables.AccountAlias)

_ACCOUNT = (
    select(
        _accounts.c.id,
        _accounts.c.street,
        _accounts.c.house,
        _accounts.c.flat,
        _accounts.c.district,
        _accounts.c.window_group,
        _meters.c.id.label("meter_id"),
        _meters.c.serial,
        _meters.c.digits,
        _meters.c.power_kw,
        _meters.c.ratio,
        _meters.c.remote,
        _meters.c.next_verification,
        _meters.c.installed,
        _registers.c.id.label("register_id"),
        _registers.c.zone,
    )
    .select_from(
        _accounts.outerjoin(
            _meters, and_(_meters.c.account_id == _accounts.c.id, _meters.c.removed.is_(None))
        ).outerjoin(_registers)
    )
    .where(_accounts.c.number == bindparam("number"))
)

# Of the superseded rows only measures still count, see `_believed`.
_counting = (
    select(
        _readings.c.register_id,
        _readings.c.value,
        _readings.c.read_on,
        _readings.c.received_at,
        _readings.c.id,
        _readings.c.period,
        _readings.c.channel,
        _readings.c.status,
        _readings.c.reason,
        func.row_number()
        .over(
            partition_by=_readings.c.register_id,
            order_by=(_readings.c.read_on.desc(), _readings.c.received_at.desc(), _readings.c.id.desc()),
        )
        .label("age"),
    )
    .select_from(_readings.join(_registers).join(_meters))
    .where(
        _meters.c.account_id == bindparam("account_id"),
        _meters.c.removed.is_(None),
        or_(
            _readings.c.status != Status.SUPERSEDED.value,
            and_(_readings.c.channel.in_(_MEASURES), _readings.c.reason.not_like(f"{Reason.REFUSED}%")),
            _readings.c.reason == Reason.METER_INSTALLED.value,
        ),
    )
    .subquery()
)
_PAST = select(_counting).where(_counting.c.age <= _DEPTH).order_by(_counting.c.register_id, _counting.c.age)

_OF_ALIAS = (
    select(_accounts.c.number)
    .join(_aliases, _aliases.c.account_id == _accounts.c.id)
    .where(_aliases.c.alias == bindparam("alias"))
    .group_by(_accounts.c.number)
    .order_by(_accounts.c.number)
    .limit(bindparam("most"))
)

_ALIASES = select(_aliases.c.alias).where(_aliases.c.account_id == bindparam("account_id")).order_by(_aliases.c.alias)

_OF_PHONE = (
    select(_accounts.c.number)
    .join(_phones, _phones.c.account_id == _accounts.c.id)
    .where(_phones.c.phone == bindparam("phone"))
    .order_by(_accounts.c.number)
    .limit(bindparam("most"))
)


def numbers_of_phone(connection: Connection, phone: str, most: int) -> list[str]:
    """Numbers of the accounts that list this E.164 number, at most `most`, in their order."""
    return list(connection.execute(_OF_PHONE, {"phone": phone, "most": most}).scalars())


Present = Callable[[str], Period]
"""The period that a reading given now counts for, by the account's window group."""


def numbers_of_alias(connection: Connection, alias: str, most: int) -> list[str]:
    """Numbers of the accounts that have this other number, as `plain_alias` writes it, at most `most`."""
    return list(connection.execute(_OF_ALIAS, {"alias": alias, "most": most}).scalars())


class AccountLookup:
    """Accounts within a transaction that somebody else has opened: the port `AccountLookup` of ivr.intake."""

    def __init__(self, connection: Connection, present: Present) -> None:
        self._connection = connection
        self._present = present

    def account(self, number: str) -> Account | None:
        """The account with this number, its meters in use and their histories."""
        return load_account(self._connection, number, self._present)

    def accounts_of_phone(self, phone: str) -> tuple[Account, ...]:
        """Accounts that list this E.164 number, at most three, in the order of their numbers."""
        return self._all(numbers_of_phone(self._connection, phone, MOST_ACCOUNTS))

    def accounts_of_alias(self, alias: str) -> tuple[Account, ...]:
        """Accounts that have this other number, at most three, in the order of their numbers."""
        return self._all(numbers_of_alias(self._connection, alias, MOST_ACCOUNTS))

    def _all(self, numbers: Sequence[str]) -> tuple[Account, ...]:
        found = (self.account(number) for number in numbers)
        return tuple(account for account in found if account is not None)


def load_account(connection: Connection, number: str, present: Present) -> Account | None:
    """The account with this number, or None."""
    rows = connection.execute(_ACCOUNT, {"number": number}).all()
    if not rows:
        return None
    first = rows[0]
    past = _past(connection, first.id) if first.meter_id is not None else {}
    return Account(
        id=first.id,
        number=number,
        district=first.district,
        street=first.street,
        house=first.house,
        flat=first.flat,
        meters=_meters_of(rows, past, str(present(first.window_group))),
        aliases=tuple(connection.scalars(_ALIASES, {"account_id": first.id})),
        group=first.window_group,
    )


def _past(connection: Connection, account_id: int) -> dict[int, list[AnyRow]]:
    past: dict[int, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(_PAST, {"account_id": account_id}):
        past[row.register_id].append(row)
    return past


def _meters_of(rows: Sequence[AnyRow], past: dict[int, list[AnyRow]], present: str) -> tuple[Meter, ...]:
    registers: dict[int, list[Register]] = defaultdict(list)
    facts: dict[int, AnyRow] = {}
    for row in sorted((row for row in rows if row.register_id is not None), key=lambda row: str(row.zone)):
        facts[row.meter_id] = row
        register = Register(id=row.register_id, zone=Zone(row.zone), digits=row.digits)
        registers[row.meter_id].append(_with_past(register, past.get(row.register_id, []), present, row.ratio))
    in_order = sorted(facts.values(), key=lambda row: (row.installed or date.min, row.meter_id))
    return tuple(
        Meter(
            id=row.meter_id,
            serial=row.serial,
            registers=tuple(registers[row.meter_id]),
            power_kw=row.power_kw,
            ratio=row.ratio,
            remote=row.remote,
            next_verification=row.next_verification,
        )
        for row in in_order
    )


def _with_past(register: Register, rows: list[AnyRow], present: str, ratio: int) -> Register:
    """`register` with its history; `rows` newest first. ratio: of the meter, by which a use is multiplied."""
    live = [row for row in rows if row.status != Status.SUPERSEDED]
    believed = sorted((row for row in rows if _believed(row, present)), key=_standing, reverse=True)
    return Register(
        id=register.id,
        zone=register.zone,
        digits=register.digits,
        base=_reading(believed[0]) if believed else None,
        latest=_reading(live[0]) if live else None,
        uses=_uses(believed, register.capacity, ratio),
    )


def _believed(row: AnyRow, present: str) -> bool:
    """Whether new readings are measured against this one.

    A measure (billing, an inspector, a meter read remotely, a clerk) always is, unless it waits for a clerk. What a
    resident gave is once its period is over: until then a correction replaces it.
    """
    if rank(Channel(row.channel)) or row.reason == Reason.METER_INSTALLED:
        return bool(row.status != Status.FLAGGED)
    if row.period >= present:
        return False
    return row.status in {Status.ACCEPTED, Status.EXPORTED} or (
        row.status == Status.FLAGGED and row.reason == Verdict.SAME.value
    )


def _standing(row: AnyRow) -> tuple[date, int, datetime, int]:
    """Order of readings as measures: of one day the highest rank counts, then the latest."""
    return row.read_on, rank(Channel(row.channel)), row.received_at, row.id


def _uses(believed: list[AnyRow], capacity: int, ratio: int) -> tuple[Use, ...]:
    """Uses between the newest believed readings of each period, oldest first; `believed` newest first."""
    newest_of_period: dict[str, AnyRow] = {}
    for row in believed:
        newest_of_period.setdefault(row.period, row)
    readings = [_reading(row) for row in list(newest_of_period.values())[: USES + 1]]
    uses = []
    for earlier, later in pairwise(reversed(readings)):
        turned, days = later.value - earlier.value, (later.taken_on - earlier.taken_on).days
        if turned < 0:
            turned += capacity
            if turned > capacity // 2:  # a corrected value, no display that passed its last digit
                continue
        if days >= 1:
            uses.append(Use(turned * ratio, days))
    return tuple(uses)


def _reading(row: AnyRow) -> Reading:
    return Reading(row.value, row.read_on)
