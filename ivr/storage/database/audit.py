"""The audit: who changed what, and who heard whom. Rows are only ever added."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert

from ivr.domain.audit import Action
from ivr.storage import tables

_audit = tables.of(tables.Audit)


def note(connection: Connection, who: str, now: datetime, action: Action, subject: str, detail: str = "") -> None:
    """A row of the audit in the same transaction as the change. subject: kind and key, `user:3`."""
    row = {"at": now, "who": who, "action": action.value, "subject": subject, "detail": detail}
    connection.execute(insert(_audit).values(row))
