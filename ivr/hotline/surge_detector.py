"""Watches reports for one daemon: suspects outages, lets suspicions fade, and knows how callers are greeted."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from ivr.concurrency.periodic import Periodic
from ivr.domain.surges import Greeting, SurgeTerms
from ivr.hotline.queue_board import QueueBoard
from ivr.storage.database.database import Database
from ivr.storage.database.runtime_flags import RuntimeFlags, switched
from ivr.storage.outages.large_outages import LargeOutages
from ivr.storage.outages.surges import fade, suspect

log = logging.getLogger(__name__)

LOOK_S = 2.0
"""Between two looks when nobody reports: other daemons' reports, what clerks switch, suspicions that fade."""

STALE_S = 60.0
"""So old, what was known of large outages is no news any more: the database does not answer."""


class SurgeDetector:
    """`run` is a task of its owner, who cancels it.

    queues: their names. waiting: more callers in them are greeted shortly; 0: never.
    accounts: an outage of so many is large; 0: none is.
    """

    def __init__(
        self,
        database: Database,
        terms: SurgeTerms,
        waiting: int,
        board: QueueBoard,
        queues: Sequence[str],
        now: Callable[[], datetime],
        accounts: int = 0,
    ) -> None:
        self._database = database
        self._terms = terms
        self._waiting = waiting
        self._board = board
        self._queues = tuple(queues)
        self._now = now
        self._switches = RuntimeFlags()
        self._large = LargeOutages(database, accounts)
        self._large_seen = -STALE_S
        self._reported = asyncio.Event()

    def reported(self) -> None:
        """A report was stored: look at once. Call it on the event loop's thread."""
        self._reported.set()

    def greets_shortly(self) -> bool:
        """Whether a call that begins now is greeted shortly."""
        if self._switches.greeting is not Greeting.AUTO:
            return self._switches.greeting is Greeting.SHORT
        if not self._waiting or not self._board.current:
            return False
        return sum(len(self._board.queue(name).waiting) for name in self._queues) > self._waiting

    def is_large(self) -> bool:
        """Whether a large outage is active, by the last answer of the database."""
        return time.monotonic() - self._large_seen < STALE_S

    async def run(self) -> None:
        """Look at reports as they come, until cancelled."""
        job = Periodic(
            lambda: asyncio.to_thread(self._look),
            LOOK_S,
            away="the database does not answer; reports are not watched",
            fault="a fault while reports were watched",
        )
        await job.run_on(self._reported)

    def _look(self) -> None:
        self._switches = switched(self._database)
        now = self._now()
        if self._switches.suspects:
            for outage in suspect(self._database, self._terms, now):
                log.warning("an outage is suspected", extra={"outage": outage.id, "count": outage.callers})
        for number in fade(self._database, self._terms, now):
            log.warning("a suspected outage that nobody confirmed is ended", extra={"outage": number})
        self._large_seen = time.monotonic() if self._large.any(now) else -STALE_S
