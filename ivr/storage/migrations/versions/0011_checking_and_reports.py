"""The pages: readings to check in their order, accounts by address, figures of the reports counted by hours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

FLAGGED = sa.text("status = 'flagged'")
FROM_CALLERS = sa.text("channel <> 'billing'")


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "report_hours",
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "what", "key", name=op.f("pk_report_hours")),
    )
    op.create_index("ix_accounts_street_house", "accounts", ["street", "house", "flat"])
    op.create_index(
        "ix_readings_flagged", "readings", ["taken_at", "id"], sqlite_where=FLAGGED, postgresql_where=FLAGGED
    )
    op.create_index(
        "ix_readings_created_at",
        "readings",
        ["created_at", "channel", "reason"],
        sqlite_where=FROM_CALLERS,
        postgresql_where=FROM_CALLERS,
    )
