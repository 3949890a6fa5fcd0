"""Whether an outage goes on that many accounts lie in: the dialplan tells callers of it when the menu is full."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ivr.domain.outages import LIVE
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.outages.views import accounts_at, outage_of

_outages = tables.of(tables.Outage)
_GOING_ON = select(_outages).where(_outages.c.state.in_(sorted(LIVE)))


class LargeOutages:
    """accounts: an outage of so many is large; 0: none is. Accounts at a place are counted once for each outage."""

    def __init__(self, database: Database, accounts: int) -> None:
        self._database = database
        self._enough = accounts
        self._counted: dict[int, int] = {}

    def any(self, now: datetime) -> bool:
        """Whether one goes on, open or suspected. Raises StoreUnavailable."""
        if not self._enough:
            return False
        with self._database.reading() as connection:
            going_on = [outage_of(row) for row in connection.execute(_GOING_ON)]
            for outage in going_on:
                if outage.id not in self._counted:
                    self._counted[outage.id] = accounts_at(connection, outage.place)
        self._counted = {outage.id: self._counted[outage.id] for outage in going_on}
        return any(outage.began_at <= now and self._counted[outage.id] >= self._enough for outage in going_on)
