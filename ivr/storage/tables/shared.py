"""Tables that no topic owns: the audit, and what clerks switch for all daemons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from ivr.storage.tables.columns import Base, JsonText


class Audit(Base):
    """A change and its author. `subject`: kind and key, as `reading:12`. `detail`: facts by domain.audit.Fact."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict, server_default="{}")


class Switch(Base):
    """A switch that clerks set for all daemons at once; a switch without a row has its default."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
