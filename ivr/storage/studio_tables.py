"""Tables of the studio by telephone: calls that the pages began."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ivr.storage.columns import Base


class StudioCall(Base):
    """Leave to record without a PIN: who rang a telephone from the pages, and for which prompt. Gone once used.

    token: SHA-256 of the random token in hex; whoever reads it cannot use it.
    """

    __tablename__ = "studio_calls"

    token: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    prompt_id: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
