"""A cable between us and Asterisk's manager that can be cut."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Cable:
    """Passes bytes both ways between a port of its own and another, until cut."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._whole = True
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connections = 0

    def cut(self) -> None:
        """Break every connection, and each new one at once."""
        self._whole = False
        for end in self._ends:
            end.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._whole = True

    def hold(self) -> None:
        """Keep every connection and pass nothing on, as a machine that hangs."""
        self._flowing.clear()

    def release(self) -> None:
        """Pass bytes on again."""
        self._flowing.set()

    async def plug(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if not self._whole:
            writer.close()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.close()
            return
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            self._ends.add(sink)
            task = asyncio.create_task(self._pass(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                await self._flowing.wait()
                sink.write(data)
        sink.close()
        self._ends.discard(sink)

    async def pull(self) -> None:
        """The end of it."""
        self.cut()
        self.release()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)


@contextlib.asynccontextmanager
async def cable(to: int) -> AsyncIterator[Cable]:
    """A cable to a port of this machine."""
    link = Cable(to)
    server = await asyncio.start_server(link.plug, "127.0.0.1", 0)
    link.port = server.sockets[0].getsockname()[1]
    try:
        yield link
    finally:
        server.close()
        await link.pull()
