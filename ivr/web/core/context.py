"""What every page works with: settings, clock and the database, whose work runs in a few threads within a limit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from fastapi import Request

from ivr.config import Settings
from ivr.domain.faults import StoreUnavailable
from ivr.storage.database.database import Database
from ivr.storage.users import credentials

WAITING = 64
"""Pieces of work, and passwords, that may run or wait; one more is refused at once."""
HASHERS = 2
"""Passwords looked at together: each takes 64 MiB and some 50 ms of a processor."""

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Context:
    """Made once for a process; `office_of(request)` finds it."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] | None = None) -> None:
        """Raises BadDatabaseUrl."""
        self.settings = settings
        self.database = Database(settings.store.url, settings.store.limit_s)
        self.now = now or (lambda: datetime.now(settings.zone))
        self._limit_s = settings.store.limit_s * 2
        self._threads = ThreadPoolExecutor(settings.store.threads, thread_name_prefix="page")
        self._hashers = ThreadPoolExecutor(HASHERS, thread_name_prefix="password")
        self._begun: Counter[ThreadPoolExecutor] = Counter()  # apart: many who log in leave the pages alone

    async def ask(
        self, work: Callable[Concatenate[Database, Given], Answer], *args: Given.args, **options: Given.kwargs
    ) -> Answer:
        """A function of ivr.storage that takes the database first, in a thread.

        Raises StoreUnavailable (a page says so, code 503) when there is too much to do or no answer in time: a change
        may then have been made all the same. And whatever the function raises.
        """
        return await self._in_thread(self._threads, lambda: work(self.database, *args, **options))

    async def run(self, work: Callable[Given, Answer], *args: Given.args, **options: Given.kwargs) -> Answer:
        """Any other function that blocks, in one of the same threads. Raises as `ask` does."""
        return await self._in_thread(self._threads, lambda: work(*args, **options))

    async def hashed(self, secret: str) -> str:
        """The argon2 hash of a password or PIN. Raises StoreUnavailable when too many wait."""
        return await self._in_thread(self._hashers, lambda: credentials.hashed(secret))

    async def fits(self, secret: str, hash_text: str | None) -> bool:
        """Whether a password belongs to a hash. Raises StoreUnavailable when too many wait."""
        return await self._in_thread(self._hashers, lambda: credentials.fits(secret, hash_text))

    async def close(self) -> None:
        """Take no more work; what runs ends within the database's own limit."""
        for threads in (self._threads, self._hashers):
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        self.database.close()

    async def _in_thread(self, threads: ThreadPoolExecutor, work: Callable[[], Answer]) -> Answer:
        if self._begun[threads] >= WAITING:
            raise StoreUnavailable("too many pages at once")
        running = asyncio.get_running_loop().run_in_executor(threads, work)
        self._begun[threads] += 1
        running.add_done_callback(lambda _: self._begun.subtract((threads,)))
        try:
            return await asyncio.wait_for(running, self._limit_s)
        except TimeoutError:
            raise StoreUnavailable("no answer in time") from None


def context_of(request: Request) -> Context:
    """The office of the application that got this request."""
    office: Context = request.app.state.office
    return office
