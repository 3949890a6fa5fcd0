"""Counts the hours of the reports before somebody asks, beside the pages and a day at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import datetime

from ivr.concurrency.periodic import Periodic, within
from ivr.domain.faults import StoreUnavailable
from ivr.storage.calls import call_statistics
from ivr.web.core.context import Context

log = logging.getLogger(__name__)

FIRST_PAUSE_S, PAUSE_S = 3.0, 600.0
REST_S = 0.05
"""Shortest rest between two units of work; it is never shorter than the unit before, so that others come first."""
OVERLAP = 2 * call_statistics.GIVEN_UP
"""Behind the newest hours this much is looked through again: hours with calls that were open then."""


class StatisticsJob:
    """One task: soon after the start what is missing, then every PAUSE_S what has become over meanwhile."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._done_until: datetime | None = None

    def start(self) -> None:
        """Begin to count. Needs a running event loop."""
        job = Periodic(
            self._round, PAUSE_S, first_s=FIRST_PAUSE_S, fault="a fault in counting reports ahead; it is tried again"
        )
        self._task = asyncio.create_task(job.run_until(self._stop), name="counting")

    async def close(self) -> None:
        """Stop; a unit of work that runs is awaited, within the database's limit."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def _round(self) -> None:
        try:
            await self._count()
        except StoreUnavailable:
            log.warning("reports are not counted ahead; it is tried again")

    async def _count(self) -> None:
        database, now = self._context.database, self._context.now()
        hours = await asyncio.to_thread(call_statistics.uncounted, database, now, self._done_until)
        counted = 0
        for first in range(0, len(hours), call_statistics.MOST_HOURS_AT_ONCE):
            began = time.monotonic()
            some = hours[first : first + call_statistics.MOST_HOURS_AT_ONCE]
            counted += await asyncio.to_thread(call_statistics.keep, database, some)
            if await within(self._stop, max(REST_S, time.monotonic() - began)):
                return
        self._done_until = now - OVERLAP
        if counted:
            log.info("hours of the reports are counted ahead", extra={"count": counted})
