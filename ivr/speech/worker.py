"""A process that recognises: ``python -m ivr.speech.worker DESCRIPTOR MODEL``; started by the engine.

One thread. Callers take turns, a piece of audio each; an utterance that is only waited for comes first. Ends with the
daemon, whose end of the socket closes.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from ivr.speech.frames import Kind, Unframer, frame, pack_hypotheses, unpack_question
from ivr.speech.model_folder import BadModel
from ivr.speech.recogniser import Models, Utterance

CANNOT_LOAD = 3
"""Exit status where the model cannot be used."""


@dataclass(slots=True)
class _Open:
    utterance: Utterance
    audio: deque[bytes] = field(default_factory=deque)
    words: tuple[str, ...] = ()
    finished: bool = False


class Worker:
    """Serves one daemon over one socket."""

    def __init__(self, daemon: socket.socket, models: Models) -> None:
        self._daemon = daemon
        self._models = models
        self._unframer = Unframer()
        self._open: dict[int, _Open] = {}
        self._turns: deque[int] = deque()

    def serve(self) -> None:
        """Until the daemon is gone."""
        self._daemon.sendall(frame(Kind.READY))
        while self._receive(wait=not self._turns):
            if self._turns:
                self._work()

    def _receive(self, *, wait: bool) -> bool:
        """Take in what has come; False at the end."""
        flags = 0 if wait else socket.MSG_DONTWAIT
        try:
            data = self._daemon.recv(1 << 18, flags)
        except BlockingIOError:
            return True
        except OSError:
            return False
        for kind, number, payload in self._unframer.feed(data):
            self._take(kind, number, payload)
        return bool(data)

    def _take(self, kind: Kind, number: int, payload: bytes) -> None:
        if kind is Kind.PING:
            self._daemon.sendall(frame(Kind.PONG))
        elif kind is Kind.OPEN:
            self._open[number] = _Open(self._models.hear(unpack_question(payload)))
        elif kind is Kind.DROP:
            self._open.pop(number, None)
        elif number in self._open:
            one = self._open[number]
            if kind is Kind.AUDIO:
                one.audio.append(payload)
            elif kind is Kind.FINISH:
                one.finished = True
            if kind is Kind.FINISH:
                self._turns.appendleft(number)
            elif number not in self._turns:
                self._turns.append(number)

    def _work(self) -> None:
        """One turn of the caller whose turn it is."""
        number = self._turns.popleft()
        one = self._open.get(number)
        if one is None:
            return
        if one.finished:
            for pcm in one.audio:
                one.utterance.feed(pcm)
            del self._open[number]
            self._daemon.sendall(frame(Kind.RESULT, number, pack_hypotheses(one.utterance.finish())))
            return
        if one.audio:
            one.utterance.feed(b"".join(one.audio))
            one.audio.clear()
            words = one.utterance.partial
            if words != one.words:
                one.words = words
                self._daemon.sendall(frame(Kind.PARTIAL, number, " ".join(words).encode()))


def main(descriptor: int, folder: Path) -> int:
    """Serve; the exit status."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the daemon drains at Ctrl-C, and then closes the socket
    with socket.socket(fileno=descriptor) as daemon:
        try:
            models = Models(folder)
        except BadModel as error:
            print(error, file=sys.stderr)
            return CANNOT_LOAD
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the daemon is gone
            Worker(daemon, models).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
