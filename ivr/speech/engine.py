"""Recognition for many callers at once: worker processes, looked after, and utterances spread over them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from ivr.dialogue.ports import Hypothesis, Question
from ivr.listening.ears import EarsLost
from ivr.speech.frames import Kind, Unframer, frame, pack_question, unpack_hypotheses
from ivr.speech.model_folder import BadModel, ModelFolder

log = logging.getLogger(__name__)

LOAD_LIMIT_S = 60.0
PING_S = 1.0
HANG_S = 4.0  # a worker that has said nothing for so long hangs
FINISH_LIMIT_S = 4.0
MOST_BACKLOG = 2 << 20  # bytes on their way to a worker: a minute of audio of two callers
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 30.0


class EngineUtterance:
    """Implements `ivr.listening.ears.Utterance` on a worker."""

    def __init__(self, worker: _Worker, number: int, on_partial: Callable[[tuple[str, ...]], None]) -> None:
        self._worker = worker
        self._number = number
        self.on_partial = on_partial
        self.result: asyncio.Future[tuple[Hypothesis, ...]] = asyncio.get_running_loop().create_future()
        self._given_up = False

    def feed(self, pcm: bytes) -> None:
        """Take in audio; never blocks."""
        if not self.result.done() and not self._worker.send(frame(Kind.AUDIO, self._number, pcm)):
            self.lose()

    async def finish(self) -> tuple[Hypothesis, ...]:
        """What was heard. Raises EarsLost within four seconds."""
        if not self.result.done() and not self._worker.send(frame(Kind.FINISH, self._number)):
            self.lose()
        try:
            return await asyncio.wait_for(asyncio.shield(self.result), FINISH_LIMIT_S)
        except TimeoutError:
            raise EarsLost from None

    def abandon(self) -> None:
        """Free what it holds."""
        if not self._given_up:
            self._given_up = True
            self._worker.forget(self._number, tell=not self.result.done())
            if self.result.done() and not self.result.cancelled():
                self.result.exception()  # taken note of
            self.result.cancel()

    def lose(self) -> None:
        """The worker is gone or too far behind."""
        if not self.result.done():
            self.result.set_exception(EarsLost())


class _Worker:
    """One process and the utterances on it; `run` owns it and replaces it when it dies."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: asyncio.StreamWriter | None = None
        self._open: dict[int, EngineUtterance] = {}
        self._number = 0
        self.pid: int | None = None
        self.ready = asyncio.Event()
        self.unusable = ""  # why the model cannot be loaded

    @property
    def busy(self) -> int:
        """Utterances on it."""
        return len(self._open)

    def listen(self, question: Question, on_partial: Callable[[tuple[str, ...]], None]) -> EngineUtterance | None:
        """Begin an utterance; None if the process is gone."""
        self._number += 1
        utterance = EngineUtterance(self, self._number, on_partial)
        if not self.send(frame(Kind.OPEN, self._number, pack_question(question))):
            return None
        self._open[self._number] = utterance
        return utterance

    def send(self, message: bytes) -> bool:
        """Send to the process; False if it is gone or too much waits for it."""
        writer = self._writer
        if writer is None or writer.transport.is_closing() or writer.transport.get_write_buffer_size() > MOST_BACKLOG:
            return False
        writer.write(message)
        return True

    def forget(self, number: int, *, tell: bool) -> None:
        """Nobody waits for this utterance any more."""
        self._open.pop(number, None)
        if tell:
            self.send(frame(Kind.DROP, number))

    async def run(self) -> None:
        """Keep a process alive until cancelled, or until the model turns out to be unusable."""
        pause = FIRST_PAUSE_S
        ever_ready = False
        while not self.unusable:
            await self._live()
            if self.ready.is_set():
                ever_ready, pause = True, FIRST_PAUSE_S
                self.ready.clear()
            elif not ever_ready:
                self.unusable = self.unusable or "the recogniser dies while it loads the model; the folder is damaged"
                return
            log.warning("a recogniser process ended and is replaced")
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def _live(self) -> None:
        """The life of one process."""
        ours, theirs = socket.socketpair()
        process: asyncio.subprocess.Process | None = None
        try:
            with theirs:
                process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "ivr.speech.worker",
                    str(theirs.fileno()),
                    str(self._folder),
                    pass_fds=(theirs.fileno(),),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                )
            self.pid = process.pid
            reader, self._writer = await asyncio.open_unix_connection(sock=ours)
            await self._listen_to(reader)
        except (OSError, ValueError):
            log.warning("a recogniser process spoke nonsense or could not be started")
        finally:
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()
            else:
                ours.close()
            for utterance in list(self._open.values()):
                utterance.lose()
            self._open.clear()
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
            self.pid = None

    async def _listen_to(self, reader: asyncio.StreamReader) -> None:
        """Take its messages until it ends, hangs, or fails to load in time."""
        unframer = Unframer()
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            limit = HANG_S if self.ready.is_set() else LOAD_LIMIT_S
            try:
                data = await asyncio.wait_for(reader.read(1 << 16), PING_S)
            except TimeoutError:
                if loop.time() - last > limit:
                    log.warning("a recogniser process hangs and is killed")
                    return
                self.send(frame(Kind.PING))
                continue
            if not data:
                return
            last = loop.time()
            for kind, number, payload in unframer.feed(data):
                self._take(kind, number, payload)

    def _take(self, kind: Kind, number: int, payload: bytes) -> None:
        if kind is Kind.READY:
            self.ready.set()
        utterance = self._open.get(number)
        if utterance is None:
            return
        if kind is Kind.PARTIAL:
            utterance.on_partial(tuple(payload.decode().split()))
        elif kind is Kind.RESULT and not utterance.result.done():
            utterance.result.set_result(unpack_hypotheses(payload))


class Engine:
    """Implements `ivr.listening.ears.Ears`: one process a core, each with at most so many speaking callers."""

    def __init__(self, folder: Path, workers: int, speakers: int) -> None:
        """workers: processes, 0 for one a core. speakers: callers that one process hears at once."""
        self._folder = folder
        self._speakers = speakers
        self._workers = [_Worker(folder) for _ in range(workers or len(os.sched_getaffinity(0)))]
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the processes and wait until the first understands. Raises BadModel where none can."""
        ModelFolder.inspect(self._folder)
        self._tasks = [asyncio.create_task(worker.run()) for worker in self._workers]
        ready = [asyncio.create_task(worker.ready.wait()) for worker in self._workers]
        try:
            pending = {*ready, *self._tasks}
            while pending and not any(task.done() for task in ready):
                _, pending = await asyncio.wait(pending, timeout=LOAD_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
                if all(task.done() for task in self._tasks):
                    why = next((worker.unusable for worker in self._workers if worker.unusable), "it cannot be loaded")
                    raise BadModel(f"{self._folder}: {why}")
        finally:
            for task in ready:
                task.cancel()

    async def close(self) -> None:
        """End the processes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def available(self) -> bool:
        """Whether a process understands."""
        return any(worker.ready.is_set() for worker in self._workers)

    @property
    def pids(self) -> list[int]:
        """The processes, for those who watch them."""
        return [worker.pid for worker in self._workers if worker.pid is not None]

    def listen(self, question: Question, on_partial: Callable[[tuple[str, ...]], None]) -> EngineUtterance | None:
        """Begin an utterance on the least busy process; None where all are full or gone."""
        free = [worker for worker in self._workers if worker.ready.is_set() and worker.busy < self._speakers]
        if not free:
            return None
        return min(free, key=lambda worker: worker.busy).listen(question, on_partial)
