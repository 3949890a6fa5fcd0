"""Ring-backs at the end of an outage: one call at a time for a phone, and what it brought about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

RINGING = sa.text("state = 'calling' AND kind = 'power'")


def upgrade() -> None:
    """Forwards."""
    with op.batch_alter_table("outage_reports") as reports:
        reports.add_column(sa.Column("callback_id", sa.Integer(), nullable=True))
        reports.create_foreign_key(op.f("fk_outage_reports_callback_id"), "callbacks", ["callback_id"], ["id"])
    op.create_index("ix_outage_reports_callback_id", "outage_reports", ["callback_id"], unique=True)
    op.create_index(
        "uq_callbacks_phone_ringing",
        "callbacks",
        ["phone"],
        unique=True,
        sqlite_where=RINGING,
        postgresql_where=RINGING,
    )
    # Promises whose outage ended before the line rang by itself: old ones are given up, and not rung now.
    op.execute(
        "UPDATE callbacks SET joined_at = due_at"
        " WHERE kind = 'power' AND state = 'due' AND due_at < '8000-01-01 00:00:00'"
    )
