"""Suspected outages: one of a district at a time; what clerks switch for all daemons."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)
SUSPECTED = sa.text("state = 'suspected'")


def upgrade() -> None:
    """Forwards."""
    op.create_index(
        "uq_outages_district_suspected",
        "outages",
        ["district"],
        unique=True,
        sqlite_where=SUSPECTED,
        postgresql_where=SUSPECTED,
    )
    op.create_table(
        "switches",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_switches")),
    )
