"""Blocking work in a few threads of its own: the queue has a limit, and so has each wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

from ivr.domain.faults import Unavailable

Answer = TypeVar("Answer")


class Why(Enum):
    """Why a piece of work brought no answer."""

    FULL = "full"  # it was never begun
    LATE = "late"  # it may be done all the same
    CLOSED = "closed"  # it was never begun


class NoAnswer(Unavailable):
    """A piece of work brought no answer."""

    def __init__(self, why: Why) -> None:
        super().__init__(f"no answer from the threads: {why.value}")
        self.why = why


class BoundedThreads:
    """Runs so many pieces of work at once. `close` ends the threads."""

    def __init__(self, name: str, threads: int, limit_s: float, waiting: int | None = None) -> None:
        """limit_s: longest wait for one answer. waiting: pieces that may run or wait together, None for any number."""
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._limit_s = limit_s
        self._waiting = waiting
        self._begun = 0

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Do the work in one of the threads. Raises NoAnswer, and whatever the work raises."""
        if self._waiting is not None and self._begun >= self._waiting:
            raise NoAnswer(Why.FULL)
        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        except RuntimeError as error:  # the threads are shut down
            raise NoAnswer(Why.CLOSED) from error
        self._begun += 1
        running.add_done_callback(self._done)
        late = False
        try:
            await asyncio.wait((running,), timeout=self._limit_s)
            late = not running.done()
        finally:
            running.cancel()  # skip work whose caller has given up
        if running.cancelled():
            raise NoAnswer(Why.LATE if late else Why.CLOSED)
        return running.result()

    async def close(self) -> None:
        """Take no more work and wait for what runs; what waits is never begun."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def _done(self, _running: object) -> None:
        self._begun -= 1
