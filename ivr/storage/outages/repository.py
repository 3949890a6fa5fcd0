"""What the dialogue asks and stores about outages: short units of work, each within a time limit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, bindparam, insert, select

from ivr.domain.outages import LIVE, Outage, Place, Report, RingBack, affecting
from ivr.storage import tables
from ivr.storage.database.unit_of_work import UnitsOfWork
from ivr.storage.outages.changes import NOT_YET
from ivr.storage.outages.reports import BEFORE_FIRST_REPORT
from ivr.storage.outages.views import outage_of

_outages, _calls = tables.of(tables.Outage), tables.of(tables.Call)
_callbacks, _reports = tables.of(tables.Callback), tables.of(tables.OutageReport)

_GOING_ON = select(_outages).where(_outages.c.state.in_(sorted(LIVE)))
# The end of an outage and a promise to ring at it take turns: neither misses the other.
_STATE = select(_outages.c.state).where(_outages.c.id == bindparam("outage")).with_for_update(read=True)
_NEW_REPORT = insert(_reports).returning(_reports.c.id)


class OutageRepository:
    """The dialogue's port `Outages` on a database. Every method raises StoreUnavailable within the limit of `units`."""

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
        self._promise = units.database.insert(_callbacks).on_conflict_do_nothing()

    async def at(self, place: Place) -> Outage | None:
        """The open or suspected outage that a caller at `place` is told of, None if there is none."""
        rows = await self._units.read(lambda connection: connection.execute(_GOING_ON).all())
        return affecting(map(outage_of, rows), place, self._now())

    async def promise(self, ring: RingBack) -> None:
        """Promise to ring a caller at the end of an outage. Promised twice is once; an outage just over: at once."""

        def keep(connection: Connection) -> None:
            now = self._now()
            self._call_known(connection, ring.call_id, now)
            state = connection.execute(_STATE, {"outage": ring.outage_id}).scalar_one()
            row = {
                "kind": "power",
                "state": "due",
                "phone": ring.phone,
                "call_id": ring.call_id,
                "account_id": ring.account_id,
                "outage_id": ring.outage_id,
                "due_at": NOT_YET if state in LIVE else now,
                "joined_at": None if state in LIVE else now,
                "created_at": now,
            }
            connection.execute(self._promise, row)

        await self._units.write(keep)

    async def report(self, report: Report) -> str:
        """Store what a caller reports; the number that they are told, digits only."""

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
