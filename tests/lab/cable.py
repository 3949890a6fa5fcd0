"""A cable between us and Asterisk's manager that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator


class Cable:
    """Passes bytes both ways between a port of its own and another, until cut. Whatever it opens, it closes."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._whole = True
        self._flowing = True
        self._held: dict[socket.socket, bytearray] = {}  # by the socket that it goes to
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setblocking(False)
        self.port: int = self._listening.getsockname()[1]
        self.connections = 0

    @property
    def held(self) -> bytes:
        """What came while nothing was passed on."""
        return b"".join(self._held.values())

    def cut(self) -> None:
        """Break every connection, and each new one at once."""
        self._whole = False
        for end in self._held:
            with contextlib.suppress(OSError):  # the other side was quicker
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    def hold(self) -> None:
        """Keep every connection and pass nothing on, as a machine that hangs."""
        self._flowing = False

    async def release(self) -> None:
        """Pass on what was held, at once, and from now on what comes."""
        self._flowing = True
        for sink in tuple(self._held):
            with contextlib.suppress(OSError):
                await self._send(sink)

    async def run(self) -> None:
        """Let connections in until cancelled; nothing is open afterwards."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                near, _ = await loop.sock_accept(self._listening)
                self.connections += 1
                task = asyncio.create_task(self._join(near))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        finally:
            self._listening.close()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)

    async def _join(self, near: socket.socket) -> None:
        with near, socket.socket() as far:
            far.setblocking(False)
            if not self._whole:
                return
            self._held.update({near: bytearray(), far: bytearray()})
            try:
                await asyncio.get_running_loop().sock_connect(far, ("127.0.0.1", self._to))
                await asyncio.gather(self._pass(near, far), self._pass(far, near))
            except OSError:
                return  # nobody is at the other end
            finally:
                del self._held[near], self._held[far]

    async def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := await asyncio.get_running_loop().sock_recv(source, 65536):
                self._held[sink] += data
                if self._flowing:
                    await self._send(sink)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    async def _send(self, sink: socket.socket) -> None:
        async with self._sending:
            data = bytes(self._held[sink])
            self._held[sink].clear()
            await asyncio.get_running_loop().sock_sendall(sink, data)


@contextlib.asynccontextmanager
async def cable(to: int) -> AsyncIterator[Cable]:
    """A cable to a port of this machine."""
    link = Cable(to)
    running = asyncio.create_task(link.run())
    try:
        yield link
    finally:
        running.cancel()
        await asyncio.wait({running})
