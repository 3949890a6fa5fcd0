"""A cache of account addresses: a count of all accounts for every key typed would take too long."""

from __future__ import annotations

import asyncio
import time

from fastapi import Request

from ivr.storage.accounts.address_index import AddressIndex, all_places
from ivr.web.core.context import Context

FRESH_S = 300.0
"""An import of accounts shows here after so long; what is stored is counted anew when an outage is entered."""


class AddressCache:
    """The addresses of all accounts, read at most every FRESH_S seconds."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._one_reads = asyncio.Lock()
        self._places: AddressIndex | None = None
        self._read = float("-inf")

    async def now(self) -> AddressIndex:
        """The places. Raises StoreUnavailable."""
        async with self._one_reads:
            if self._places is None or time.monotonic() - self._read >= FRESH_S:
                self._places = await self._context.ask(all_places)
                self._read = time.monotonic()
            return self._places


async def known_places(request: Request) -> AddressIndex:
    """The application's own. Raises StoreUnavailable."""
    known: AddressCache = request.app.state.places
    return await known.now()
