"""Tables that no topic owns: the audit, and what clerks switch for all daemons."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from ivr.storage.tables.columns import Base, JsonText


class Audit(Base):
    """Who changed what. `subject`: kind and key, for example `reading:12`. `detail`: facts by domain.audit.Fact."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(JsonText, default=dict, server_default="{}")


class Switch(Base):
    """Something that clerks switch for all daemons at once; what has no row is as it is by itself."""

    __tablename__ = "switches"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
