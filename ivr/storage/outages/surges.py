"""Suspected outages: opened from reports by whichever daemon looks first, confirmed by a clerk, or faded.

Every change is in the audit as those of other outages are; the line itself signs as WHO.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from ivr.domain.audit import Action, Fact, FactValue
from ivr.domain.outages import Cause, Kind, Outage, Place, State, affecting
from ivr.domain.surges import FreshReport, Surge, SurgeTerms, surges
from ivr.storage import tables
from ivr.storage.database.audit import minute
from ivr.storage.database.audit import note as audit
from ivr.storage.database.database import Database
from ivr.storage.outages import changes as outages
from ivr.storage.outages.changes import NoSuchOutage, NotSuspected
from ivr.storage.outages.rows import going_on, outage_of

WHO = "surge"
MOST_REPORTS = 5000

_outages, _reports = tables.of(tables.Outage), tables.of(tables.OutageReport)
_calls, _audit = tables.of(tables.Call), tables.of(tables.Audit)

_NEW_OUTAGE = insert(_outages).returning(_outages.c.id)
_LATEST_REPORT = select(func.max(_reports.c.created_at)).where(_reports.c.outage_id == _outages.c.id).scalar_subquery()


@dataclass(frozen=True, slots=True)
class Suspected:
    """An outage that was suspected just now. callers: different people who reported it."""

    id: int
    callers: int


def suspect(database: Database, terms: SurgeTerms, now: datetime) -> list[Suspected]:
    """Give each fresh report to the outage of its place; where many belong to none, open a suspected outage.

    Several daemons may look at the same moment; one of them opens it. Raises StoreUnavailable.
    """
    with database.reading() as connection:
        found, belonging = _look(connection, terms, now)
    if not found and not belonging:
        return []
    try:
        with database.writing() as connection:
            _alone(connection, database)
            found, belonging = _look(connection, terms, now)
            for outage, reports in belonging.items():
                _belong(connection, outage, reports)
            return [_open(connection, surge, terms, now) for surge in found]
    except IntegrityError:  # suspected meanwhile: the next look gives it the reports
        return []


def fade(database: Database, terms: SurgeTerms, now: datetime) -> list[int]:
    """End the suspected outages that nobody has confirmed and nobody reports any more; their numbers.

    Their call-backs become due, as at every end. Raises StoreUnavailable.
    """
    with database.reading() as connection:
        rows = connection.execute(
            select(_outages.c.id, _outages.c.created_at, _LATEST_REPORT.label("reported")).where(
                _outages.c.state == State.SUSPECTED.value
            )
        ).all()
    faded = []
    for row in rows:
        if max(filter(None, (row.created_at, row.reported))) + terms.fades_after > now:
            continue
        try:
            outages.end(
                database,
                row.id,
                WHO,
                now,
                ended_at=now,
                unconfirmed=True,
                only=frozenset({State.SUSPECTED}),
            )
        except NoSuchOutage:  # a clerk or another daemon was faster
            continue
        faded.append(row.id)
    return faded


def confirm(
    database: Database,
    outage: int,
    who: str,
    now: datetime,
    *,
    cause: Cause | None = None,
    expected_end: datetime | None = None,
    note: str = "",
) -> Outage:
    """Make a suspected outage an open one: callers hear of it as known. Raises NoSuchOutage, StoreUnavailable."""
    values: dict[str, object] = {"state": State.OPEN.value}
    facts: dict[Fact, FactValue] = {}
    if cause is not None:
        values["cause"] = cause.value
        facts[Fact.CAUSE] = cause.value
    if expected_end is not None:
        values["expected_end"] = expected_end
        facts[Fact.EXPECTED_END] = minute(expected_end, now)
    if note:
        facts[Fact.NOTE] = note
    with database.writing() as connection:
        suspected = (_outages.c.id == outage, _outages.c.state == State.SUSPECTED.value)
        changed = connection.execute(update(_outages).where(*suspected).values(values)).rowcount
        row = connection.execute(select(_outages).where(_outages.c.id == outage)).first()
        if row is None:
            raise NoSuchOutage(outage)
        if not changed:
            raise NotSuspected(outage, State(row.state))
        audit(connection, who, now, Action.OUTAGE_CONFIRM, f"outage:{outage}", facts)
        return outage_of(row)


def _look(connection: Connection, terms: SurgeTerms, now: datetime) -> tuple[list[Surge], dict[int, list[FreshReport]]]:
    """Surges of reports that belong to no outage, and reports that belong to one by their place, by its number.

    What was reported before an outage of the place was ended or withdrawn belongs to the past.
    """
    since = now - terms.within
    query = (
        select(_reports, func.coalesce(_calls.c.caller, "").label("caller"))
        .select_from(_reports.outerjoin(_calls))
        .where(_reports.c.created_at > since, _reports.c.outage_id.is_(None), _reports.c.district != "")
        .order_by(_reports.c.id.desc())
        .limit(MOST_REPORTS)
    )
    rows = connection.execute(query).all()
    if not rows:
        return [], {}
    known_outages = going_on(connection)
    over = _over(connection, since)
    fresh: list[FreshReport] = []
    belonging: dict[int, list[FreshReport]] = {}
    for row in rows:
        place = Place(row.district, row.street, row.house)
        report = FreshReport(row.id, row.created_at, place, row.call_id or "", row.caller, row.account_id)
        known = affecting(known_outages, place, now)
        if known is not None:
            belonging.setdefault(known.id, []).append(report)
        elif not any(report.at <= at and where.covers(place) for at, where in over):
            fresh.append(report)
    return surges(fresh, terms), belonging


def _over(connection: Connection, since: datetime) -> list[tuple[datetime, Place]]:
    """When clerks, or the line, declared outages over since then, and where these were.

    The audit knows: the outage itself holds when it ended, which may be long before.
    """
    ended = select(_audit.c.at, _audit.c.subject).where(
        _audit.c.at > since, _audit.c.action.in_((Action.OUTAGE_END.value, Action.OUTAGE_WITHDRAW.value))
    )
    times = {int(row.subject.partition(":")[2]): row.at for row in connection.execute(ended.order_by(_audit.c.id))}
    if not times:
        return []
    rows = connection.execute(select(_outages).where(_outages.c.id.in_(times)))
    return [(times[row.id], outage_of(row).place) for row in rows]


def _alone(connection: Connection, database: Database) -> None:
    """Wait until no other transaction changes outages, and let none do so before this one ends.

    A withdrawal in the same moment must not be overlooked. Requests for call-backs only read outages, and wait for
    nothing. SQLite has one writer at a time.
    """
    if not database.is_sqlite:
        connection.execute(text("LOCK TABLE outages IN SHARE ROW EXCLUSIVE MODE"))


def _open(connection: Connection, surge: Surge, terms: SurgeTerms, now: datetime) -> Suspected:
    row = {
        "kind": Kind.EMERGENCY.value,
        "state": State.SUSPECTED.value,
        "district": surge.district,
        "cause": Cause.UNKNOWN.value,
        "began_at": surge.reports[0].at,
        "created_at": now,
    }
    key: int = connection.execute(_NEW_OUTAGE, row).scalar_one()
    _belong(connection, key, surge.reports)
    minutes = terms.within.total_seconds() / 60
    facts = {Fact.CALLERS: surge.callers, Fact.MINUTES: minutes}
    audit(connection, WHO, now, Action.OUTAGE_SUSPECT, f"outage:{key}", facts)
    return Suspected(key, surge.callers)


def _belong(connection: Connection, outage: int, reports: Sequence[FreshReport]) -> None:
    ids = [report.id for report in reports]
    theirs = update(_reports).where(_reports.c.id.in_(ids), _reports.c.outage_id.is_(None))
    connection.execute(theirs.values(outage_id=outage))
