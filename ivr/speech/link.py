"""The daemon's end of the connection to a recogniser process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from ivr.concurrency.periodic import within
from ivr.speech.frames import Kind, Unframer

log = logging.getLogger(__name__)


class Link(asyncio.Protocol):
    """The connection to one process. `take` gets each message."""

    def __init__(self, take: Callable[[Kind, int, bytes], None]) -> None:
        self._take = take
        self._unframer = Unframer()
        self._transport: asyncio.Transport | None = None
        self._gone = asyncio.Event()
        self._spoke = False

    def has_spoken(self) -> bool:
        """Whether anything came since the last look."""
        spoke, self._spoke = self._spoke, False
        return spoke

    async def gone_within(self, seconds: float) -> bool:
        """Whether the other end closes within so many seconds."""
        return await within(self._gone, seconds)

    def send(self, message: bytes) -> bool:
        """Never blocks; the sender bounds what waits here. False: the other end is gone."""
        if self._transport is None or self._transport.is_closing():
            return False
        self._transport.write(message)
        return True

    def close(self) -> None:
        """Close our end, whatever still waits to be sent."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its class

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        self._spoke = True
        try:
            for message in self._unframer.feed(data):
                self._take(*message)
        except ValueError:
            log.warning("a recogniser process spoke nonsense")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self._gone.set()
