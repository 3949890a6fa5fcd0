"""A journal in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ivr.domain.journal.steps import Step


@dataclass
class MemoryJournal:
    """Keeps what it is told; the times of steps are left out."""

    calls: list[tuple[str, datetime, str, str, str]] = field(default_factory=list)
    steps: list[tuple[int, Step]] = field(default_factory=list)
    accounts: list[tuple[str, int]] = field(default_factory=list)

    def opened(
        self, call_id: str, started_at: datetime, caller: str, called: str, channel: str, uniqueid: str = ""
    ) -> None:
        self.calls.append((call_id, started_at, caller, called, channel))

    def step(self, call_id: str, seq: int, at: datetime, step: Step) -> None:
        self.steps.append((seq, step))

    def identified(self, call_id: str, account_id: int) -> None:
        self.accounts.append((call_id, account_id))
