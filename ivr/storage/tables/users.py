"""Users of the pages and of the studio, their sessions and failed logins."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, true
from sqlalchemy.orm import Mapped, mapped_column

from ivr.storage.tables.columns import Base, empty_text, one_of


class User(Base):
    """A user of the pages or of recording by phone. `password`, `pin`: argon2 hashes.

    locked_until: until when further attempts from an address, or from all, are refused; administrators see it. What is
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


class WebSession(Base):
    """A session of a user. `token`: SHA-256 of the cookie's random token, in hex; a reader cannot use it."""

    __tablename__ = "web_sessions"

    token: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = empty_text()
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LoginFailure(Base):
    """A login that failed, or is being tried, also one that nobody has.

    address: where it came from, of IPv6 the network, of a telephone `tel:` and its number. login: SHA-256 of what was
    given as the login, in hex.
    """

    __tablename__ = "login_failures"

    id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    login: Mapped[str] = mapped_column(index=True, default="", server_default="")


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
