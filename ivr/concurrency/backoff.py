"""Pauses between restarts of a connection or a process.

Each pause is twice as long as the last one. After a long life the pauses are short again.
"""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds. first, longest: the pauses. steady: after a life longer than this the first pause comes again.

    spread: share of a pause that is left to chance, so that many who lost the same thing do not come back together.
    """

    first: float
    longest: float
    steady: float
    spread: float = 0.0


class Backoff:
    """A life begins when this is made and at the end of each `pause`, and ends with the next `pause`."""

    def __init__(self, pauses: Pauses) -> None:
        self._pauses = pauses
        self._next = pauses.first
        self._began = time.monotonic()

    async def pause(self) -> None:
        """Wait for as long as is due."""
        await asyncio.sleep(self.due(time.monotonic() - self._began))
        self._began = time.monotonic()

    def due(self, lived: float) -> float:
        """The pause after a life of so many seconds; the next one will be longer."""
        pauses = self._pauses
        due = pauses.first if lived > pauses.steady else self._next
        self._next = min(due * 2, pauses.longest)
        return due * (1 - random.uniform(0, pauses.spread))
