"""The tables. Names are fixed by the design; the migrations create exactly these (a test compares them)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Table, text, true
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.meters import FEWEST_DIGITS, MOST_DIGITS, MOST_ZONES, Zone
from ivr.domain.readings import Channel, Status
from ivr.domain.takes import How, TakeState
from ivr.storage.columns import Base, empty_text, one_of, only
from ivr.storage.outage_tables import Callback as Callback
from ivr.storage.outage_tables import Outage as Outage
from ivr.storage.outage_tables import OutageReport as OutageReport
from ivr.storage.outage_tables import Switch as Switch
from ivr.storage.studio_tables import StudioCall as StudioCall
from ivr.storage.web_tables import LoginFailure as LoginFailure
from ivr.storage.web_tables import ReportHour as ReportHour
from ivr.storage.web_tables import WebSession as WebSession

OUTCOMES = ("stored", "nothing", "hotline", "operator", "message")
"""How a call can end; the words of the dialogue's Outcome, which lies above this layer."""

LIVE = text("status <> 'superseded'")
WAITING = text("status IN ('accepted', 'flagged')")
"""In these words, since SQLite takes an index of some rows only for a condition written as in the index."""
LIVE_IN_CALL = text("status <> 'superseded' AND call_id IS NOT NULL")
IN_USE = text("removed IS NULL")
OPEN = text("ended_at IS NULL")
FLAGGED = text("status = 'flagged'")
FROM_CALLERS = text("channel <> 'billing'")
PUBLISHED = text("state = 'published'")


class Account(Base):
    """A contract. `phones`: E.164 numbers separated by spaces, as imported; `account_phones` finds by them."""

    __tablename__ = "accounts"
    __table_args__ = (
        Index("ix_accounts_place", "district", "street", "house"),
        Index("ix_accounts_street_house", "street", "house", "flat"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    street: Mapped[str] = empty_text()
    house: Mapped[str] = empty_text()
    flat: Mapped[str] = empty_text()
    district: Mapped[str] = empty_text()
    phones: Mapped[str] = empty_text()


class AccountPhone(Base):
    """One telephone number of an account; kept equal to `accounts.phones` by the import."""

    __tablename__ = "account_phones"

    phone: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True, autoincrement=False
    )


class Meter(Base):
    """A meter of an account, in use while `removed` is NULL; a serial number is in use once."""

    __tablename__ = "meters"
    __table_args__ = (
        CheckConstraint(f"digits BETWEEN {FEWEST_DIGITS} AND {MOST_DIGITS}", name="digits"),
        CheckConstraint(f"zones BETWEEN 1 AND {MOST_ZONES}", name="zones"),
        Index("uq_meters_serial_in_use", "serial", unique=True, **only(IN_USE)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    serial: Mapped[str]
    digits: Mapped[int]
    zones: Mapped[int]
    power_kw: Mapped[float | None]
    installed: Mapped[date | None]
    removed: Mapped[date | None]


class Register(Base):
    """The counter of one tariff zone of a meter."""

    __tablename__ = "registers"
    __table_args__ = (one_of("zone", Zone), Index("uq_registers_meter_id_zone", "meter_id", "zone", unique=True))

    id: Mapped[int] = mapped_column(primary_key=True)
    meter_id: Mapped[int] = mapped_column(ForeignKey("meters.id"))
    zone: Mapped[str]


class Call(Base):
    """One telephone call. Open while `ended_at` and `outcome` are NULL.

    node: the daemon that serves it. caller: E.164 or ''. called: the number dialled.
    channel, uniqueid: Asterisk's names of the channel.
    """

    __tablename__ = "calls"
    __table_args__ = (
        one_of("outcome", OUTCOMES),
        Index("ix_calls_open", "node", **only(OPEN)),
        Index("ix_calls_open_started_at", "started_at", **only(OPEN)),
        Index("ix_calls_caller_started_at", "caller", "started_at"),
        Index("ix_calls_account_id_started_at", "account_id", "started_at"),
        Index("ix_calls_outcome_started_at", "outcome", "started_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    node: Mapped[str] = empty_text()
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    caller: Mapped[str] = empty_text()
    called: Mapped[str] = mapped_column(default="", server_default="", index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    outcome: Mapped[str | None]
    channel: Mapped[str] = empty_text()
    uniqueid: Mapped[str] = empty_text()


class CallStep(Base):
    """One thing that happened in a call. `prompt`: id of the prompt that began, '' for other kinds."""

    __tablename__ = "call_steps"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str]
    prompt: Mapped[str] = empty_text()
    detail: Mapped[str] = empty_text()


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
        one_of("channel", Channel),
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


class Prompt(Base):
    """A prompt whose text an administrator changed; the catalogue file holds all others."""

    __tablename__ = "prompts"

    id: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    notes: Mapped[str] = empty_text()
    changed_at: Mapped[datetime]


class Take(Base):
    """One recording of one prompt in one voice. `master`: name of the sound as recorded, `checks`: measured.

    text: digest of what it says. audio: SHA-256 of the sound for the telephone. publication: the how manieth of its
    prompt and voice it was; NULL for a draft, and once it was taken back.
    """

    __tablename__ = "takes"
    __table_args__ = (
        one_of("state", TakeState),
        one_of("how", How),
        Index("ix_takes_prompt_id_voice", "prompt_id", "voice"),
        Index("uq_takes_prompt_id_voice_published", "prompt_id", "voice", unique=True, **only(PUBLISHED)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt_id: Mapped[str]
    voice: Mapped[str]
    state: Mapped[str]
    how: Mapped[str]
    made_by: Mapped[str] = empty_text()
    made_at: Mapped[datetime]
    master: Mapped[str]
    checks: Mapped[dict[str, Any]] = mapped_column(JSON)
    text: Mapped[str] = empty_text()
    audio: Mapped[str] = empty_text()
    publication: Mapped[int | None]


class PromptNumber(Base):
    """The number by which a prompt is keyed on a telephone; never changed, never used for another prompt."""

    __tablename__ = "prompt_numbers"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prompt_id: Mapped[str] = mapped_column(unique=True)


class User(Base):
    """Somebody who may use the pages or record by phone. `password`, `pin`: argon2 hashes.

    locked_until: until when further attempts from an address, or from all, are refused; told to administrators. What is
    refused is counted in `login_failures`.
    """

    __tablename__ = "users"
    __table_args__ = (one_of("role", ("administrator", "clerk", "voice", "viewer")),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    password: Mapped[str | None]
    pin: Mapped[str | None]
    locked_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]


class ApiClient(Base):
    """A program that may use the HTTP API. `secret`: hash of its key; `scopes`: words separated by spaces."""

    __tablename__ = "api_clients"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    secret: Mapped[str]
    scopes: Mapped[str] = empty_text()
    active: Mapped[bool] = mapped_column(default=True, server_default=true())
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Audit(Base):
    """Who changed what. `subject`: kind and key, for example `reading:12`."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    detail: Mapped[str] = empty_text()


def of(row: type[Base]) -> Table:
    """The Core table of a mapped class; Core statements are what the quick paths run."""
    return Base.metadata.tables[row.__tablename__]
