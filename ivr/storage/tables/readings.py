"""Readings, what they came with, and their way to billing."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.readings import Channel, Status
from ivr.storage.tables.columns import Base, empty_text, one_of, only

LIVE = text("status <> 'superseded'")
WAITING = text("status IN ('accepted', 'flagged')")
"""In these words, since SQLite takes an index of some rows only for a condition written as in the index."""
LIVE_OF_CONTACT = text("status <> 'superseded' AND contact_id IS NOT NULL")
FLAGGED = text("status = 'flagged'")
FROM_CALLERS = text("channel <> 'billing'")


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

    contact_id: NULL for what billing gave. read_on: the day on which the display was read. period: `2026-11`.
    reason: codes why it is flagged, superseded or refused. note: the clerk's own words. voice: path of the utterance.
    exported_as, exported_ratio: its status and its meter's transformation ratio when it left in `batch`, so that the
    batch can be written again unchanged.
    """

    __tablename__ = "readings"
    __table_args__ = (
        CheckConstraint("value >= 0", name="value"),
        one_of("channel", Channel),
        one_of("status", Status),
        Index("ix_readings_register_id_read_on", "register_id", "read_on"),
        Index("uq_readings_register_id_period_live", "register_id", "period", unique=True, **only(LIVE)),
        Index(
            "uq_readings_contact_id_register_id_live",
            "contact_id",
            "register_id",
            unique=True,
            **only(LIVE_OF_CONTACT),
        ),
        Index("ix_readings_waiting", "status", **only(WAITING)),
        Index("ix_readings_flagged", "received_at", "id", **only(FLAGGED)),
        Index("ix_readings_created_at", "created_at", "channel", "reason", **only(FROM_CALLERS)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    register_id: Mapped[int] = mapped_column(ForeignKey("registers.id"))
    value: Mapped[int]
    received_at: Mapped[datetime]
    period: Mapped[str]
    channel: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str] = empty_text()
    voice: Mapped[str | None]
    batch: Mapped[int | None] = mapped_column(ForeignKey("batches.number"), index=True)
    exported_as: Mapped[str | None]
    created_at: Mapped[datetime]
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id"))
    read_on: Mapped[date]
    exported_ratio: Mapped[int | None]
    note: Mapped[str] = empty_text()


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
