"""Call-backs: callers whom the line still has to ring."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.callbacks import OPEN, CallbackKind, CallbackState
from ivr.storage.tables.columns import Base, among, empty_text, one_of, only

OPEN_AFTER_OUTAGE = text(f"kind = '{CallbackKind.POWER}' AND {among('state', OPEN)}")
OPEN_OF_QUEUE = text(f"{among('state', OPEN)} AND kind = '{CallbackKind.QUEUE}'")
RINGING_AFTER_OUTAGE = text(f"state = '{CallbackState.CALLING}' AND kind = '{CallbackKind.POWER}'")


class Callback(Base):
    """One call-back to a caller: to their place in the queue, or at the end of an outage.

    due_at: NULL while the outage goes on; its end sets it.
    reason: a CallbackResult, of the latest try, or a GivenUp; '' before the first try.
    asked_again: the same number asked for another one during this try.
    queue, priority, joined_at: the place that is kept; joined_at of the others: when their outage ended.
    token: names the call-back in Asterisk, for all its tries.
    exchange, lease_until: which Asterisk rings (state `calling`); afterwards it is asked before anybody rings again.
    """

    __tablename__ = "callbacks"
    __table_args__ = (
        one_of("kind", CallbackKind),
        one_of("state", CallbackState),
        Index("ix_callbacks_due", "state", "due_at"),
        Index("uq_callbacks_phone_outage_id_live", "phone", "outage_id", unique=True, **only(OPEN_AFTER_OUTAGE)),
        Index("uq_callbacks_phone_kind_open", "phone", "kind", "queue", unique=True, **only(OPEN_OF_QUEUE)),
        Index("uq_callbacks_phone_ringing", "phone", unique=True, **only(RINGING_AFTER_OUTAGE)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    phone: Mapped[str]
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outages.id"), index=True)
    tries: Mapped[int] = mapped_column(default=0, server_default="0")
    reason: Mapped[str] = empty_text()
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    queue: Mapped[str] = empty_text()
    priority: Mapped[int] = mapped_column(default=0, server_default="0")
    joined_at: Mapped[datetime | None]
    token: Mapped[str | None] = mapped_column(index=True, unique=True)
    exchange: Mapped[str] = empty_text()
    lease_until: Mapped[datetime | None]
    asked_again: Mapped[bool] = mapped_column(default=False, server_default=false())
    due_at: Mapped[datetime | None]
