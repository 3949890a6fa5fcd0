"""Stores the readings of a contact: each register once, one live reading for each register and period."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, insert, or_, select, update

from ivr.domain.contacts import Submission
from ivr.domain.readings import Entry, Status
from ivr.storage import tables
from ivr.storage.contacts.repository import Contacts
from ivr.storage.database.database import Database

_readings, _registers = tables.of(tables.Reading), tables.of(tables.Register)

_INSERT = insert(_readings)

# Two contacts about one meter take turns: the second sees what the first stored. NO KEY leaves foreign keys free.
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
        _readings.c.contact_id,
        _readings.c.value,
        _readings.c.status,
        _readings.c.read_on,
        _readings.c.received_at,
    )
    .where(
        _readings.c.register_id.in_(bindparam("ids", expanding=True)),
        or_(
            _readings.c.contact_id == bindparam("contact"),
            and_(_readings.c.period == bindparam("of_period"), _readings.c.status != Status.SUPERSEDED.value),
        ),
    )
    .order_by(_readings.c.id)
)

_SUPERSEDE = (
    update(_readings).where(_readings.c.id.in_(bindparam("ids", expanding=True))).values(status=Status.SUPERSEDED.value)
)


class SubmissionWriter:
    """Stores submissions within transactions that others open. The statements are built once."""

    def __init__(self, database: Database, node: str = "") -> None:
        """node: name of this daemon."""
        self._takes_turns = not database.is_sqlite  # SQLite has one writer at a time anyway
        self._contacts = Contacts(database, node)

    def keep(self, connection: Connection, submission: Submission, now: datetime) -> str:
        """Store a meter's readings; the receipt number of their contact.

        The same value again from the same contact changes nothing. Another value, or a second reading in the period,
        replaces the live one, which stays as history. A reading that is older than the live one goes to the history
        itself, whatever its channel: by the day of reading, then by the time at which it was received. Raises
        IntegrityError where another transaction was faster.
        """
        contact, receipt = self._contacts.receipt_of(connection, submission.contact)
        self._replace(connection, submission, contact, now)
        return receipt

    def _replace(self, connection: Connection, submission: Submission, contact: int, now: datetime) -> None:
        ids = [entry.register_id for entry in submission.entries]
        if self._takes_turns:
            connection.execute(_TURN, {"ids": ids})
        which = {"ids": ids, "contact": contact, "of_period": str(submission.period)}
        touched = connection.execute(_TOUCHED, which).all()
        moment = submission.read_on, submission.contact.received_at
        replaced: list[int] = []
        news: list[dict[str, object]] = []
        for entry in submission.entries:
            rows = [row for row in touched if row.register_id == entry.register_id]
            said = [row.value for row in rows if row.contact_id == contact]
            if said and said[-1] == entry.value:
                continue
            row = _row(submission, entry, contact, now)
            alive = [other for other in rows if other.status != Status.SUPERSEDED]
            if any((other.read_on, other.received_at) > moment for other in alive):
                row["status"] = Status.SUPERSEDED.value
            else:
                replaced += [other.id for other in alive]
            news.append(row)
        if replaced:
            connection.execute(_SUPERSEDE, {"ids": replaced})
        if news:
            connection.execute(_INSERT, news)


def _row(submission: Submission, entry: Entry, contact: int, now: datetime) -> dict[str, object]:
    return {
        "register_id": entry.register_id,
        "value": entry.value,
        "contact_id": contact,
        "read_on": submission.read_on,
        "received_at": submission.contact.received_at,
        "period": str(submission.period),
        "channel": submission.channel.value,
        "status": (Status.FLAGGED if entry.flagged else Status.ACCEPTED).value,
        "reason": entry.reason,
        "voice": entry.voice,
        "created_at": now,
    }
