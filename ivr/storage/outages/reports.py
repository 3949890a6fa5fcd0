"""What callers report of outages, as a clerk sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from ivr.domain.outages import Place
from ivr.storage import tables
from ivr.storage.database.database import Database

BEFORE_FIRST_REPORT = 1000
"""Added to the key of a report for the number that callers hear: one digit would sound like an answer."""

_reports, _accounts = tables.of(tables.OutageReport), tables.of(tables.Account)
_calls, _callbacks = tables.of(tables.Call), tables.of(tables.Callback)


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as a clerk sees it. number: the one that the caller heard. recording: file below the recordings or "".

    outage_id: the known outage that it belongs to. rung_after: one that had ended; the line rang the caller, who said
    that the power is still off.
    """

    number: int
    at: datetime
    trouble: str
    place: Place
    account: str
    caller: str
    outage_id: int | None
    rung_after: int | None
    recording: str


def reports(database: Database, most: int = 50, outage: int | None = None) -> list[ReportView]:
    """What callers reported, the latest first. outage: only what belongs to this one. Raises StoreUnavailable."""
    columns = (
        _reports,
        func.coalesce(_accounts.c.number, "").label("account"),
        func.coalesce(_calls.c.caller, _callbacks.c.phone, "").label("caller"),
        _callbacks.c.outage_id.label("rung_after"),
    )
    joined = (
        _reports.outerjoin(_accounts, _accounts.c.id == _reports.c.account_id)
        .outerjoin(_calls, _calls.c.id == _reports.c.call_id)
        .outerjoin(_callbacks, _callbacks.c.id == _reports.c.callback_id)
    )
    query = select(*columns).select_from(joined).order_by(_reports.c.id.desc()).limit(most)
    if outage is not None:
        query = query.where(_reports.c.outage_id == outage)
    with database.reading() as connection:
        rows = connection.execute(query).all()
    return [
        ReportView(
            number=BEFORE_FIRST_REPORT + row.id,
            at=row.created_at,
            trouble=row.trouble,
            place=Place(row.district, row.street, row.house),
            account=row.account,
            caller=row.caller,
            outage_id=row.outage_id,
            rung_after=row.rung_after,
            recording=row.recording or "",
        )
        for row in rows
    ]
