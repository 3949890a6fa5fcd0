"""Failed logins are counted by login and address together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Forwards."""
    op.execute("DELETE FROM login_failures")  # of the last fifteen minutes, and nobody knows whose login they were
    op.add_column("login_failures", sa.Column("login", sa.Text(), server_default="", nullable=False))
    op.create_index("ix_login_failures_login", "login_failures", ["login"])
    op.drop_column("users", "failures")
