"""Units of work of calls in progress: each in a thread, each within a time limit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from ivr.domain.faults import StoreUnavailable
from ivr.storage.database.database import Database

TRIES = 3
"""Tries of a unit of work that met another one about the same rows."""

Answer = TypeVar("Answer")
Transaction = Callable[[], AbstractContextManager[Connection]]


class UnitsOfWork:
    """Runs units of work of the dialogue's ports on one database, so many at once."""

    def __init__(self, database: Database, threads: int, limit_s: float) -> None:
        """limit_s: longest wait of a call for one unit."""
        self.database = database
        self._limit_s = limit_s
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="unit")

    async def read(self, work: Callable[[Connection], Answer]) -> Answer:
        """Run work that only reads. Raises StoreUnavailable within the limit."""
        return await self._unit(work, self.database.reading)

    async def write(self, work: Callable[[Connection], Answer]) -> Answer:
        """Run work that writes, whole or not at all. Raises StoreUnavailable within the limit."""
        return await self._unit(work, self.database.writing)

    async def close(self) -> None:
        """Take no more work and wait for what runs, which ends within the database's own limit."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    async def _unit(self, work: Callable[[Connection], Answer], transaction: Transaction) -> Answer:
        given_up = threading.Event()

        def attempt() -> Answer:
            with transaction() as connection:
                answer = work(connection)
                if given_up.is_set():  # the caller was told that nothing is stored: make it true
                    raise StoreUnavailable("the unit of work came too late")
                return answer

        def run() -> Answer:
            refused: Exception | None = None
            for _ in range(TRIES):
                try:
                    return attempt()
                except (IntegrityError, DataError) as error:  # most likely another call was faster: look again
                    refused = error
            raise StoreUnavailable("the rows contradict what is stored") from refused

        try:
            running = asyncio.get_running_loop().run_in_executor(self._threads, run)
        except RuntimeError as error:  # the executor is shut down
            raise StoreUnavailable("the ledger is closed") from error
        try:
            return await asyncio.wait_for(running, self._limit_s)
        except TimeoutError:
            given_up.set()
            raise StoreUnavailable("the database did not answer in time") from None
