"""The tasks that go on beside the work of a process, with one owner that ends them all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Owned:
    task: asyncio.Task[None]
    finishes: bool


class Background:
    """Owns tasks and ends them together. A failing task writes a log line and ends no other task."""

    def __init__(self) -> None:
        self._owned: list[_Owned] = []

    def start(self, name: str, work: Coroutine[object, object, None], *, finishes: bool = False) -> asyncio.Task[None]:
        """Begin a task. finishes: it ends by itself after the order to stop; `close` waits for it."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(_tell_fault)
        self._owned.append(_Owned(task, finishes))
        return task

    async def close(self) -> None:
        """Wait for the tasks that finish by themselves, then cancel the others one by one, the first begun last."""
        finishing = [owned.task for owned in self._owned if owned.finishes]
        if finishing:
            await asyncio.wait(finishing)
        for owned in reversed(self._owned):
            owned.task.cancel()
            await asyncio.wait((owned.task,))


def _tell_fault(task: asyncio.Task[None]) -> None:
    fault = None if task.cancelled() else task.exception()
    if fault is not None:
        log.critical("a part of the program ended; restart it", exc_info=fault)
