"""What the hotline asks of the telephone exchange; telephony implements it on Asterisk's manager interface."""

from __future__ import annotations

from typing import Protocol


class Event(Protocol):
    """Something that happened in the exchange."""

    @property
    def name(self) -> str:
        """Asterisk's name of the event, for example `QueueCallerJoin`."""

    def __getitem__(self, header: str) -> str:
        """A header's value, "" if it did not come."""
