"""Storing what a caller gave: once for each call and register, one live reading for each register and period."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from ivr.domain.contacts import Submission
from ivr.domain.readings import Entry, Status
from ivr.storage import tables
from ivr.storage.database.database import Database

_readings, _registers = tables.of(tables.Reading), tables.of(tables.Register)
_calls, _receipts = tables.of(tables.Call), tables.of(tables.Receipt)

_INSERT = insert(_readings)
BEFORE_FIRST_RECEIPT = 1000
"""Added to the key of a receipt: a number of one digit would sound like an answer, not like a receipt."""

_NEW_RECEIPT = insert(_receipts).returning(_receipts.c.number)
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


class Keeping:
    """Stores submissions within transactions that others open. The statements are built once."""

    def __init__(self, database: Database, node: str = "") -> None:
        """node: name of this daemon."""
        self._takes_turns = not database.is_sqlite  # SQLite has one writer at a time anyway
        self._node = node
        self._bare_call = database.insert(_calls).on_conflict_do_nothing()

    def keep(self, connection: Connection, submission: Submission, now: datetime, *, late: bool = False) -> str:
        """Store a meter's readings; the receipt number of their call.

        The same value again from the same call changes nothing. Another value, or a second reading in the period,
        replaces the live one, which stays as history. late: the readings come long after they were taken, and go to
        the history themselves where a newer one is live. Raises IntegrityError where another transaction was faster.
        """
        receipt = connection.execute(_RECEIPT, {"call_id": submission.contact.key}).scalar()
        if receipt is None:
            # The journal writes the call too, a moment later or earlier; readings must not wait for it.
            call = {"id": submission.contact.key, "node": self._node, "started_at": submission.contact.received_at}
            connection.execute(self._bare_call, call)
            receipt = connection.execute(_NEW_RECEIPT, {"call_id": submission.contact.key}).scalar_one()
        said = str(BEFORE_FIRST_RECEIPT + receipt)
        self._replace(connection, submission, said, now, late)
        return said

    def _replace(self, connection: Connection, submission: Submission, receipt: str, now: datetime, late: bool) -> None:
        ids = [entry.register_id for entry in submission.entries]
        if self._takes_turns:
            connection.execute(_TURN, {"ids": ids})
        which = {"ids": ids, "call_id": submission.contact.key, "of_period": str(submission.period)}
        touched = connection.execute(_TOUCHED, which).all()
        replaced: list[int] = []
        news: list[dict[str, object]] = []
        for entry in submission.entries:
            rows = [row for row in touched if row.register_id == entry.register_id]
            said = [row.value for row in rows if row.call_id == submission.contact.key]
            if said and said[-1] == entry.value:
                continue
            row = _row(submission, entry, receipt, now)
            alive = [other for other in rows if other.status != Status.SUPERSEDED]
            if late and any(other.taken_at > submission.contact.received_at for other in alive):
                row["status"] = Status.SUPERSEDED.value
            else:
                replaced += [other.id for other in alive]
            news.append(row)
        if replaced:
            connection.execute(_SUPERSEDE, {"ids": replaced})
        if news:
            connection.execute(_INSERT, news)


def _row(submission: Submission, entry: Entry, receipt: str, now: datetime) -> dict[str, object]:
    return {
        "register_id": entry.register_id,
        "value": entry.value,
        "taken_at": submission.contact.received_at,
        "period": str(submission.period),
        "channel": submission.channel.value,
        "call_id": submission.contact.key,
        "receipt": receipt,
        "status": (Status.FLAGGED if entry.flagged else Status.ACCEPTED).value,
        "reason": entry.reason,
        "voice": entry.voice,
        "created_at": now,
    }
