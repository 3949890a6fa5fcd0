"""Contacts in place of calls: a receipt and a reading belong to one; meters and accounts get what retailers know.

Every receipt becomes the contact of its number, so that a caller's number stays. Emergency mode had to invent a call
for each of its entries; those become contacts without a call, and the invented calls go unless something else refers
to them. The day on which a reading was read is that of its time where the customers live.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import context, op

revision = "0019"
down_revision = "0018"

CHANNELS = (
    "'phone-keys', 'phone-voice', 'phone-emergency', 'billing', 'phone', 'sms', 'api', 'bank', 'portal', 'max', 'vk',"
    " 'telegram', 'office', 'file', 'remote', 'inspector'"
)
BEFORE_FIRST_RECEIPT = 1000
TIME = sa.DateTime(timezone=True)

INVENTED = """
    SELECT c.id FROM calls c JOIN spool_entries e ON e.id = c.id
    WHERE c.node = '' AND NOT EXISTS (SELECT 1 FROM call_steps s WHERE s.call_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM callbacks b WHERE b.call_id = c.id)
    AND NOT EXISTS (SELECT 1 FROM outage_reports r WHERE r.call_id = c.id)
"""
_OF_CALL = f"""
    CASE WHEN e.id IS NULL THEN 'phone' ELSE 'phone-emergency' END,
    CASE WHEN e.id IS NULL THEN 'phone' ELSE 'emergency' END,
    c.id, CASE WHEN c.id IN ({INVENTED}) THEN NULL ELSE c.id END
"""


def only(condition: str) -> dict[str, Any]:
    """Arguments of an index that covers only some rows, for both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Forwards."""
    _make_contacts()
    _fill_contacts()
    _change_readings()
    op.drop_table("receipts")
    op.execute(f"DELETE FROM calls WHERE id IN ({INVENTED})")
    _extend_accounts()


def _make_contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("received_at", TIME, nullable=False),
        sa.CheckConstraint(f"channel IN ({CHANNELS})", name=op.f("ck_contacts_channel")),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_contacts_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_contacts_source_key")),
        sa.UniqueConstraint("call_id", name=op.f("uq_contacts_call_id")),
        sa.UniqueConstraint("receipt", name=op.f("uq_contacts_receipt")),
        sqlite_autoincrement=True,
    )


def _fill_contacts() -> None:
    """The receipts first, under their numbers; then calls that have readings and no receipt."""
    op.execute(
        f"""INSERT INTO contacts (id, channel, source, key, call_id, receipt, received_at)
        SELECT r.number, {_OF_CALL}, CAST({BEFORE_FIRST_RECEIPT} + r.number AS TEXT), c.started_at
        FROM receipts r JOIN calls c ON c.id = r.call_id LEFT JOIN spool_entries e ON e.id = c.id ORDER BY r.number"""
    )
    if _is_sqlite():  # numbers of receipts that are gone are not given again
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'contacts'")
        op.execute(
            "INSERT INTO sqlite_sequence (name, seq)"
            " SELECT 'contacts', seq FROM sqlite_sequence WHERE name = 'receipts'"
        )
    else:
        op.execute(
            "SELECT setval(pg_get_serial_sequence('contacts', 'id'), last_value, is_called) FROM receipts_number_seq"
        )
    op.execute(
        f"""INSERT INTO contacts (channel, source, key, call_id, received_at)
        SELECT {_OF_CALL}, c.started_at FROM calls c LEFT JOIN spool_entries e ON e.id = c.id
        WHERE c.id IN (SELECT call_id FROM readings) AND c.id NOT IN (SELECT call_id FROM receipts) ORDER BY c.id"""
    )


def _change_readings() -> None:
    for name in (
        "ix_readings_batch",
        "ix_readings_created_at",
        "ix_readings_flagged",
        "ix_readings_register_id_taken_at",
        "ix_readings_waiting",
        "uq_readings_call_id_register_id_live",
        "uq_readings_register_id_period_live",
    ):
        op.drop_index(name, "readings")
    op.add_column("readings", sa.Column("contact_id", sa.Integer(), nullable=True))
    op.add_column("readings", sa.Column("read_on", sa.Date(), nullable=True))
    op.add_column("readings", sa.Column("exported_ratio", sa.Integer(), nullable=True))
    op.execute(
        f"""UPDATE readings SET read_on = {_local_day("taken_at")},
        contact_id = (SELECT c.id FROM contacts c WHERE c.key = readings.call_id
            AND c.source IN ('phone', 'emergency'))"""
    )
    if not _is_sqlite():
        op.drop_constraint("ck_readings_channel", "readings")
        op.drop_constraint("fk_readings_call_id", "readings")
    with op.batch_alter_table("readings") as readings:
        readings.alter_column("taken_at", new_column_name="received_at")
        readings.alter_column("read_on", nullable=False)
        readings.drop_column("call_id")
        readings.drop_column("receipt")
        readings.create_foreign_key(op.f("fk_readings_contact_id"), "contacts", ["contact_id"], ["id"])
        readings.create_check_constraint(op.f("ck_readings_channel"), f"channel IN ({CHANNELS})")
        if _is_sqlite():  # it forgets these when it writes the table anew
            statuses = "status IN ('accepted', 'flagged', 'superseded', 'exported')"
            readings.create_check_constraint(op.f("ck_readings_status"), statuses)
            readings.create_check_constraint(op.f("ck_readings_value"), "value >= 0")
    live = "status <> 'superseded'"
    flagged, waiting = "status = 'flagged'", "status IN ('accepted', 'flagged')"
    of_contact = f"{live} AND contact_id IS NOT NULL"
    op.create_index("ix_readings_batch", "readings", ["batch"])
    op.create_index(
        "ix_readings_created_at", "readings", ["created_at", "channel", "reason"], **only("channel <> 'billing'")
    )
    op.create_index("ix_readings_flagged", "readings", ["received_at", "id"], **only(flagged))
    op.create_index("ix_readings_register_id_read_on", "readings", ["register_id", "read_on"])
    op.create_index("ix_readings_waiting", "readings", ["status"], **only(waiting))
    op.create_index(
        "uq_readings_contact_id_register_id_live",
        "readings",
        ["contact_id", "register_id"],
        unique=True,
        **only(of_contact),
    )
    op.create_index(
        "uq_readings_register_id_period_live", "readings", ["register_id", "period"], unique=True, **only(live)
    )


def _extend_accounts() -> None:
    op.add_column("accounts", sa.Column("window_group", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "account_aliases",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.CheckConstraint("kind IN ('old', 'bank', 'els')", name=op.f("ck_account_aliases_kind")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_aliases_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("kind", "alias", name=op.f("pk_account_aliases")),
    )
    op.create_index("ix_account_aliases_alias", "account_aliases", ["alias"])
    op.create_index("ix_account_aliases_account_id", "account_aliases", ["account_id"])
    op.add_column("meters", sa.Column("ratio", sa.Integer(), server_default="1", nullable=False))
    op.add_column("meters", sa.Column("remote", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("meters", sa.Column("next_verification", sa.Date(), nullable=True))
    op.drop_index("uq_meters_serial_in_use", "meters")
    op.create_index(
        "uq_meters_account_id_serial_in_use",
        "meters",
        ["account_id", "serial"],
        unique=True,
        **only("removed IS NULL"),
    )
    op.create_index("ix_meters_serial", "meters", ["serial"])


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def _local_day(column: str) -> str:
    """The day of a time where the customers live, as an expression."""
    zone: ZoneInfo = context.config.attributes["zone"]
    if not _is_sqlite():
        return f"({column} AT TIME ZONE '{zone.key}')::date"
    driver: Any = op.get_bind().connection.dbapi_connection
    driver.create_function("local_day", 1, _day_in(zone), deterministic=True)
    return f"local_day({column})"


def _day_in(zone: ZoneInfo) -> Callable[[str], str]:
    def day(text: str) -> str:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(zone).date().isoformat()

    return day
