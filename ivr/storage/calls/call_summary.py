"""What a call was about, for the clerk who talks to that caller later."""

from __future__ import annotations

from sqlalchemy import Connection, select

from ivr.domain.callbacks import Subject
from ivr.domain.journal.steps import OutageTold
from ivr.domain.journal.stored import read
from ivr.domain.journal.words import StepKind
from ivr.domain.outages import State
from ivr.storage import tables
from ivr.storage.outages.reports import BEFORE_FIRST_REPORT

_steps, _reports = tables.of(tables.CallStep), tables.of(tables.OutageReport)


def subject(connection: Connection, call_id: str | None) -> Subject:
    """The last report of a call, and the last outage that its caller heard of; empty for no call."""
    if not call_id:
        return Subject()
    reported = select(_reports.c.id, _reports.c.trouble).where(_reports.c.call_id == call_id)
    report = connection.execute(reported.order_by(_reports.c.id.desc()).limit(1)).first()
    heard = select(_steps.c.detail).where(_steps.c.call_id == call_id, _steps.c.kind == StepKind.OUTAGE.value)
    detail = connection.scalar(heard.order_by(_steps.c.seq.desc()).limit(1))
    told = read(StepKind.OUTAGE, "", detail) if detail is not None else None
    outage = told if isinstance(told, OutageTold) else None
    return Subject(
        trouble="" if report is None else report.trouble,
        report="" if report is None else str(BEFORE_FIRST_REPORT + report.id),
        outage="" if outage is None else str(outage.outage),
        told="" if outage is None else outage.cause or State.SUSPECTED,  # not when it would end: that may have changed
    )
