"""Tables of the administrators' pages: who is logged in, failed logins, figures of the reports."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ivr.storage.columns import Base, empty_text


class WebSession(Base):
    """Somebody logged in. `token`: SHA-256 of the cookie's random token, in hex; whoever reads it cannot use it."""

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


class ReportHour(Base):
    """A figure of one hour that is over, so that reports do not count steps again (ivr.storage.call_figures).

    what, key: what was counted. An hour that was counted has the row `counted`, even if nobody called.
    """

    __tablename__ = "report_hours"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True, default="", server_default="")
    count: Mapped[int]
