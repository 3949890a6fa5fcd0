"""Call-backs: the place that is kept, and who is ringing until when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

TIME = sa.DateTime(timezone=True)
OPEN_PROMISE = sa.text("state IN ('due', 'calling') AND kind = 'queue'")


def upgrade() -> None:
    """Forwards."""
    op.add_column("callbacks", sa.Column("queue", sa.Text(), server_default="", nullable=False))
    op.add_column("callbacks", sa.Column("priority", sa.Integer(), server_default="0", nullable=False))
    op.add_column("callbacks", sa.Column("joined_at", TIME, nullable=True))
    op.add_column("callbacks", sa.Column("token", sa.Text(), nullable=True))
    op.add_column("callbacks", sa.Column("exchange", sa.Text(), server_default="", nullable=False))
    op.add_column("callbacks", sa.Column("lease_until", TIME, nullable=True))
    op.create_index("ix_callbacks_token", "callbacks", ["token"], unique=True)
    op.create_index(
        "uq_callbacks_phone_kind_open",
        "callbacks",
        ["phone", "kind", "queue"],
        unique=True,
        sqlite_where=OPEN_PROMISE,
        postgresql_where=OPEN_PROMISE,
    )
