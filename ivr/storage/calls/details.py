"""One call as the pages show it: prompts, keys, answers, stored values and requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from ivr.domain.outages import Place
from ivr.storage import tables
from ivr.storage.calls.reader import CallReader, ReadingView, StepView
from ivr.storage.database.database import Database
from ivr.storage.outages.reports import BEFORE_FIRST_REPORT

_calls, _accounts, _contacts = tables.of(tables.Call), tables.of(tables.Account), tables.of(tables.Contact)
_readings, _reports = tables.of(tables.Reading), tables.of(tables.OutageReport)
_callbacks = tables.of(tables.Callback)


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A row of `calls` and whose it is. account: "" where nobody said. uniqueid: Asterisk's name of it."""

    id: str
    node: str
    started_at: datetime
    ended_at: datetime | None
    caller: str
    called: str
    outcome: str | None
    uniqueid: str
    account: str
    account_id: int | None


@dataclass(frozen=True, slots=True)
class ReportOfCall:
    """A caller's report. number: the one that the caller heard. recording: file below the recordings or ""."""

    number: int
    trouble: str
    place: Place
    outage_id: int | None
    recording: str


@dataclass(frozen=True, slots=True)
class CallCallbackView:
    """A call-back that was asked for in this call."""

    kind: str
    state: str
    outage_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class CallDetails:
    """Everything that is known of a call. receipt: the number that the caller heard, "" if none."""

    call: KnownCall
    steps: tuple[StepView, ...]
    readings: tuple[ReadingView, ...]
    reports: tuple[ReportOfCall, ...]
    callbacks: tuple[CallCallbackView, ...]
    receipt: str


def known_call(database: Database, call_id: str) -> KnownCall | None:
    """A call by its id. Raises StoreUnavailable."""
    columns = (_calls, func.coalesce(_accounts.c.number, "").label("account"))
    joined = _calls.outerjoin(_accounts, _accounts.c.id == _calls.c.account_id)
    with database.reading() as connection:
        row = connection.execute(select(*columns).select_from(joined).where(_calls.c.id == call_id)).first()
    if row is None:
        return None
    return KnownCall(
        id=row.id,
        node=row.node,
        started_at=row.started_at,
        ended_at=row.ended_at,
        caller=row.caller,
        called=row.called,
        outcome=row.outcome,
        uniqueid=row.uniqueid,
        account=row.account,
        account_id=row.account_id,
    )


def details(database: Database, call_id: str) -> CallDetails | None:
    """A call with all that belongs to it, None if there is none. Raises StoreUnavailable."""
    call = known_call(database, call_id)
    if call is None:
        return None
    follower = CallReader(database)
    callbacks = select(_callbacks.c.kind, _callbacks.c.state, _callbacks.c.outage_id, _callbacks.c.reason)
    with database.reading() as connection:
        reports = connection.execute(select(_reports).where(_reports.c.call_id == call_id).order_by(_reports.c.id))
        told = [
            ReportOfCall(
                BEFORE_FIRST_REPORT + row.id,
                row.trouble,
                Place(row.district, row.street, row.house),
                row.outage_id,
                row.recording or "",
            )
            for row in reports
        ]
        asked = connection.execute(callbacks.where(_callbacks.c.call_id == call_id).order_by(_callbacks.c.id))
        kept = tuple(CallCallbackView(*row) for row in asked)
        receipt = connection.scalar(select(_contacts.c.receipt).where(_contacts.c.call_id == call_id))
    return CallDetails(
        call=call,
        steps=tuple(follower.steps(call_id)),
        readings=tuple(follower.readings_of_call(call_id)),
        reports=tuple(told),
        callbacks=kept,
        receipt=receipt or "",
    )


def voices_of_call(database: Database, call_id: str) -> tuple[str, ...]:
    """Files of a call's stored utterances, below the recordings. Raises StoreUnavailable."""
    readings = (
        select(_readings.c.voice)
        .join(_contacts, _contacts.c.id == _readings.c.contact_id)
        .where(_contacts.c.call_id == call_id, tables.LIVE_OF_CONTACT, _readings.c.voice.is_not(None))
    )
    reports = select(_reports.c.recording).where(_reports.c.call_id == call_id, _reports.c.recording.is_not(None))
    with database.reading() as connection:
        files = [*connection.scalars(readings), *connection.scalars(reports)]
    return tuple(dict.fromkeys(file for file in files if file))


def report_recording(database: Database, number: int) -> str:
    """File of a report's spoken address, by the number that its caller heard; "" if there is none.

    Raises StoreUnavailable.
    """
    query = select(_reports.c.recording).where(_reports.c.id == number - BEFORE_FIRST_REPORT)
    with database.reading() as connection:
        return connection.scalar(query) or ""
