"""Whether an outage goes on that many accounts lie in: the dialplan tells callers of it when the menu is full."""

from __future__ import annotations

from datetime import datetime

from ivr.storage.database.database import Database
from ivr.storage.outages.rows import going_on
from ivr.storage.outages.views import accounts_at


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
            known = going_on(connection)
            for outage in known:
                if outage.id not in self._counted:
                    self._counted[outage.id] = accounts_at(connection, outage.place)
        self._counted = {outage.id: self._counted[outage.id] for outage in known}
        return any(outage.began_at <= now and self._counted[outage.id] >= self._enough for outage in known)
