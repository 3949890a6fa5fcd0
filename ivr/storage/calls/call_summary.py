"""What a call was about, for whoever talks to that caller later."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ivr.domain.callbacks import Subject
from ivr.storage import tables
from ivr.storage.outages.reports import BEFORE_FIRST_REPORT

_steps, _reports = tables.of(tables.CallStep), tables.of(tables.OutageReport)


def subject(connection: Connection, call_id: str | None) -> Subject:
    """The last report of a call, and the last outage that its caller heard of; empty for no call."""
    if not call_id:
        return Subject()
    reported = select(_reports.c.id, _reports.c.trouble).where(_reports.c.call_id == call_id)
    report = connection.execute(reported.order_by(_reports.c.id.desc()).limit(1)).first()
    heard = select(_steps.c.detail).where(_steps.c.call_id == call_id, _steps.c.kind == "outage")
    outage, _, what = (connection.scalar(heard.order_by(_steps.c.seq.desc()).limit(1)) or "").partition(" ")
    return Subject(
        trouble="" if report is None else report.trouble,
        report="" if report is None else str(BEFORE_FIRST_REPORT + report.id),
        outage=outage,
        told=what.rpartition(" ")[2],  # not when it would end: that may have changed
    )
