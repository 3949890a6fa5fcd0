"""Storing what a caller gave: once for each call and register, one live reading for each register and period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from ivr.domain.readings import Entry, Status, Submission
from ivr.storage import tables
from ivr.storage.columns import AnyRow
from ivr.storage.engine import Database

_readings, _registers = tables.of(tables.Reading), tables.of(tables.Register)
_calls, _receipts = tables.of(tables.Call), tables.of(tables.Receipt)

_RECEIPT = select(_receipts.c.number).where(_receipts.c.call_id == bindparam("call_id"))

# Two calls about one meter take turns: the second sees what the first stored. NO KEY leaves foreign keys free.
_TURN = (
    select(_registers.c.id)
    .where(_registers.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(_registers.c.id)
    .with_for_update(key_share=True)
)

_TOUCHED = (
    select(
        _readings.c.id,
        _readings.c.register_id,
        _readings.c.call_id,
        _readings.c.value,
        _readings.c.status,
        _readings.c.taken_at,
    )
    .where(
        _readings.c.register_id.in_(bindparam("ids", expanding=True)),
        or_(
            _readings.c.call_id == bindparam("call_id"),
            and_(_readings.c.period == bindparam("of_period"), _readings.c.status != Status.SUPERSEDED.value),
        ),
    )
    .order_by(_readings.c.id)
)

_SUPERSEDE = (
    update(_readings).where(_readings.c.id.in_(bindparam("ids", expanding=True))).values(status=Status.SUPERSEDED.value)
)


def keep(connection: Connection, database: Database, submission: Submission, node: str, now: datetime) -> str:
    """Store a meter's readings within the transaction of `connection`; the receipt number of their call.

    The same value again from the same call changes nothing. Another value, or a second reading in the period,
    replaces the live one, which stays as history. Raises IntegrityError where another transaction was faster.
    """
    receipt = _receipt(connection, database, submission, node)
    for entry, replaced in _news(connection, database, submission):
        if replaced:
            connection.execute(_SUPERSEDE, {"ids": replaced})
        connection.execute(insert(_readings), _row(submission, entry, receipt, now))
    return receipt


def _receipt(connection: Connection, database: Database, submission: Submission, node: str) -> str:
    number = connection.execute(_RECEIPT, {"call_id": submission.call_id}).scalar()
    if number is None:
        # The journal writes the call too, a moment later or earlier; readings must not wait for it.
        call = {"id": submission.call_id, "node": node, "started_at": submission.taken_at}
        connection.execute(database.insert(_calls).on_conflict_do_nothing(), call)
        connection.execute(database.insert(_receipts).on_conflict_do_nothing(), {"call_id": submission.call_id})
        number = connection.execute(_RECEIPT, {"call_id": submission.call_id}).scalar_one()
    return str(number)


def _news(connection: Connection, database: Database, submission: Submission) -> list[tuple[Entry, list[int]]]:
    """The entries that say something new, each with the ids of the live readings that it replaces."""
    ids = [entry.register_id for entry in submission.entries]
    if not database.is_sqlite:  # SQLite has one writer at a time anyway
        connection.execute(_TURN, {"ids": ids})
    touched = connection.execute(
        _TOUCHED, {"ids": ids, "call_id": submission.call_id, "of_period": str(submission.period)}
    ).all()
    news = []
    for entry in submission.entries:
        rows = [row for row in touched if row.register_id == entry.register_id]
        said = [row.value for row in rows if row.call_id == submission.call_id]
        if not said or said[-1] != entry.value:
            news.append((entry, live(rows)))
    return news


def live(rows: Sequence[AnyRow]) -> list[int]:
    """Ids of the readings that are not superseded."""
    return [row.id for row in rows if row.status != Status.SUPERSEDED]


def _row(submission: Submission, entry: Entry, receipt: str, now: datetime) -> dict[str, object]:
    return {
        "register_id": entry.register_id,
        "value": entry.value,
        "taken_at": submission.taken_at,
        "period": str(submission.period),
        "channel": submission.channel.value,
        "call_id": submission.call_id,
        "receipt": receipt,
        "status": (Status.FLAGGED if entry.flagged else Status.ACCEPTED).value,
        "reason": entry.reason,
        "voice": entry.voice,
        "created_at": now,
    }
