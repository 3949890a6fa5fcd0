"""The daemon's side of a recogniser process: its life from start to replacement, and the utterances on it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from ivr.concurrency.backoff import Backoff, Pauses
from ivr.dialogue.ports import Hypothesis, Question
from ivr.listening.recogniser_port import RecogniserLost
from ivr.speech.frames import Kind, frame, pack_question, unpack_cost, unpack_hypotheses, unpack_taken
from ivr.speech.link import Link
from ivr.speech.model_folder import TELEPHONE_RATE

log = logging.getLogger(__name__)

PING_S = 1.0
MOST_SILENT_PINGS = 4
"""Asked so many times without a word, it hangs. Counted, not timed: a daemon held up itself blames nobody."""
MOST_LOADING_PINGS = 120
"""While the model is loaded, which takes half a minute for large ones from a slow disk."""
PAUSES = Pauses(first=0.2, longest=30.0, steady=60.0)

BYTES_PER_S = 2 * TELEPHONE_RATE
MOST_UNDECODED_BYTES = 10 * BYTES_PER_S
"""Of one utterance. A process that is ten seconds behind helps no caller."""
LATE_S, CATCH_UP = 0.5, 0.1
"""LATE_S: average backlog per speaker, seconds of undecoded speech. If it stays above this for CATCH_UP of the longest
wait for a result, the process admits no new speaker. If it does not shrink in that time, the process drops the latest
speakers, so that the others get their results in time."""
GIVEN_UP = 0.25  # of the callers, each time

USABLE = 0.8
"""Share of a process's time that speakers may take, by their recent cost."""
FEWEST_SPEAKERS = 4

Words = Callable[[tuple[str, ...]], None]


class WorkerUtterance:
    """Implements `ivr.listening.recogniser_port.Utterance`. result_s: longest wait for the result, seconds."""

    def __init__(self, process: RecogniserProcess, number: int, on_partial: Words, result_s: float) -> None:
        self._process = process
        self._result_s = result_s
        self._number = number
        self._heard: asyncio.Future[tuple[Hypothesis, ...] | None] = asyncio.get_running_loop().create_future()
        self.finished = False
        self._sent = self._taken = 0
        self.on_partial = on_partial

    @property
    def undecoded(self) -> int:
        """Bytes on their way and not decoded yet."""
        return self._sent - self._taken

    @property
    def lost(self) -> bool:
        """Whether no result will ever come."""
        return self._heard.done() and self._heard.result() is None

    def feed(self, pcm: bytes) -> None:
        """Take in audio; never blocks. More than can be decoded loses the utterance, never memory."""
        if self._heard.done() or self.finished:
            return
        self._sent += len(pcm)
        self._process.weigh(len(pcm))
        if self.undecoded > MOST_UNDECODED_BYTES or not self._process.send(frame(Kind.AUDIO, self._number, pcm)):
            self._process.drop(self._number)

    async def finish(self) -> tuple[Hypothesis, ...]:
        """The hypotheses, best first. Raises EarsLost, at the latest after `result_s`."""
        if not self._heard.done() and not self.finished:
            self.finished = True
            if not self._process.send(frame(Kind.FINISH, self._number)):
                self._process.drop(self._number)
        await asyncio.wait((self._heard,), timeout=self._result_s)
        if not self._heard.done():
            log.warning("a recogniser is too slow; the caller goes on by keys")
            self._process.drop(self._number)
        heard = self._heard.result()
        if heard is None:
            raise RecogniserLost
        return heard

    def abandon(self) -> None:
        """Free what it holds."""
        if not self._heard.done():
            self._process.drop(self._number)

    def end(self, heard: tuple[Hypothesis, ...] | None) -> None:
        """End the utterance; None: no result will ever come."""
        if not self._heard.done():
            self._process.weigh(-self.undecoded)
            self._heard.set_result(heard)

    def progress(self, taken: int, words: tuple[str, ...] | None) -> None:
        """The process has decoded so many bytes, and hears these words now if they have changed."""
        self._process.weigh(self._taken - taken)
        self._taken = taken
        if words is not None:
            try:
                self.on_partial(words)
            except Exception:  # one caller's fault must not end the process of many
                log.exception("a fault while a caller's words were taken")


class RecogniserProcess:
    """One process after the other, as each dies; the owner runs `run` as a task.

    speakers: callers whom it hears at once, 0 for what it measures. memory_mb: what a process may grow by after it
    has loaded the model. result_s: longest wait for a result.
    """

    def __init__(self, folder: Path, speakers: int, memory_mb: int, result_s: float) -> None:
        self._folder = folder
        self._speakers = speakers
        self._result_s = result_s
        self._catch_up_s = CATCH_UP * result_s
        self._memory = memory_mb << 20
        self._link: Link | None = None
        self._open: dict[int, WorkerUtterance] = {}
        self._number = 0
        self._loaded_size = 0
        self._undecoded = 0
        self._late_since: float | None = None
        self._weighed = (0.0, 0)  # when, and what was undecoded then
        self._failure = ""
        self._served = False
        self.pid: int | None = None
        self.ready = asyncio.Event()
        self.failed = asyncio.Event()
        self.cost = 0.0

    @property
    def failure(self) -> str:
        """Why the latest process could not load the model."""
        return self._failure

    @property
    def busy(self) -> int:
        """Utterances on it."""
        return len(self._open)

    @property
    def most(self) -> int:
        """Callers whom it can hear at once now."""
        return self._speakers or max(int(USABLE / self.cost) if self.cost else 0, FEWEST_SPEAKERS)

    @property
    def has_room(self) -> bool:
        """Whether it can take one more caller on."""
        return self.ready.is_set() and self.busy < self.most and not self.late

    @property
    def late(self) -> bool:
        """Whether it has fallen behind what its callers say, and does not catch up."""
        return self._late_since is not None and time.monotonic() - self._late_since > self._catch_up_s

    def weigh(self, more: int) -> None:
        """So many more bytes wait to be decoded, or fewer."""
        self._undecoded += more
        if self._undecoded <= LATE_S * BYTES_PER_S * max(self.busy, 1):
            self._late_since = None
            return
        now = time.monotonic()
        if self._late_since is None:
            self._late_since, self._weighed = now, (now, self._undecoded)
        elif now - self._weighed[0] > self._catch_up_s:
            before, self._weighed = self._weighed[1], (now, self._undecoded)
            if self._undecoded >= before:
                self._give_up_the_last()

    def _give_up_the_last(self) -> None:
        """Switch the latest speakers to keys, so that not everybody waits."""
        speaking = [number for number, utterance in self._open.items() if not utterance.finished]
        several = speaking[1:][-max(int(GIVEN_UP * len(speaking)), 1) :]
        if several:
            log.warning("a recogniser falls behind; who spoke last uses keys", extra={"count": len(several)})
        for number in several:
            self.drop(number)
        self._weighed = (self._weighed[0], self._undecoded)

    def listen(self, question: Question, on_partial: Words) -> WorkerUtterance | None:
        """Begin an utterance; None if the process is gone."""
        self._number = self._number % 0xFFFFFFFF + 1
        if not self.send(frame(Kind.OPEN, self._number, pack_question(question))):
            return None
        utterance = self._open[self._number] = WorkerUtterance(self, self._number, on_partial, self._result_s)
        return utterance

    def send(self, message: bytes) -> bool:
        """Send to the process; False if it is gone."""
        return self._link is not None and self._link.send(message)

    def drop(self, number: int) -> None:
        """Drop an utterance that nobody waits for, or that cannot give a result."""
        utterance = self._open.pop(number, None)
        if utterance is not None:
            utterance.end(None)
            self.send(frame(Kind.DROP, number))

    async def run(self) -> None:
        """Keep a process alive until cancelled."""
        backoff = Backoff(PAUSES)
        while True:
            self._served = False
            try:
                await self._live()
            except Exception:
                log.exception("a fault beside a recogniser process")
            if self._served:
                log.warning("a recogniser process ended and is replaced")
            else:
                self._failure = self._failure or "Vosk breaks down as it loads the model, which is damaged"
                log.warning("a recogniser process could not begin", extra={"reason": self._failure})
                self.failed.set()
            await backoff.pause()

    async def _live(self) -> None:
        """The life of one process."""
        self._failure = ""
        ours, theirs = socket.socketpair()
        with contextlib.ExitStack() as undo:
            undo.enter_context(theirs)
            undo.enter_context(ours)
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ivr.speech.worker",
                str(theirs.fileno()),
                str(self._folder),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,  # Vosk's warnings, many for each utterance
            )
            theirs.close()
            link = Link(lambda *message: self._take(*message, pid=process.pid))
            try:
                await asyncio.get_running_loop().create_connection(lambda: link, sock=ours)
                self.pid, self._link = process.pid, link
                await self._watch(link, process.pid)
            finally:
                self.ready.clear()
                self.pid = self._link = None
                link.close()
                for utterance in self._open.values():
                    utterance.end(None)
                self._open.clear()
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await _ended(process)

    async def _watch(self, link: Link, pid: int) -> None:
        """Until it ends, hangs, grows too large, or fails to load in time."""
        silent = 0
        while not await link.gone_within(PING_S):
            silent = 0 if link.has_spoken() else silent + 1
            if silent > (MOST_SILENT_PINGS if self.ready.is_set() else MOST_LOADING_PINGS):
                log.warning("a recogniser process hangs and is killed")
                return
            if self.ready.is_set() and _memory_of(pid) - self._loaded_size > self._memory:
                log.warning("a recogniser process has grown too large and is killed")
                return
            self.send(frame(Kind.PING))

    def _take(self, kind: Kind, number: int, payload: bytes, *, pid: int) -> None:
        if kind is Kind.READY:
            self.cost = unpack_cost(payload)
            self._loaded_size = _memory_of(pid)
            self._served = True
            self.ready.set()
        elif kind is Kind.PONG:
            self.cost = unpack_cost(payload)
        elif kind is Kind.UNUSABLE:
            self._failure = payload.decode(errors="replace")
        elif (utterance := self._open.get(number)) is not None:
            if kind is Kind.TAKEN:
                utterance.progress(*unpack_taken(payload))
            elif kind is Kind.RESULT:
                del self._open[number]
                utterance.end(unpack_hypotheses(payload))
            elif kind is Kind.LOST:
                log.warning("Vosk failed at an utterance; the caller goes on by keys")
                del self._open[number]
                utterance.end(None)


def _memory_of(pid: int) -> int:
    """Resident memory in bytes, 0 for a process that is gone (proc(5))."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait until a killed process is gone, also where the waiting itself is cancelled: nobody else would fetch it."""
    gone = asyncio.ensure_future(process.wait())
    try:
        await asyncio.shield(gone)
    except asyncio.CancelledError:
        await gone
        raise
