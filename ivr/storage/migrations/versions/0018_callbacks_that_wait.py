"""Call-backs whose outage goes on have no time, in place of the year 9000; a request during a try is a column."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

TIME = sa.DateTime(timezone=True)

callbacks = sa.table(
    "callbacks",
    sa.column("state", sa.Text()),
    sa.column("reason", sa.Text()),
    sa.column("due_at", TIME),
    sa.column("next_at", TIME),
    sa.column("asked_again", sa.Boolean()),
)


def upgrade() -> None:
    """Forwards.

    SQLite cannot make a column nullable, and reports refer to the table, which so cannot be made anew: a new column
    takes the place of the old one.
    """
    op.add_column("callbacks", sa.Column("asked_again", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("callbacks", sa.Column("next_at", TIME, nullable=True))
    op.execute("UPDATE callbacks SET next_at = due_at WHERE due_at < '8000-01-01 00:00:00'")
    asked = (callbacks.c.state == "calling") & (callbacks.c.reason == "asked anew")
    op.execute(callbacks.update().where(asked).values(asked_again=sa.true(), reason=""))
    op.drop_index("ix_callbacks_due", "callbacks")
    op.drop_column("callbacks", "due_at")
    op.alter_column("callbacks", "next_at", new_column_name="due_at")
    op.create_index("ix_callbacks_due", "callbacks", ["state", "due_at"])
