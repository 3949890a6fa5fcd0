"""Run by Alembic for every command; the connection comes from `ivr.storage.migrations`."""

from __future__ import annotations

from alembic import context

from ivr.storage import tables
from ivr.storage.tables.columns import Base

assert tables.Account.metadata is Base.metadata  # importing the tables fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes a table by writing it anew
)
with context.begin_transaction():
    context.run_migrations()
