"""Recognition for many callers at once: utterances spread over recogniser processes, and no more than they bear."""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from ivr.dialogue.ports import Question
from ivr.speech.model_folder import BadModel, ModelFolder
from ivr.speech.process import RecogniserProcess, Words, WorkerUtterance

log = logging.getLogger(__name__)

CALM = 0.5
"""Share of the places taken at which it is said that recognisers are free again."""


class Engine:
    """Implements `ivr.listening.recogniser_port.Ears`. `start` begins it, `close` ends it."""

    def __init__(
        self, folder: Path, workers: int = 0, speakers: int = 0, *, memory_mb: int = 1024, result_s: float = 3.0
    ) -> None:
        """workers: processes, 0 for one a core. speakers: callers whom one hears at once, 0 for what it measures.

        memory_mb: what a process may grow by before it is replaced. result_s: longest wait for a result.
        """
        self._folder = folder
        self._processes = [
            RecogniserProcess(folder, speakers, memory_mb, result_s)
            for _ in range(workers or len(os.sched_getaffinity(0)))
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._refused = 0

    async def start(self) -> None:
        """Start the processes and wait until one understands; the others follow. Raises BadModel where none can.

        After BadModel nothing runs. Later on a process that ends is replaced for as long as it takes.
        """
        ModelFolder.inspect(self._folder)
        self._tasks = [asyncio.create_task(process.run()) for process in self._processes]
        ready = [asyncio.create_task(process.ready.wait()) for process in self._processes]
        failed = asyncio.create_task(self._all_failed())
        try:
            done, _ = await asyncio.wait((*ready, failed), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*ready, failed):
                task.cancel()
        if failed in done and not any(process.ready.is_set() for process in self._processes):
            await self.close()
            raise BadModel(next(process.failure for process in self._processes))

    async def _all_failed(self) -> None:
        for process in self._processes:
            await process.failed.wait()

    async def close(self) -> None:
        """End the processes. Any number of times."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def available(self) -> bool:
        """Whether a process understands and has room for one more caller."""
        return any(process.has_room for process in self._processes)

    @property
    def pids(self) -> list[int]:
        """The processes, for those who watch them."""
        return [process.pid for process in self._processes if process.pid is not None]

    @property
    def speakers(self) -> int:
        """Callers who can speak at once now."""
        return sum(process.most for process in self._processes if process.ready.is_set())

    def listen(self, question: Question, on_partial: Words) -> WorkerUtterance | None:
        """Begin an utterance on the process with the most room; None where all are full, late or gone."""
        able = [process for process in self._processes if process.ready.is_set()]
        free = [process for process in able if process.has_room]
        if not free:
            if able and not self._refused:
                log.warning("all recognisers are busy; callers use keys", extra={"count": self.speakers})
            self._refused += bool(able)
            return None
        if self._refused and sum(process.busy for process in able) <= CALM * self.speakers:
            log.info("recognisers are free again", extra={"refused": self._refused})
            self._refused = 0
        return min(free, key=lambda process: process.busy / process.most).listen(question, on_partial)
