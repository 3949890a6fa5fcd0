"""A clerk's own words stand beside the codes of a reading, not behind a colon in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

CODES = {"refused: corrected": "refused corrected", "refused: corrected by billing": "refused corrected-by-billing"}


def upgrade() -> None:
    """Forwards."""
    op.add_column("readings", sa.Column("note", sa.Text(), server_default="", nullable=False))
    readings = sa.table("readings", sa.column("reason"), sa.column("note"))
    for old, new in CODES.items():
        op.execute(sa.update(readings).where(readings.c.reason == old).values(reason=new))
    words = sa.func.substr(readings.c.reason, len("refused: ") + 1)
    op.execute(sa.update(readings).where(readings.c.reason.like("refused: %")).values(reason="refused", note=words))
