"""The access log of recordings: one row of the audit each time a user plays a caller's voice."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from ivr.domain.audit import Action, Facts
from ivr.storage import tables
from ivr.storage.database.audit import note, stored
from ivr.storage.database.database import Database

SAME_LISTENING = timedelta(minutes=15)
"""A browser fetches a sound in parts; within this time they are one listening."""

_audit, _users = tables.of(tables.Audit), tables.of(tables.User)


def listened(database: Database, subject: str, facts: Facts, who: str, now: datetime) -> None:
    """Log that a user played a voice, once for all parts of one playback. subject: `call:…`, `reading:…`, `report:…`.

    facts: which part of it, where the subject does not tell.

    Raises StoreUnavailable.
    """
    lately = select(_audit.c.id).where(
        _audit.c.subject == subject,
        _audit.c.action == Action.RECORDING_HEARD.value,
        _audit.c.who == who,
        _audit.c.detail == stored(facts),
        _audit.c.at > now - SAME_LISTENING,
    )
    with database.reading() as connection:
        if connection.scalar(lately.limit(1)) is not None:
            return
    with database.writing() as connection:
        # A browser asks for two parts at once: a lock on the user's row lets the second request see the first's entry.
        connection.execute(select(_users.c.id).where(_users.c.login == who).with_for_update())
        if connection.scalar(lately.limit(1)) is not None:
            return
        note(connection, who, now, Action.RECORDING_HEARD, subject, facts)
