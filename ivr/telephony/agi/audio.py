"""The caller's audio: a descriptor that must be drained, and who listens to it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable

DRAIN_PERIOD_S = 2.0  # the pipe holds 64 KiB, four seconds; waking up for every 20 ms would cost more than the call
DRAIN_SLACK_S = 0.01  # timers are not exact: a tick that comes a little early is still that of its period
LISTEN_PERIOD_S = 0.08  # while somebody listens: a dozen wake-ups a second, all calls at the same moments


class AudioTap:
    """Owns the audio descriptor of a call: signed linear 16 bit, 8 kHz.

    Asterisk drops audio that nobody reads and sends none while the caller's phone is silent, so bytes tell
    how much was heard, not how much time passed.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._listener: Callable[[bytes, float], None] | None = None
        os.set_blocking(fd, False)
        self._timer: asyncio.TimerHandle | None = self._next_tick()

    def listen(self, listener: Callable[[bytes, float], None] | None) -> None:
        """Hand what comes from here on to `listener`, with the clock's seconds, every 80 ms; b"" if nothing came.

        None: nobody listens any more. What came before is thrown away.
        """
        self._drain()
        self._listener = listener
        if self._timer is not None:
            self._timer.cancel()
            self._timer = self._next_tick()

    def close(self) -> None:
        """Give the descriptor back."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        with contextlib.suppress(OSError):
            os.close(self._fd)

    def _tick(self) -> None:
        heard, alive = self._drain()
        if alive:
            self._timer = self._next_tick()
        else:
            self.close()
        if self._listener is not None:
            self._listener(heard, self._loop.time())

    def _next_tick(self) -> asyncio.TimerHandle:
        # The taps of all calls tick at the same moments: one wake-up drains them all.
        length = DRAIN_PERIOD_S if self._listener is None else LISTEN_PERIOD_S
        period = (self._loop.time() + DRAIN_SLACK_S) // length
        return self._loop.call_at((period + 1) * length, self._tick)

    def _drain(self) -> tuple[bytes, bool]:
        """Read what is there; False at the end."""
        heard = b""
        while self._timer is not None:
            try:
                data = os.read(self._fd, 65536)
            except BlockingIOError:
                return heard, True
            except OSError:
                return heard, False
            if not data:
                return heard, False
            heard += data
            if len(data) < 65536:
                return heard, True
        return heard, False
