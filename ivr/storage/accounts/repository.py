"""Accounts and readings for the calls in progress: short units of work in threads, each within a time limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, select

from ivr.domain.accounts import Account
from ivr.domain.contacts import Submission
from ivr.domain.readings import Window
from ivr.storage import tables
from ivr.storage.accounts.load import AccountLookup
from ivr.storage.contacts.submissions import SubmissionWriter
from ivr.storage.database.database import Database
from ivr.storage.database.unit_of_work import UnitsOfWork

ZERO_COUNTS_FOR = timedelta(seconds=10)
"""How long an answer about leading zeros counts: only an import changes it, and every call asks."""

_accounts = tables.of(tables.Account)
_meters = tables.of(tables.Meter)
_IN_USE = exists().where(_meters.c.account_id == _accounts.c.id, _meters.c.removed.is_(None))
MOST_NUMBERS = 2000
"""Numbers that `AccountRepository.active` looks up at once."""
IN_ONE_QUERY = 500
# All that start with 0, and found by the index of the unique number.
_ZERO = select(_accounts.c.number).where(_accounts.c.number >= "0", _accounts.c.number < "1").limit(1)


class AccountRepository:
    """The ports `Accounts` and `Readings` of the intake on a database.

    Every method raises StoreUnavailable within `limit_s` seconds.
    """

    def __init__(
        self,
        database: Database,
        *,
        zone: ZoneInfo,
        window: Window,
        now: Callable[[], datetime],
        node: str = "",
        threads: int = 4,
        limit_s: float = 5.0,
    ) -> None:
        """zone: where the customers live. now: aware time. node: name of this daemon. threads: units at once."""
        self._zone = zone
        self._window = window
        self._now = now
        self._keeping = SubmissionWriter(database, node)
        self._zero: tuple[datetime, bool] | None = None  # when it was asked for, and the answer
        self.units = UnitsOfWork(database, threads, limit_s)  # shared with the other ports of the dialogue

    async def accounts_of_phone(self, phone: str) -> Sequence[Account]:
        """Accounts that list this E.164 number, at most three, in the order of their numbers."""

        return await self.units.read(lambda connection: self._lookup(connection).accounts_of_phone(phone))

    async def accounts_of_alias(self, alias: str) -> Sequence[Account]:
        """Accounts that have this other number, as `plain_alias` writes it, at most three."""
        return await self.units.read(lambda connection: self._lookup(connection).accounts_of_alias(alias))

    async def account(self, number: str) -> Account | None:
        """The account with this number, its meters in use and their histories."""
        return await self.units.read(lambda connection: self._lookup(connection).account(number))

    async def active(self, numbers: Sequence[str]) -> frozenset[str]:
        """Those of the account numbers that exist and have a meter in use. Raises ValueError for more than 2,000."""
        if len(numbers) > MOST_NUMBERS:
            raise ValueError(f"at most {MOST_NUMBERS} numbers are looked up at once")

        def find(connection: Connection) -> frozenset[str]:
            found: set[str] = set()
            for start in range(0, len(numbers), IN_ONE_QUERY):
                some = _accounts.c.number.in_(numbers[start : start + IN_ONE_QUERY])
                found.update(connection.scalars(select(_accounts.c.number).where(some, _IN_USE)))
            return frozenset(found)

        return await self.units.read(find) if numbers else frozenset()

    async def any_starts_with_zero(self) -> bool:
        """Whether an account number with a leading zero exists; as it was, at most ten seconds ago."""
        now = self._now()
        if self._zero is None or not now - ZERO_COUNTS_FOR < self._zero[0] <= now:
            exists = await self.units.read(lambda connection: connection.scalar(_ZERO) is not None)
            self._zero = now, exists
        return self._zero[1]

    async def keep(self, submission: Submission) -> str:
        """Store a meter's readings, all or none, and return the call's receipt number (digits only).

        The same submission again changes nothing and returns the same number.
        """
        return await self.units.write(lambda connection: self._keeping.keep(connection, submission, self._now()))

    async def close(self) -> None:
        """Take no more work and wait for what runs, which ends within the database's own limit."""
        await self.units.close()

    def _lookup(self, connection: Connection) -> AccountLookup:
        today = self._now().astimezone(self._zone).date()
        return AccountLookup(connection, lambda group: self._window.of(group).period_of(today))
