"""What reached the company: one row a telephone call, message, request, visit or line of a file."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.readings import Channel
from ivr.storage.tables.columns import Base, one_of


class Contact(Base):
    """A contact, found again by its source and the key there.

    call_id: the telephone call that it is, NULL for others. receipt: the customer's number, NULL until something is
    stored that has one; never used again.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        one_of("channel", Channel),
        UniqueConstraint("source", "key", name="uq_contacts_source_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    source: Mapped[str]
    key: Mapped[str]
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"), unique=True)
    receipt: Mapped[str | None] = mapped_column(unique=True)
    received_at: Mapped[datetime]
