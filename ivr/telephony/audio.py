"""The caller's audio: a descriptor that must be drained, and what was said during a question."""

from __future__ import annotations

import asyncio
import contextlib
import os

DRAIN_PERIOD_S = 2.0  # the pipe holds 64 KiB, four seconds; waking up for every 20 ms would cost more than the call
DRAIN_SLACK_S = 0.01  # timers are not exact: a tick that comes a little early is still that of its period
LONGEST_UTTERANCE_S = 60
BYTES_PER_S = 16000


class AudioTap:
    """Owns the audio descriptor of a call: signed linear 16 bit, 8 kHz.

    Asterisk drops audio that nobody reads and sends none while the caller's phone is silent, so bytes tell
    how much was heard, not how much time passed; `heard_at` is the clock time of the latest.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._kept: bytearray | None = None
        self.heard_at: float | None = None
        os.set_blocking(fd, False)
        self._timer: asyncio.TimerHandle | None = self._next_tick()

    def begin(self) -> None:
        """Forget what was said before and keep what comes, at most a minute."""
        self._drain()
        self._kept = bytearray()

    def end(self) -> bytes:
        """What was said since `begin`."""
        self._drain()
        kept, self._kept = self._kept, None
        return bytes(kept or b"")

    def close(self) -> None:
        """Give the descriptor back."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _tick(self) -> None:
        if self._drain():
            self._timer = self._next_tick()
        else:
            self.close()

    def _next_tick(self) -> asyncio.TimerHandle:
        # The taps of all calls tick at the same moments: one wake-up drains them all.
        period = (self._loop.time() + DRAIN_SLACK_S) // DRAIN_PERIOD_S
        return self._loop.call_at((period + 1) * DRAIN_PERIOD_S, self._tick)

    def _drain(self) -> bool:
        """Read what is there; False at the end."""
        while self._timer is not None:
            try:
                data = os.read(self._fd, 65536)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            self.heard_at = self._loop.time()
            if self._kept is not None and len(self._kept) < LONGEST_UTTERANCE_S * BYTES_PER_S:
                self._kept += data
            if len(data) < 65536:
                return True
        return False
