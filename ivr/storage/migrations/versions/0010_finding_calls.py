"""Indexes by which the pages find calls: by caller, account and outcome, the latest first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

OPEN = sa.text("ended_at IS NULL")
NAMES = ("caller", "account_id", "outcome")


def upgrade() -> None:
    """Forwards."""
    for name in NAMES:
        op.create_index(f"ix_calls_{name}_started_at", "calls", [name, "started_at"])
    op.drop_index("ix_calls_account_id", "calls")
    op.create_index("ix_calls_open_started_at", "calls", ["started_at"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_accounts_place", "accounts", ["district", "street", "house"])
    op.drop_index("ix_accounts_district", "accounts")
