"""A process that recognises: ``python -m ivr.speech.worker DESCRIPTOR MODEL``; started by the engine.

One thread. Utterances take turns, a piece of audio each; finished ones that wait for a result come first. It ends when
the daemon closes its end of the socket, and by the kernel's hand when the daemon is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from ivr.dialogue.ports import Expects, Question
from ivr.speech.frames import Kind, Unframer, frame, pack_cost, pack_hypotheses, pack_taken, unpack_question
from ivr.speech.model_folder import TELEPHONE_RATE, BadModel
from ivr.speech.recogniser import Models, Utterance

PIECE_BYTES = 3200  # 200 ms: as long as one caller can keep the others waiting
TOLD_BYTES = 3200  # how often the daemon hears of progress while the words stay the same
SOCKET_BYTES = 1 << 18
BYTES_PER_S = 2 * TELEPHONE_RATE
PR_SET_PDEATHSIG = 1  # linux/prctl.h
SAMPLE_S = 2


class Cost:
    """What a second of callers' speech takes of this process's time, by the clock: a busy machine makes it dearer.

    Begins with what was measured at the start, and follows what the last `MEMORY_S` or so of speech took.
    """

    MEMORY_S = 8.0

    def __init__(self, measured: float) -> None:
        self._spent, self._heard = measured * self.MEMORY_S, self.MEMORY_S

    def took(self, spent_s: float, heard_s: float) -> None:
        """So much speech took so long; a result is work without further speech."""
        self._spent += spent_s
        self._heard += heard_s
        if self._heard > 2 * self.MEMORY_S:
            self._spent, self._heard = self._spent / 2, self._heard / 2

    @property
    def of_a_second(self) -> float:
        """Seconds for a second of one caller's speech, results included."""
        return self._spent / self._heard


@dataclass(slots=True)
class _Open:
    utterance: Utterance
    audio: deque[bytes] = field(default_factory=deque)
    waiting: bytes = b""  # the rest of a block of audio that is longer than a piece
    taken: int = 0
    told: int = 0
    words: tuple[str, ...] = ()
    finished: bool = False
    queued: bool = False

    def piece(self) -> bytes:
        """The next audio to decode; b"" if there is none."""
        pieces = [self.waiting]
        size = len(self.waiting)
        while self.audio and size < PIECE_BYTES:
            pieces.append(self.audio.popleft())
            size += len(pieces[-1])
        whole = b"".join(pieces)
        self.waiting = whole[PIECE_BYTES:]
        return whole[:PIECE_BYTES]


class Worker:
    """Serves one daemon over one socket."""

    def __init__(self, daemon: socket.socket, models: Models, cost: Cost) -> None:
        self._daemon = daemon
        self._models = models
        self._cost = cost
        self._unframer = Unframer()
        self._open: dict[int, _Open] = {}
        self._speaking: deque[int] = deque()
        self._waiting: deque[int] = deque()  # for the result

    def serve(self) -> None:
        """Until the daemon is gone."""
        while self._receive(wait=not (self._speaking or self._waiting)):
            if self._waiting:
                self._turn(self._waiting)
            elif self._speaking:
                self._turn(self._speaking)

    def _receive(self, *, wait: bool) -> bool:
        """Take in what has come; False at the end."""
        try:
            data = self._daemon.recv(SOCKET_BYTES, 0 if wait else socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        for kind, number, payload in self._unframer.feed(data):
            self._take(kind, number, payload)
        return bool(data)

    def _take(self, kind: Kind, number: int, payload: bytes) -> None:
        if kind is Kind.PING:
            self._daemon.sendall(frame(Kind.PONG, payload=pack_cost(self._cost.of_a_second)))
        elif kind is Kind.OPEN:
            try:
                self._open[number] = _Open(self._models.hear(unpack_question(payload)))
            except Exception:
                self._daemon.sendall(frame(Kind.LOST, number))
        elif kind is Kind.DROP:
            self._open.pop(number, None)
        elif (one := self._open.get(number)) is not None:
            if kind is Kind.AUDIO:
                one.audio.append(payload)
                if not one.queued:
                    one.queued = True
                    self._speaking.append(number)
            elif kind is Kind.FINISH and not one.finished:
                one.finished = True
                self._waiting.append(number)

    def _turn(self, queue: deque[int]) -> None:
        """One piece of the utterance whose turn it is."""
        number = queue.popleft()
        one = self._open.get(number)
        if one is None:
            return
        if queue is self._speaking:
            one.queued = False
            if one.finished:
                return
        began, taken = time.monotonic(), one.taken
        try:
            more = self._decode(number, one)
        except Exception:  # Vosk's own kind; the others go on
            self._open.pop(number, None)
            self._daemon.sendall(frame(Kind.LOST, number))
            return
        self._cost.took(time.monotonic() - began, (one.taken - taken) / BYTES_PER_S)
        if more:
            one.queued = queue is self._speaking
            queue.append(number)

    def _decode(self, number: int, one: _Open) -> bool:
        """Decode a piece, and give the result with the last one. Whether there is more to decode."""
        piece = one.piece()
        more = bool(one.waiting or one.audio)
        if piece:
            one.utterance.feed(piece)
            one.taken += len(piece)
        if not one.finished:
            words = one.utterance.partial
            changed = words != one.words
            if changed or one.taken - one.told >= TOLD_BYTES:
                one.words, one.told = words, one.taken
                self._daemon.sendall(frame(Kind.TAKEN, number, pack_taken(one.taken, words if changed else None)))
        elif not more:
            del self._open[number]
            self._daemon.sendall(frame(Kind.RESULT, number, pack_hypotheses(one.utterance.finish())))
        return more


def cost_of_a_caller(models: Models) -> float:
    """Time for a second of speech at the dearest question by the clock, seconds; measured with noise.

    Only to begin with: `Cost` tells what callers cost.
    """
    random = Random(0)
    noise = b"".join(
        random.randint(-3000, 3000).to_bytes(2, "little", signed=True) for _ in range(SAMPLE_S * TELEPHONE_RATE)
    )
    costs = []
    for expects in (Expects.ACCOUNT, Expects.READING):
        began = time.monotonic()
        utterance = models.hear(Question((), expects))
        for at in range(0, len(noise), PIECE_BYTES):
            utterance.feed(noise[at : at + PIECE_BYTES])
        utterance.finish()
        costs.append((time.monotonic() - began) / SAMPLE_S)
    return max(costs)


def _end_with_the_daemon() -> None:
    """Signals that mean the daemon are not for this process: it drains, and calls in progress still speak."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Also while Vosk hangs in native code and reads no socket.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main(descriptor: int, folder: Path) -> int:
    """Serve; the exit status."""
    _end_with_the_daemon()
    with socket.socket(fileno=descriptor) as daemon, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        try:
            models = Models(folder)
            cost = cost_of_a_caller(models)
        except BadModel as error:
            daemon.sendall(frame(Kind.UNUSABLE, payload=str(error).encode()))
            return 1
        daemon.sendall(frame(Kind.READY, payload=pack_cost(cost)))
        Worker(daemon, models, Cost(cost)).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
