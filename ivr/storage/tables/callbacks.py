"""Whom the line has to ring back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.storage.tables.columns import Base, empty_text, one_of, only

PROMISED = text("kind = 'power' AND state IN ('due', 'calling')")
OPEN_PROMISE = text("state IN ('due', 'calling') AND kind = 'queue'")
RINGING = text("state = 'calling' AND kind = 'power'")


class Callback(Base):
    """One promise to ring somebody: back to their place in the queue, or when power returned.

    due_at: in the year 9000 for a promise whose outage has not ended; its end sets it.
    queue, priority, joined_at: the place that is kept; joined_at of the others: when their outage ended.
    token: names the promise in Asterisk, for all its tries.
    exchange, lease_until: which Asterisk rings (state `calling`); afterwards it is asked before anybody rings again.
    """

    __tablename__ = "callbacks"
    __table_args__ = (
        one_of("kind", ("queue", "power")),
        one_of("state", ("due", "calling", "done", "given-up")),
        Index("ix_callbacks_due", "state", "due_at"),
        Index("uq_callbacks_phone_outage_id_live", "phone", "outage_id", unique=True, **only(PROMISED)),
        Index("uq_callbacks_phone_kind_open", "phone", "kind", "queue", unique=True, **only(OPEN_PROMISE)),
        Index("uq_callbacks_phone_ringing", "phone", unique=True, **only(RINGING)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    phone: Mapped[str]
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outages.id"), index=True)
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    due_at: Mapped[datetime]
    reason: Mapped[str] = empty_text()
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    queue: Mapped[str] = empty_text()
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    joined_at: Mapped[datetime | None]
    token: Mapped[str | None] = mapped_column(index=True, unique=True)
    exchange: Mapped[str] = empty_text()
    lease_until: Mapped[datetime | None]
