"""Takes, changed texts and numbers of prompts, and studio calls that the pages began."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ivr.domain.takes import How, TakeState
from ivr.storage.tables.columns import Base, empty_text, one_of, only

PUBLISHED = text("state = 'published'")


class Prompt(Base):
    """A prompt whose text an administrator changed; the catalogue file holds all others."""

    __tablename__ = "prompts"

    id: Mapped[str] = mapped_column(primary_key=True)
    text: Mapped[str]
    notes: Mapped[str] = empty_text()
    changed_at: Mapped[datetime]


class Take(Base):
    """One recording of one prompt in one voice. `master`: name of the sound as recorded, `checks`: measured.

    text: digest of what it says. audio: SHA-256 of the sound for the telephone. publication: its order within
    prompt and voice; NULL for a draft, and after a withdrawal.
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


class StudioCall(Base):
    """Permission to record without a PIN: the user who began the call from the pages, and the prompt. Gone once used.

    token: SHA-256 of the random token in hex; a reader of the table cannot use it.
    """

    __tablename__ = "studio_calls"

    token: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    prompt_id: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
