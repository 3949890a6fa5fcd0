"""Outages that go on, and what callers report: short units of work, each within a time limit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, insert

from ivr.domain.outages import Outage, Place, Report, affecting
from ivr.storage import tables
from ivr.storage.database.unit_of_work import UnitsOfWork
from ivr.storage.outages.reports import BEFORE_FIRST_REPORT
from ivr.storage.outages.rows import going_on

_calls, _reports = tables.of(tables.Call), tables.of(tables.OutageReport)

_NEW_REPORT = insert(_reports).returning(_reports.c.id)


class OutageRepository:
    """The port `OutageStore` of ivr.intake.

    Every method raises StoreUnavailable within the limit of `units`.
    """

    def __init__(
        self,
        units: UnitsOfWork,
        now: Callable[[], datetime],
        node: str = "",
        reported: Callable[[], None] = lambda: None,
    ) -> None:
        """now: aware time. node: name of this daemon. reported: is called after a report was stored; must not wait."""
        self._units = units
        self._now = now
        self._node = node
        self._reported = reported
        self._bare_call = units.database.insert(_calls).on_conflict_do_nothing()

    async def at(self, place: Place) -> Outage | None:
        """The open or suspected outage that callers at `place` hear of, None if there is none."""
        return affecting(await self._units.read(going_on), place, self._now())

    async def report(self, report: Report) -> str:
        """Store a caller's report and return its number for the caller, digits only."""

        def keep(connection: Connection) -> str:
            now = self._now()
            self._call_known(connection, report.call_id, now)
            row = {
                "created_at": now,
                "call_id": report.call_id,
                "account_id": report.account_id,
                "outage_id": report.outage_id,
                "district": report.place.district,
                "street": report.place.street,
                "house": report.place.house,
                "trouble": report.trouble.value,
                "recording": report.recording or None,
            }
            return str(BEFORE_FIRST_REPORT + connection.execute(_NEW_REPORT, row).scalar_one())

        number = await self._units.write(keep)
        self._reported()
        return number

    def _call_known(self, connection: Connection, call_id: str, now: datetime) -> None:
        """The journal writes the call too, a moment later or earlier; nobody waits for it."""
        connection.execute(self._bare_call, {"id": call_id, "node": self._node, "started_at": now})
