"""One live promise to ring for each phone and outage."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

LIVE = sa.text("kind = 'power' AND state IN ('due', 'calling')")


def upgrade() -> None:
    """Forwards."""
    op.create_index(
        "uq_callbacks_phone_outage_id_live",
        "callbacks",
        ["phone", "outage_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
