"""The first page's figures, shared: however many look, they are asked for once in a moment."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from ivr.domain.faults import StoreUnavailable
from ivr.hotline.queue_board import Queue
from ivr.storage.calls import dashboard
from ivr.web.core.context import Context
from ivr.web.today.queues import Link, Queues

FRESH_S = 2.0


@dataclass(frozen=True, slots=True)
class Picture:
    """What goes on. day: None while the database does not answer. at: when it was asked."""

    at: datetime
    day: dashboard.Dashboard | None
    link: Link
    queues: tuple[Queue, ...]


class DashboardCache:
    """Follows the queues and asks the database at most every FRESH_S seconds."""

    def __init__(self, context: Context) -> None:
        self.queues = Queues(context.settings)
        self._context = context
        self._one_asks = asyncio.Lock()
        self._asked = float("-inf")
        self._day: dashboard.Dashboard | None = None
        self._at: datetime | None = None

    async def picture(self) -> Picture:
        """The figures, at most FRESH_S seconds old; the queues as they are now."""
        async with self._one_asks:
            if self._at is None or time.monotonic() - self._asked >= FRESH_S:
                self._at = self._context.now()
                midnight = self._at.astimezone(self._context.settings.zone).replace(
                    hour=0, minute=0, second=0, microsecond=0
                )
                try:
                    self._day = await self._context.ask(dashboard.today, midnight, self._at)
                except StoreUnavailable:
                    self._day = None
                self._asked = time.monotonic()
        return Picture(self._at, self._day, self.queues.link, self.queues.shown())


def live_of(request: Request) -> DashboardCache:
    """The application's own."""
    live: DashboardCache = request.app.state.live
    return live
