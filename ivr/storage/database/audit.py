"""The audit of changes and of recordings played, with the user's login. Rows are only ever added."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert

from ivr.domain.audit import Action, Facts
from ivr.storage import tables

_audit = tables.of(tables.Audit)


def note(
    connection: Connection, who: str, now: datetime, action: Action, subject: str, facts: Facts | None = None
) -> None:
    """A row of the audit in the same transaction as the change. subject: kind and key, `user:3`."""
    row = {"at": now, "who": who, "action": action.value, "subject": subject, "detail": stored(facts or {})}
    connection.execute(insert(_audit).values(row))


def stored(facts: Facts) -> dict[str, object]:
    """Facts as the table holds them; enums become their words."""
    return {key.value: value for key, value in facts.items()}


def minute(moment: datetime | None, now: datetime) -> str | None:
    """A time as a fact, in the zone of `now`; None for one that nobody knows."""
    return None if moment is None else moment.astimezone(now.tzinfo).isoformat(timespec="minutes")
