"""Accounts, meters, readings, calls."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

TIME = sa.DateTime(timezone=True)


def only(condition: str) -> dict[str, Any]:
    """Arguments of an index that covers only some rows, for both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("street", sa.Text(), server_default="", nullable=False),
        sa.Column("house", sa.Text(), server_default="", nullable=False),
        sa.Column("flat", sa.Text(), server_default="", nullable=False),
        sa.Column("district", sa.Text(), server_default="", nullable=False),
        sa.Column("phones", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("number", name=op.f("uq_accounts_number")),
    )
    op.create_index("ix_accounts_district", "accounts", ["district"])
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_table(
        "batches",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("made_at", TIME, nullable=False),
        sa.Column("readings", sa.Integer(), nullable=False),
        sa.Column("written_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_batches")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "spool_entries",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), server_default="", nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("taken_in_at", TIME, nullable=False),
        sa.CheckConstraint("state IN ('stored', 'refused')", name=op.f("ck_spool_entries_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spool_entries")),
    )
    op.create_index("ix_spool_entries_state", "spool_entries", ["state"])
    op.create_table(
        "account_phones",
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_phones_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("phone", "account_id", name=op.f("pk_account_phones")),
    )
    op.create_index("ix_account_phones_account_id", "account_phones", ["account_id"])
    op.create_table(
        "calls",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("node", sa.Text(), server_default="", nullable=False),
        sa.Column("started_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("caller", sa.Text(), server_default="", nullable=False),
        sa.Column("called", sa.Text(), server_default="", nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("uniqueid", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "outcome IN ('stored', 'nothing', 'hotline', 'operator', 'message')", name=op.f("ck_calls_outcome")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_calls_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
    )
    op.create_index("ix_calls_account_id", "calls", ["account_id"])
    op.create_index("ix_calls_called", "calls", ["called"])
    op.create_index("ix_calls_open", "calls", ["node"], **only("ended_at IS NULL"))
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_table(
        "meters",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("serial", sa.Text(), nullable=False),
        sa.Column("digits", sa.Integer(), nullable=False),
        sa.Column("zones", sa.Integer(), nullable=False),
        sa.Column("power_kw", sa.Double(), nullable=True),
        sa.Column("installed", sa.Date(), nullable=True),
        sa.Column("removed", sa.Date(), nullable=True),
        sa.CheckConstraint("digits BETWEEN 4 AND 8", name=op.f("ck_meters_digits")),
        sa.CheckConstraint("zones BETWEEN 1 AND 3", name=op.f("ck_meters_zones")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_meters_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meters")),
    )
    op.create_index("ix_meters_account_id", "meters", ["account_id"])
    op.create_index("uq_meters_serial_in_use", "meters", ["serial"], unique=True, **only("removed IS NULL"))
    op.create_table(
        "call_steps",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("prompt", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_call_steps_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "seq", name=op.f("pk_call_steps")),
    )
    op.create_table(
        "receipts",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_receipts_call_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_receipts")),
        sa.UniqueConstraint("call_id", name=op.f("uq_receipts_call_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "registers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("meter_id", sa.Integer(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.CheckConstraint("zone IN ('T1', 'T2', 'T3')", name=op.f("ck_registers_zone")),
        sa.ForeignKeyConstraint(["meter_id"], ["meters.id"], name=op.f("fk_registers_meter_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registers")),
    )
    op.create_index("uq_registers_meter_id_zone", "registers", ["meter_id", "zone"], unique=True)
    op.create_table(
        "readings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("register_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("taken_at", TIME, nullable=False),
        sa.Column("period", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("voice", sa.Text(), nullable=True),
        sa.Column("batch", sa.Integer(), nullable=True),
        sa.Column("exported_as", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.CheckConstraint(
            "channel IN ('phone-keys', 'phone-voice', 'phone-emergency', 'billing')", name=op.f("ck_readings_channel")
        ),
        sa.CheckConstraint(
            "status IN ('accepted', 'flagged', 'superseded', 'exported')", name=op.f("ck_readings_status")
        ),
        sa.CheckConstraint("value >= 0", name=op.f("ck_readings_value")),
        sa.ForeignKeyConstraint(["batch"], ["batches.number"], name=op.f("fk_readings_batch")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_readings_call_id")),
        sa.ForeignKeyConstraint(["register_id"], ["registers.id"], name=op.f("fk_readings_register_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_readings")),
    )
    op.create_index("ix_readings_batch", "readings", ["batch"])
    op.create_index("ix_readings_register_id_taken_at", "readings", ["register_id", "taken_at"])
    op.create_index("ix_readings_waiting", "readings", ["status"], **only("status IN ('accepted', 'flagged')"))
    op.create_index(
        "uq_readings_call_id_register_id_live",
        "readings",
        ["call_id", "register_id"],
        unique=True,
        **only("status <> 'superseded' AND call_id IS NOT NULL"),
    )
    op.create_index(
        "uq_readings_register_id_period_live",
        "readings",
        ["register_id", "period"],
        unique=True,
        **only("status <> 'superseded'"),
    )
