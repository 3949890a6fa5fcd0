"""Outages, and what callers report."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.outages import Kind, State, Trouble
from ivr.storage.tables.columns import Base, empty_text, one_of, only

SUSPECTED = text(f"state = '{State.SUSPECTED}'")


class Outage(Base):
    """A known or suspected outage of a district, a street or a house (the narrower fields are '' for a wider one).

    cause: a word of ivr.domain.outages.Cause. Its history: `audit`, subject `outage:ID`.
    """

    __tablename__ = "outages"
    __table_args__ = (
        one_of("kind", Kind),
        one_of("state", State),
        Index("ix_outages_place", "district", "street", "house"),
        Index("uq_outages_district_suspected", "district", unique=True, **only(SUSPECTED)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    district: Mapped[str] = empty_text()
    street: Mapped[str] = empty_text()
    house: Mapped[str] = empty_text()
    cause: Mapped[str] = empty_text()
    began_at: Mapped[datetime]
    expected_end: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class OutageReport(Base):
    """A report of a caller without power. `recording`: path of the spoken address where no account gives it.

    callback_id: the call-back in whose call the caller said that the power is still off.
    """

    __tablename__ = "outage_reports"
    __table_args__ = (one_of("trouble", Trouble),)

    id: Mapped[int] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(index=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    outage_id: Mapped[int | None] = mapped_column(ForeignKey("outages.id"), index=True)
    district: Mapped[str] = empty_text()
    street: Mapped[str] = empty_text()
    house: Mapped[str] = empty_text()
    trouble: Mapped[str]
    recording: Mapped[str | None]
    callback_id: Mapped[int | None] = mapped_column(ForeignKey("callbacks.id"), index=True, unique=True)
