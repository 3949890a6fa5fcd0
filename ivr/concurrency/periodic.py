"""A job that is done again and again: a fault in one round never ends those that come after it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ivr.domain.faults import StoreUnavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    """A job, its interval, and the log text for its failure.

    every_s: seconds between the end of a round and the next one. fault: the log's text for a fault of this program.
    away: the log's text for a database that does not answer, told once until it answers; "" where the job tells it.
    first_s: before the first round. away_s: added to the pause after a round that failed.
    """

    work: Callable[[], Awaitable[None]]
    every_s: float
    fault: str
    away: str = ""
    first_s: float = 0.0
    away_s: float = 0.0

    async def run_until(self, stop: asyncio.Event) -> None:
        """Go on until `stop` is set; a round that runs then is finished."""
        told, pause = False, self.first_s
        while not await within(stop, pause):
            told, pause = await self._round(told)

    async def run_on(self, wake: asyncio.Event | None = None) -> None:
        """Go on until cancelled. wake: begins the next round at once; it is cleared before the round looks."""
        told, pause = False, self.first_s
        wake = wake or asyncio.Event()
        while True:
            await within(wake, pause)
            wake.clear()
            told, pause = await self._round(told)

    async def _round(self, told: bool) -> tuple[bool, float]:
        """Whether the log knows that the database is away, and the pause before the next round."""
        try:
            await self.work()
        except StoreUnavailable:
            if self.away and not told:
                log.error(self.away)
            return True, self.every_s + self.away_s
        except Exception:
            log.exception(self.fault)
            return told, self.every_s + self.away_s
        return False, self.every_s


async def within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for the event; whether it came within so many seconds.

    A cancellation always ends it, also one in the very turn of the loop in which the event comes.
    """
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()
    return event.is_set()
