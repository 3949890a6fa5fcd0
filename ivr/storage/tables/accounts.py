"""Accounts, their meters and the registers of the meters."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.accounts import AliasKind
from ivr.domain.meters import FEWEST_DIGITS, MOST_DIGITS, MOST_ZONES, Zone
from ivr.storage.tables.columns import Base, empty_text, one_of, only

IN_USE = text("removed IS NULL")


class Account(Base):
    """A contract.

    phones: E.164 numbers separated by spaces, as imported; `account_phones` finds by them.
    window_group: of accounts with a submission window of their own, '' for the others.
    """

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
    window_group: Mapped[str] = empty_text()


class AccountPhone(Base):
    """One telephone number of an account; kept equal to `accounts.phones` by the import."""

    __tablename__ = "account_phones"

    phone: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True, index=True, autoincrement=False
    )


class AccountAlias(Base):
    """Another number of an account, unique by kind; `alias` as `ivr.domain.accounts.plain_alias` writes it."""

    __tablename__ = "account_aliases"
    __table_args__ = (one_of("kind", AliasKind),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    alias: Mapped[str] = mapped_column(primary_key=True, index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)


class Meter(Base):
    """A meter of an account, in use while `removed` is NULL; an account has a serial number in use once.

    ratio: transformation ratio. remote: read from afar. next_verification: NULL where unknown.
    """

    __tablename__ = "meters"
    __table_args__ = (
        CheckConstraint(f"digits BETWEEN {FEWEST_DIGITS} AND {MOST_DIGITS}", name="digits"),
        CheckConstraint(f"zones BETWEEN 1 AND {MOST_ZONES}", name="zones"),
        Index("uq_meters_account_id_serial_in_use", "account_id", "serial", unique=True, **only(IN_USE)),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    serial: Mapped[str] = mapped_column(index=True)
    digits: Mapped[int]
    zones: Mapped[int]
    power_kw: Mapped[float | None]
    installed: Mapped[date | None]
    removed: Mapped[date | None]
    ratio: Mapped[int] = mapped_column(default=1, server_default="1")
    remote: Mapped[bool] = mapped_column(default=False, server_default=false())
    next_verification: Mapped[date | None]


class Register(Base):
    """The counter of one tariff zone of a meter."""

    __tablename__ = "registers"
    __table_args__ = (one_of("zone", Zone), Index("uq_registers_meter_id_zone", "meter_id", "zone", unique=True))

    id: Mapped[int] = mapped_column(primary_key=True)
    meter_id: Mapped[int] = mapped_column(ForeignKey("meters.id"))
    zone: Mapped[str]
