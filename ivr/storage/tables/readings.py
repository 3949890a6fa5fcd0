"""Readings, what they came with, and their way to billing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.readings import Channel, Status
from ivr.storage.tables.columns import Base, empty_text, one_of, only

LIVE = text("status <> 'superseded'")
WAITING = text("status IN ('accepted', 'flagged')")
"""In these words, since SQLite takes an index of some rows only for a condition written as in the index."""
LIVE_IN_CALL = text("status <> 'superseded' AND call_id IS NOT NULL")
FLAGGED = text("status = 'flagged'")
FROM_CALLERS = text("channel <> 'billing'")


class Receipt(Base):
    """The short number told to a caller; one a call, never used again."""

    __tablename__ = "receipts"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id"), unique=True)


class Batch(Base):
    """One export for billing. `written_at` is NULL until its file was first written whole."""

    __tablename__ = "batches"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    readings: Mapped[int]
    written_at: Mapped[datetime | None]


class Reading(Base):
    """A value of a register, whole kilowatt-hours.

    period: `2026-11`. reason: why it is flagged, superseded or refused. voice: path of the utterance.
    exported_as: its status when it left in `batch`, so that the batch can be written again unchanged.
    """

    __tablename__ = "readings"
    __table_args__ = (
        CheckConstraint("value >= 0", name="value"),
        one_of("channel", (Channel.KEYS, Channel.VOICE, Channel.EMERGENCY, Channel.BILLING)),
        one_of("status", Status),
        Index("ix_readings_register_id_taken_at", "register_id", "taken_at"),
        Index("uq_readings_register_id_period_live", "register_id", "period", unique=True, **only(LIVE)),
        Index("uq_readings_call_id_register_id_live", "call_id", "register_id", unique=True, **only(LIVE_IN_CALL)),
        Index("ix_readings_waiting", "status", **only(WAITING)),
        Index("ix_readings_flagged", "taken_at", "id", **only(FLAGGED)),
        Index("ix_readings_created_at", "created_at", "channel", "reason", **only(FROM_CALLERS)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    register_id: Mapped[int] = mapped_column(ForeignKey("registers.id"))
    value: Mapped[int]
    taken_at: Mapped[datetime]
    period: Mapped[str]
    channel: Mapped[str]
    call_id: Mapped[str | None] = mapped_column(ForeignKey("calls.id"))
    receipt: Mapped[str] = empty_text()
    status: Mapped[str]
    reason: Mapped[str] = empty_text()
    voice: Mapped[str | None]
    batch: Mapped[int | None] = mapped_column(ForeignKey("batches.number"), index=True)
    exported_as: Mapped[str | None]
    created_at: Mapped[datetime]


class SpoolEntry(Base):
    """A set of readings left in emergency mode, taken in exactly once by its id."""

    __tablename__ = "spool_entries"
    __table_args__ = (one_of("state", ("stored", "refused")),)

    id: Mapped[str] = mapped_column(primary_key=True)
    taken_at: Mapped[datetime]
    account: Mapped[str]
    caller: Mapped[str] = empty_text()
    values: Mapped[list[str]] = mapped_column(JSON)
    state: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str] = empty_text()
    taken_in_at: Mapped[datetime]
