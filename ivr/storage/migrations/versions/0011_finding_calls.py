"""Indexes by which the pages find calls: by caller, account and outcome, the latest first."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0008"

NAMES = ("caller", "account_id", "outcome")


def upgrade() -> None:
    """Forwards."""
    for name in NAMES:
        op.create_index(f"ix_calls_{name}_started_at", "calls", [name, "started_at"])
    op.drop_index("ix_calls_account_id", "calls")
    op.create_index("ix_accounts_place", "accounts", ["district", "street", "house"])
    op.drop_index("ix_accounts_district", "accounts")
