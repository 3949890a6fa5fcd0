"""Lines in, bytes out, over the pair of descriptors of a call (pipes of EAGI, or one socket of FastAGI)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable

from ivr.domain.faults import Unavailable

_CHUNK = 65536
_LONGEST_LINE = 65536
_MOST_LINES = 1000


class WireClosed(Unavailable):
    """The other side is gone: Asterisk closed the descriptors, which is how it tells of a hang-up."""


class Wire:
    """Owns a read and a write descriptor, both non-blocking; `close` gives them back.

    A line longer than 64 KiB or a backlog of 1000 lines counts as closed: nothing of Asterisk's looks like that.
    """

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._read_fd, self._write_fd = read_fd, write_fd
        self._rest = b""
        self._lines: deque[bytes] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._heard: Callable[[], None] | None = None
        self._closed = False
        os.set_blocking(read_fd, False)
        os.set_blocking(write_fd, False)
        self._loop.add_reader(read_fd, self._readable)

    @property
    def closed(self) -> bool:
        """Whether no more lines can come beyond those already here."""
        return self._closed

    def write(self, data: bytes) -> None:
        """Send at once. Raises WireClosed if the other side is gone or does not read."""
        if self._closed:
            raise WireClosed
        try:
            written = os.write(self._write_fd, data)
        except OSError as error:
            self.close()
            raise WireClosed from error
        if written != len(data):
            self.close()  # 64 KiB of unread commands: the other side hangs
            raise WireClosed

    async def line(self) -> bytes:
        """The next line without its line break. Raises WireClosed at the end; one waiter at a time."""
        while (line := self.received()) is None:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return line

    def received(self) -> bytes | None:
        """The next line if it is here already, else None. Raises WireClosed if none can come."""
        if self._lines:
            return self._lines.popleft()
        if self._closed:
            raise WireClosed
        return None

    def tell(self, heard: Callable[[], None]) -> None:
        """Call `heard` whenever `received` has something new to say: lines, or the end."""
        self._heard = heard

    def close(self) -> None:
        """Stop reading and close both descriptors; lines already received can still be read."""
        if self._closed:
            return
        self._closed = True
        self._loop.remove_reader(self._read_fd)
        for fd in {self._read_fd, self._write_fd}:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._wake()

    def _readable(self) -> None:
        try:
            data = os.read(self._read_fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        self._lines.extend(lines)
        if len(self._rest) > _LONGEST_LINE or len(self._lines) > _MOST_LINES:
            self.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        if self._heard is not None:
            self._heard()
