"""The journal of calls, and the figures that are counted from it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.journal.words import Outcome
from ivr.storage.tables.columns import Base, empty_text, one_of, only

OPEN = text("ended_at IS NULL")


class Call(Base):
    """One telephone call. Open while `ended_at` and `outcome` are NULL.

    node: the daemon that serves it. caller: E.164 or ''. called: the number dialled.
    channel, uniqueid: Asterisk's names of the channel.
    """

    __tablename__ = "calls"
    __table_args__ = (
        one_of("outcome", Outcome),
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
    """One thing that happened in a call, in the form of `ivr.domain.journal.stored`.

    kind: a StepKind. prompt: id of the prompt that began, '' for other kinds. detail: the step's other facts as a JSON
    object, '' for none. No query searches by facts, so they need no index and no column of type JSON.
    """

    __tablename__ = "call_steps"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str]
    prompt: Mapped[str] = empty_text()
    detail: Mapped[str] = empty_text()


class ReportHour(Base):
    """A figure of one hour that is over, so that reports do not count steps again (ivr.storage.calls.call_statistics).

    what, key: what was counted. An hour that was counted has the row `counted`, even if nobody called.
    """

    __tablename__ = "report_hours"

    hour: Mapped[datetime] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True, default="", server_default="")
    count: Mapped[int]
