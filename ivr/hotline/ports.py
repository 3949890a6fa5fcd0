"""What the hotline asks of the telephone exchange; telephony implements it on Asterisk's manager interface."""

from __future__ import annotations

from typing import Protocol

from ivr.domain.callbacks import Callback, CallbackResult
from ivr.domain.faults import Unavailable


class Event(Protocol):
    """Something that happened in the exchange."""

    @property
    def name(self) -> str:
        """Asterisk's name of the event, for example `QueueCallerJoin`."""

    def __getitem__(self, header: str) -> str:
        """A header's value, "" if it did not come."""


class ExchangeAway(Unavailable):
    """The exchange is unavailable, or the connection broke; nobody knows whether it made the call."""


class Exchange(Protocol):
    """A telephone exchange that rings people back."""

    @property
    def name(self) -> str:
        """Its own name, the same for every daemon beside it."""

    async def ring(self, callback: Callback) -> CallbackResult:
        """Ring, and wait until it is known how that ended. Raises ExchangeAway."""

    def returned(self, uniqueid: str) -> str:
        """Token of the call-back by which a call came back to its queue, "" for every other call."""

    async def live(self) -> frozenset[str]:
        """Tokens of the call-backs whose calls are up now. Raises ExchangeAway."""

    async def kept(self, token: str) -> CallbackResult | None:
        """The key answer of the called party in any try, None for no answer. Raises ExchangeAway."""
