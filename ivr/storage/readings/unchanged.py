"""Registers that showed the same value for months: an empty flat, or a meter that stands still or is not read."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from ivr.domain.judgement import Verdict
from ivr.domain.readings import Period, Status
from ivr.storage import tables
from ivr.storage.database.database import Database

PERIODS = 3
"""So many periods in a row with the same value are worth a look."""

_accounts, _meters = tables.of(tables.Account), tables.of(tables.Meter)
_registers, _readings = tables.of(tables.Register), tables.of(tables.Reading)


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A register whose value was the same again in each of the last periods."""

    account: str
    meter: str
    zone: str
    value: int


def unchanged(database: Database, last: Period, most: int = 1000) -> list[Unchanged]:
    """Registers with the reason `same-value` in three periods in a row, in the order of their accounts.

    last: the newest of the periods. Raises StoreUnavailable.
    """
    query = (
        select(_accounts.c.number, _meters.c.serial, _registers.c.zone, func.max(_readings.c.value))
        .select_from(
            _readings.join(_registers, _registers.c.id == _readings.c.register_id)
            .join(_meters, _meters.c.id == _registers.c.meter_id)
            .join(_accounts, _accounts.c.id == _meters.c.account_id)
        )
        .where(
            _readings.c.period.in_(_months(last)),
            _readings.c.status != Status.SUPERSEDED.value,
            _readings.c.reason.contains(Verdict.SAME.value),
            _meters.c.removed.is_(None),
        )
        .group_by(_registers.c.id, _accounts.c.number, _meters.c.serial, _registers.c.zone)
        .having(func.count() == PERIODS)
        .order_by(_accounts.c.number, _meters.c.serial, _registers.c.zone)
        .limit(most)
    )
    with database.reading() as connection:
        return [Unchanged(*row) for row in connection.execute(query)]


def _months(last: Period) -> list[str]:
    months = (last.year * 12 + last.month - 1 - back for back in range(PERIODS))
    return [str(Period(month // 12, month % 12 + 1)) for month in months]
