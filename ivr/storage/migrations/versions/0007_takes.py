"""Takes: what they say and what was made of them, which was published when; and numbers of prompts for the phone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0004"

PUBLISHED = sa.text("state = 'published'")


def upgrade() -> None:
    """Forwards."""
    op.add_column("takes", sa.Column("text", sa.Text(), server_default="", nullable=False))
    op.add_column("takes", sa.Column("audio", sa.Text(), server_default="", nullable=False))
    op.add_column("takes", sa.Column("publication", sa.Integer(), nullable=True))
    op.create_index(
        "uq_takes_prompt_id_voice_published",
        "takes",
        ["prompt_id", "voice"],
        unique=True,
        sqlite_where=PUBLISHED,
        postgresql_where=PUBLISHED,
    )
    op.create_table(
        "prompt_numbers",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("prompt_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_prompt_numbers"),
        sa.UniqueConstraint("prompt_id", name="uq_prompt_numbers_prompt_id"),
    )
