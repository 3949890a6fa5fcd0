"""Units of work of calls in progress: each in a thread, each within a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError

from ivr.concurrency.bounded_threads import BoundedThreads, NoAnswer, Why
from ivr.domain.faults import StoreProblem, StoreUnavailable
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
        self._threads = BoundedThreads("unit", threads, limit_s)

    async def read(self, work: Callable[[Connection], Answer]) -> Answer:
        """Run work that only reads. Raises StoreUnavailable within the limit."""
        return await self._unit(work, self.database.reading)

    async def write(self, work: Callable[[Connection], Answer]) -> Answer:
        """Run work that writes, whole or not at all. Raises StoreUnavailable within the limit."""
        return await self._unit(work, self.database.writing)

    async def close(self) -> None:
        """Take no more work and wait for what runs, which ends within the database's own limit."""
        await self._threads.close()

    async def _unit(self, work: Callable[[Connection], Answer], transaction: Transaction) -> Answer:
        given_up = threading.Event()

        def attempt() -> Answer:
            with transaction() as connection:
                answer = work(connection)
                if given_up.is_set():  # the caller has heard that nothing is stored: make it true
                    raise StoreUnavailable(StoreProblem.NO_ANSWER)
                return answer

        def run() -> Answer:
            refused: Exception | None = None
            for _ in range(TRIES):
                try:
                    return attempt()
                except (IntegrityError, DataError) as error:  # most likely another call was faster: look again
                    refused = error
            raise StoreUnavailable(StoreProblem.CONTRADICTED) from refused

        try:
            return await self._threads.run(run)
        except NoAnswer as refused:
            if refused.why is Why.CLOSED:
                raise StoreUnavailable(StoreProblem.CLOSED) from refused
            given_up.set()
            raise StoreUnavailable(StoreProblem.NO_ANSWER) from None
