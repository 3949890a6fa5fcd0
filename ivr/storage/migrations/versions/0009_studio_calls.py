"""The studio by telephone: calls that the pages began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "studio_calls",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_studio_calls_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_studio_calls")),
    )
    op.create_index("ix_studio_calls_user_id", "studio_calls", ["user_id"])
    op.create_index("ix_studio_calls_expires_at", "studio_calls", ["expires_at"])
