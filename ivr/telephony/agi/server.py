"""Takes calls in: a Unix socket for the EAGI launcher's descriptors, and TCP for FastAGI (keys only).

    launcher -> daemon   "IVR-EAGI 1\\n"
    daemon -> launcher   "READY\\n"  (or "FULL\\n" and the end)
    launcher -> daemon   one byte with descriptors 0, 1 and 3 (SCM_RIGHTS)
    daemon -> launcher   "TAKEN\\n"

Every connection is a task of the server with a limit for each wait; whatever one of them sends, no other call notices.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from ivr.dialogue.ports import HungUp
from ivr.telephony.agi.session import AgiSession, SessionBroken
from ivr.telephony.agi.wire import Wire
from ivr.telephony.names import FULL, HELLO, READY, TAKEN

log = logging.getLogger(__name__)

LONGEST_SOCKET_PATH = 107  # sockaddr_un of Linux
END_S = 10.0  # for calls that drain has cancelled: they only write down how they ended


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call that has begun: its session with the header read, and the descriptor of the caller's audio.

    audio_fd: signed linear 16 bit, 8 kHz; None over FastAGI. The handler owns and closes it.
    """

    session: AgiSession
    audio_fd: int | None


Handler = Callable[[Incoming], Awaitable[None]]
Fetch = Callable[[socket.socket, contextlib.ExitStack], Awaitable[tuple[Wire, int | None] | None]]
"""Gets a call's wire and audio out of a connection, None if it brings none; takes a line for as long as the stack."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """calls: at once. header_s, header_bytes: limits of a call's beginning."""

    calls: int
    header_s: float
    header_bytes: int


class CallServer:
    """Listens, and runs `handler` for each call in a task of its own until `drain`."""

    def __init__(self, handler: Handler, bounds: Bounds) -> None:
        self._handler = handler
        self._bounds = bounds
        self._listeners: list[tuple[socket.socket, asyncio.Task[None]]] = []
        self._socket_path: Path | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._calls = 0

    @property
    def calls(self) -> int:
        """Calls in progress, those just being handed over included."""
        return self._calls

    def listen_unix(self, path: Path) -> None:
        """Open the launcher's socket. Raises OSError if it cannot, or if another daemon answers there."""
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
            raise OSError(f"{path}: longer than {LONGEST_SOCKET_PATH} bytes, which a Unix socket cannot have")
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_socket():
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                with contextlib.suppress(ConnectionRefusedError, FileNotFoundError):
                    probe.connect(str(path))
                    raise OSError(f"{path}: another daemon listens there")
            path.unlink(missing_ok=True)  # left by a killed daemon
        with contextlib.ExitStack() as undo:
            listener = undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listener.bind(str(path))
            path.chmod(0o660)
            undo.pop_all()
        self._socket_path = path
        self._listen(listener, self._from_launcher)

    def listen_fastagi(self, host: str, port: int) -> int:
        """Open the FastAGI port and return it (useful with port 0). Raises OSError."""
        listener = socket.create_server((host, port))
        self._listen(listener, self._from_fastagi)
        return int(listener.getsockname()[1])

    async def drain(self, limit_s: float) -> None:
        """Take no more calls, let those in progress finish for `limit_s`, then end them: the dialplan takes over."""
        if self._socket_path is not None:
            # Before the listener closes: from then on a new daemon may have put its own socket there.
            self._socket_path.unlink(missing_ok=True)
        for listener, task in self._listeners:
            task.cancel()
            await asyncio.wait({task})
            listener.close()
        self._listeners.clear()
        if self._connections:
            await asyncio.wait(self._connections, timeout=limit_s)
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=END_S)

    def _listen(self, listener: socket.socket, fetch: Fetch) -> None:
        listener.setblocking(False)
        listener.listen(self._bounds.calls)
        self._listeners.append((listener, asyncio.create_task(self._accept(listener, fetch))))

    async def _accept(self, listener: socket.socket, fetch: Fetch) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError:
                log.warning("a connection could not be accepted")
                await asyncio.sleep(0.1)  # out of descriptors: the next try finds the same until calls end
                continue
            if len(self._connections) >= 2 * self._bounds.calls:
                connection.close()  # a flood: idle connections have header_s to live
                continue
            task = asyncio.create_task(self._serve(connection, fetch))
            self._connections.add(task)
            task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._connections.discard(task)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            log.error("a fault ended a call; the dialplan takes over", exc_info=fault)

    async def _serve(self, connection: socket.socket, fetch: Fetch) -> None:
        with contextlib.ExitStack() as taken:
            try:
                with connection:
                    connection.setblocking(False)
                    call = await fetch(connection, taken)
            except (OSError, TimeoutError):
                log.warning("a connection brought no call")
                return
            if call is not None:
                await self._answer(*call)

    def _take_line(self, taken: contextlib.ExitStack) -> bool:
        """Take one of the lines until `taken` ends; False if there is none."""
        if self._calls >= self._bounds.calls:
            log.warning("all lines are taken")
            return False
        self._calls += 1
        taken.callback(self._free_line)
        return True

    def _free_line(self) -> None:
        self._calls -= 1

    async def _from_launcher(
        self, connection: socket.socket, taken: contextlib.ExitStack
    ) -> tuple[Wire, int | None] | None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(self._bounds.header_s):
            greeting = b""
            while len(greeting) < len(HELLO):
                data = await loop.sock_recv(connection, len(HELLO) - len(greeting))
                greeting += data
                if not data or not HELLO.startswith(greeting):
                    log.warning("a connection brought no call")
                    return None
            # From here on, not from the descriptors on: else a burst of callers is told READY by the last free line.
            if not self._take_line(taken):
                await loop.sock_sendall(connection, FULL)
                return None
            await loop.sock_sendall(connection, READY)
            fds = await _descriptors(connection)
        with contextlib.ExitStack() as unclaimed:
            for fd in fds:
                unclaimed.callback(_close, fd)
            if len(fds) != 3:
                log.warning("a launcher sent other descriptors than three")
                return None
            async with asyncio.timeout(self._bounds.header_s):
                await loop.sock_sendall(connection, TAKEN)
            wire = Wire(fds[0], fds[1])
            unclaimed.pop_all()
            return wire, fds[2]

    async def _from_fastagi(
        self, connection: socket.socket, taken: contextlib.ExitStack
    ) -> tuple[Wire, int | None] | None:
        if not self._take_line(taken):
            return None
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire = Wire(connection.fileno(), connection.fileno())
        connection.detach()
        return wire, None

    async def _answer(self, wire: Wire, audio_fd: int | None) -> None:
        session = AgiSession(wire)
        try:
            with contextlib.ExitStack() as unclaimed:
                if audio_fd is not None:
                    unclaimed.callback(_close, audio_fd)
                await session.read_header(self._bounds.header_s, self._bounds.header_bytes)
                unclaimed.pop_all()  # the handler's from here on
            await self._handler(Incoming(session, audio_fd))
        except HungUp:
            log.info("the caller hung up before the call began")
        except SessionBroken:
            log.warning("a session broke before the call began")
        finally:
            session.close()


async def _descriptors(connection: socket.socket) -> list[int]:
    """Wait for the message that carries descriptors."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(connection, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(connection)
    _, fds, _, _ = socket.recv_fds(connection, 1, 8)
    for fd in fds:
        # A worker process that inherited the call would keep it open after the daemon has let go of it.
        os.set_inheritable(fd, False)
    return list(fds)


def _close(fd: int) -> None:
    with contextlib.suppress(OSError):
        os.close(fd)
