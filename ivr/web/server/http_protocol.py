"""A connection to the pages that does not begin a request is closed, the first request included.

uvicorn waits for the next request for a time only after it has answered one: connections that send nothing, or never
finish the head of a request, would stay for good, and a full number of them would shut the pages for everybody.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class Connection(H11Protocol):
    """uvicorn's own, with its `timeout_keep_alive` (seconds) for the head of every request, from its first byte on."""

    _head_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by asyncio."""
        super().connection_made(transport)
        self._wait_for_a_head()

    def data_received(self, data: bytes) -> None:
        """Called by asyncio. A byte now and then gives no more time."""
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self._wait_for_a_head()
        else:
            self._head_is_there()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._head_is_there()
        super().connection_lost(exc)

    def _wait_for_a_head(self) -> None:
        if self._head_due is None:
            self._head_due = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def _head_is_there(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None
