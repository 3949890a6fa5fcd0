"""The call server over real sockets, with the real launcher: who gets served, who gets refused, what stays open."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ivr.logs import JsonLines
from ivr.telephony.agi.server import Bounds, CallServer, Incoming
from ivr.telephony.names import FULL, HELLO, READY
from tests.telephony.asterisk_end import HEADER, LIMIT_S, FakeAsterisk, descriptors
from tests.telephony.calling import eagi_call, served_call
from tests.waiting import until


@dataclass
class Desk:
    """Answers every call: waits for a key, tells it to the dialplan, and keeps what it saw."""

    headers: list[dict[str, str]] = field(default_factory=list)
    inherited: list[bool] = field(default_factory=list)
    audio: list[bool] = field(default_factory=list)

    async def answer(self, call: Incoming) -> None:
        self.headers.append(call.session.header)
        self.audio.append(call.audio_fd is not None)
        if call.audio_fd is not None:
            self.inherited.append(os.get_inheritable(call.audio_fd))
            os.close(call.audio_fd)
        key = await call.session.wait_for_key(LIMIT_S)
        await call.session.set_variable("KEY", key)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "ivr.sock"


@asynccontextmanager
async def daemon(
    desk: Desk, path: Path, *, calls: int = 8, header_s: float = LIMIT_S, header_bytes: int = 4096
) -> AsyncIterator[CallServer]:
    server = CallServer(desk.answer, Bounds(calls, header_s, header_bytes))
    server.listen_unix(path)
    try:
        yield server
    finally:
        await server.drain(0)


async def free(server: CallServer) -> None:
    """Wait until the server has no call any more."""
    await until(lambda: server.calls == 0)


def mode(path: Path) -> int | None:
    """Rights of a file, None if it is not there."""
    return stat.S_IMODE(path.stat().st_mode) if path.exists() else None


@contextmanager
def connection(path: Path) -> Iterator[socket.socket]:
    """Somebody connects who is no launcher."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.setblocking(False)
        yield connection


async def received(connection: socket.socket, size: int = 16) -> bytes:
    """What the server sends next, b"" at the end."""
    async with asyncio.timeout(LIMIT_S):
        try:
            return await asyncio.get_running_loop().sock_recv(connection, size)
        except ConnectionResetError:
            return b""


# Calls


async def test_a_call_is_handed_over_and_served(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server, served_call(path) as call:
        await call.asterisk.asks_for_key()
        assert server.calls == 1
        call.asterisk.press("5")
        await call.asterisk.closed()
        assert call.asterisk.variables == {"KEY": "5"}
        assert desk.headers[0]["agi_callerid"] == "89161234567"
        assert desk.audio == [True]
        assert not call.audio_is_heard
        await free(server)


async def test_no_process_of_the_daemon_inherits_a_call(desk: Desk, path: Path) -> None:
    async with daemon(desk, path), served_call(path) as call:
        await call.asterisk.asks_for_key()
        assert desk.inherited == [False]


async def test_calls_are_served_side_by_side(desk: Desk, path: Path) -> None:
    async with daemon(desk, path), served_call(path) as first, served_call(path) as second:
        await first.asterisk.asks_for_key()
        await second.asterisk.asks_for_key()
        second.asterisk.press("2")
        await second.asterisk.closed()
        first.asterisk.press("1")
        await first.asterisk.closed()
        assert (first.asterisk.variables, second.asterisk.variables) == ({"KEY": "1"}, {"KEY": "2"})


async def test_a_hang_up_frees_the_line(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server, served_call(path) as call:
        await call.asterisk.asks_for_key()
        call.asterisk.hang_up()
        await free(server)


async def test_a_fault_ends_one_call_and_its_text_stays_out_of_the_log(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(Desk):
        async def answer(self, call: Incoming) -> None:
            await super().answer(call)
            raise KeyError("account 1234567890")

    async with daemon(Faulty(), path) as server, served_call(path) as call:
        await call.asterisk.asks_for_key()
        with caplog.at_level(logging.INFO):
            call.asterisk.press("1")
            await call.asterisk.closed()
            await free(server)
            await asyncio.sleep(0)
        lines = [JsonLines().format(record) for record in caplog.records]
        assert any('"fault": "KeyError"' in line for line in lines)
        assert not any("1234567890" in line for line in lines)


async def test_the_socket_is_for_owner_and_group(desk: Desk, path: Path) -> None:
    async with daemon(desk, path):
        assert mode(path) == 0o660


# The launcher without a daemon


async def test_without_a_daemon_the_launcher_fails(tmp_path: Path) -> None:
    async with eagi_call(tmp_path / "nobody.sock") as call:
        assert await call.exit_code() == 1


async def test_without_an_argument_the_launcher_fails() -> None:
    async with eagi_call("") as call:
        assert await call.exit_code() == 1


async def test_the_launcher_fails_at_a_file_that_is_no_socket(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    async with eagi_call(tmp_path / "file") as call:
        assert await call.exit_code() == 1


async def test_the_launcher_fails_at_a_path_that_no_socket_can_have(tmp_path: Path) -> None:
    async with eagi_call(tmp_path / ("x" * 200)) as call:
        assert await call.exit_code() == 1


async def test_the_launcher_fails_at_a_daemon_that_hangs(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(tmp_path / "ivr.sock"))
        hanging.listen()
        async with eagi_call(tmp_path / "ivr.sock", *HEADER, hasty=True) as call:
            assert await call.exit_code() == 1
            await call.asterisk.closed()  # no descriptor of the call is stuck in the daemon's queue
            assert not call.audio_is_heard


async def test_the_launcher_fails_at_a_daemon_that_hangs_after_it_was_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "ivr.sock"))
        listener.listen()
        listener.setblocking(False)
        async with eagi_call(tmp_path / "ivr.sock", hasty=True) as call:
            hanging, _ = await asyncio.get_running_loop().sock_accept(listener)
            with hanging:
                with suppress(BrokenPipeError):  # it has waited for its second already
                    hanging.send(READY)
                assert await call.exit_code() == 1


async def test_the_launcher_fails_when_all_lines_are_taken(desk: Desk, path: Path) -> None:
    async with daemon(desk, path, calls=1) as server, served_call(path) as first:
        await first.asterisk.asks_for_key()
        async with eagi_call(path, *HEADER) as second:
            assert await second.exit_code() == 1
        first.asterisk.press("1")
        await first.asterisk.closed()
        await free(server)
        async with served_call(path) as third:
            await third.asterisk.asks_for_key()


async def test_a_burst_of_callers_does_not_share_the_last_line(desk: Desk, path: Path) -> None:
    async with daemon(desk, path, calls=1) as server:
        with connection(path) as first, connection(path) as second:
            first.send(HELLO)
            assert await received(first) == READY
            second.send(HELLO)
            assert await received(second) == FULL
        await free(server)


# Connections that bring no call


def hello_and_descriptors(connection: socket.socket, fds: list[int]) -> None:
    connection.send(HELLO)
    socket.send_fds(connection, [b"F"], fds)


@contextmanager
def files(count: int) -> Iterator[list[int]]:
    fds = [os.open("/dev/null", os.O_RDWR) for _ in range(count)]
    yield fds
    for fd in fds:
        os.close(fd)


async def closes_at_once(connection: socket.socket) -> None:
    connection.close()


async def greets_and_closes(connection: socket.socket) -> None:
    connection.send(HELLO)
    connection.close()


async def stops_in_its_greeting(connection: socket.socket) -> None:
    connection.send(HELLO[:4])
    connection.close()


async def sends_garbage(connection: socket.socket) -> None:
    connection.send(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await received(connection) == b""


async def sends_five_megabytes(connection: socket.socket) -> None:
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        await asyncio.get_running_loop().sock_sendall(connection, bytes(5_000_000))


async def sends_no_descriptor(connection: socket.socket) -> None:
    connection.send(HELLO)
    assert await received(connection) == READY
    connection.send(b"F")
    assert await received(connection) == b""


async def sends_one_descriptor(connection: socket.socket) -> None:
    with files(1) as fds:
        hello_and_descriptors(connection, fds)
    assert await received(connection, len(READY)) == READY
    assert await received(connection) == b""


async def sends_four_descriptors(connection: socket.socket) -> None:
    with files(4) as fds:
        hello_and_descriptors(connection, fds)
    assert await received(connection, len(READY)) == READY
    assert await received(connection) == b""


async def sends_a_hundred_descriptors(connection: socket.socket) -> None:
    with files(100) as fds:
        hello_and_descriptors(connection, fds)
    assert await received(connection, len(READY)) == READY
    assert await received(connection) == b""


async def sends_descriptors_that_cannot_be_waited_for(connection: socket.socket) -> None:
    with files(3) as fds:
        hello_and_descriptors(connection, fds)
    while await received(connection):
        pass


async def sends_descriptors_too_early(connection: socket.socket) -> None:
    with files(3) as fds:
        socket.send_fds(connection, [HELLO], fds)
    connection.close()


NO_CALLS = [
    closes_at_once,
    greets_and_closes,
    stops_in_its_greeting,
    sends_garbage,
    sends_five_megabytes,
    sends_no_descriptor,
    sends_one_descriptor,
    sends_four_descriptors,
    sends_a_hundred_descriptors,
    sends_descriptors_that_cannot_be_waited_for,
    sends_descriptors_too_early,
]


async def test_no_other_call_notices_a_connection_that_brings_none(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server, served_call(path) as call:
        await call.asterisk.asks_for_key()
        before = descriptors()
        for bad in NO_CALLS:
            with connection(path) as silent, connection(path) as connected:
                await bad(connected)
                assert server.calls <= 2
                silent.close()
        await until(lambda: server.calls == 1 and descriptors() == before)
        call.asterisk.press("5")
        await call.asterisk.closed()
        assert call.asterisk.variables == {"KEY": "5"}


@pytest.mark.parametrize("begins_with", [b"", HELLO[:3], HELLO])
async def test_who_connects_and_says_no_more_is_sent_away(desk: Desk, path: Path, begins_with: bytes) -> None:
    async with daemon(desk, path, header_s=0.05) as server:
        with connection(path) as slow:
            if begins_with:
                slow.send(begins_with)
            while await received(slow):
                pass
        await free(server)


async def test_a_flood_of_connections_is_closed(desk: Desk, path: Path) -> None:
    async with daemon(desk, path, calls=1):
        with connection(path) as first:
            first.send(HELLO)
            assert await received(first) == READY
            with connection(path) as second, connection(path) as third:
                assert await received(third) == b""
                second.send(HELLO)
                assert await received(second) == FULL


# Calls that begin badly


async def test_a_header_that_does_not_come_ends_the_call(desk: Desk, path: Path) -> None:
    async with daemon(desk, path, header_s=3.0) as server, eagi_call(path) as call:
        assert await call.exit_code() == 0
        await call.asterisk.closed()
        await free(server)
        assert not call.audio_is_heard
        assert desk.headers == []


async def test_a_header_without_an_end_ends_the_call(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server, eagi_call(path, *[f"agi_arg_{n}: x" for n in range(1000)]) as call:
        await call.asterisk.closed()
        await free(server)
        assert not call.audio_is_heard
        assert desk.headers == []


async def test_a_hang_up_within_the_header_leaks_nothing(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server, eagi_call(path, *HEADER[:1]) as call:
        assert await call.exit_code() == 0
        call.asterisk.hang_up()
        await free(server)
        assert not call.audio_is_heard


async def test_no_descriptor_leaks(desk: Desk, path: Path) -> None:
    before = descriptors()
    async with daemon(desk, path) as server:
        for begins_with in (HEADER, HEADER[:1], ("nonsense",), ("",)):
            async with eagi_call(path, *begins_with) as call:
                assert await call.exit_code() == 0
                if begins_with is HEADER:
                    await call.asterisk.asks_for_key()
                call.asterisk.hang_up()
            await free(server)
    await until(lambda: descriptors() == before)  # the loop closes a pipe in its next turn


# FastAGI


@asynccontextmanager
async def fastagi_call(port: int, *header: str) -> AsyncIterator[FakeAsterisk]:
    connection = socket.create_connection(("127.0.0.1", port))
    fd = connection.detach()
    asterisk = FakeAsterisk(fd, fd)
    try:
        asterisk.send(*header)
        yield asterisk
    finally:
        asterisk.hang_up()


async def test_fastagi_serves_keys_without_audio(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server:
        port = server.listen_fastagi("127.0.0.1", 0)
        async with fastagi_call(port, *HEADER) as asterisk:
            await asterisk.asks_for_key()
            assert asterisk.press("7")
            await asterisk.closed()
            assert asterisk.variables == {"KEY": "7"}
            assert desk.audio == [False]


async def test_fastagi_tells_of_a_hang_up_by_a_line_and_the_end(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server:
        port = server.listen_fastagi("127.0.0.1", 0)
        async with fastagi_call(port, *HEADER) as asterisk:
            await asterisk.asks_for_key()
            asterisk.send("HANGUP")
            asterisk.hang_up()
            await free(server)


async def test_fastagi_counts_lines_too(desk: Desk, path: Path) -> None:
    async with daemon(desk, path, calls=1) as server:
        port = server.listen_fastagi("127.0.0.1", 0)
        async with fastagi_call(port, *HEADER) as first:
            await first.asks_for_key()
            async with fastagi_call(port, *HEADER) as second, eagi_call(path, *HEADER) as third:
                await second.closed()
                assert await third.exit_code() == 1
            first.press("1")
            await first.closed()
            assert first.variables == {"KEY": "1"}


@pytest.mark.parametrize("header", [("GET / HTTP/1.1", "Host: x", ""), ("",), ("x" * 5000,), ("agi_x: y",) * 5000])
async def test_fastagi_refuses_what_is_not_asterisk(desk: Desk, path: Path, header: tuple[str, ...]) -> None:
    async with daemon(desk, path, header_s=1) as server:
        port = server.listen_fastagi("127.0.0.1", 0)
        async with fastagi_call(port, *header) as asterisk:
            await asterisk.closed()
        await free(server)
    assert desk.headers == []


# The end


async def test_draining_lets_a_call_finish(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server, served_call(path) as call:
        await call.asterisk.asks_for_key()
        draining = asyncio.create_task(server.drain(LIMIT_S))
        async with eagi_call(path, *HEADER) as late:
            assert await late.exit_code() == 1
        call.asterisk.press("5")
        await call.asterisk.closed()
        assert call.asterisk.variables == {"KEY": "5"}
        await draining
        assert server.calls == 0
        assert mode(path) is None


async def test_draining_ends_a_call_that_does_not_finish(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server, served_call(path) as call:
        await call.asterisk.asks_for_key()
        await server.drain(0.01)
        assert server.calls == 0
        await call.asterisk.closed()
        assert call.asterisk.variables == {}
        assert not call.audio_is_heard


async def test_draining_ends_a_call_within_its_header(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server, eagi_call(path) as call:
        assert await call.exit_code() == 0
        await server.drain(0.01)
        await call.asterisk.closed()
        assert not call.audio_is_heard


async def test_draining_closes_fastagi_too(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as server:
        port = server.listen_fastagi("127.0.0.1", 0)
        await server.drain(0)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


async def test_a_new_daemon_may_begin_while_the_old_one_drains(desk: Desk, path: Path) -> None:
    async with daemon(desk, path) as old, served_call(path) as call:
        await call.asterisk.asks_for_key()
        draining = asyncio.create_task(old.drain(LIMIT_S))
        await asyncio.sleep(0)
        async with daemon(Desk(), path):
            call.asterisk.press("1")
            await draining
            async with served_call(path) as next_call:
                await next_call.asterisk.asks_for_key()


# Who owns the socket


async def test_the_socket_of_a_killed_daemon_is_taken_over(desk: Desk, path: Path) -> None:
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
        killed.listen()
    async with daemon(desk, path), served_call(path) as call:
        await call.asterisk.asks_for_key()


async def test_the_socket_of_a_living_daemon_is_not(desk: Desk, path: Path) -> None:
    before = descriptors()
    async with daemon(desk, path):
        with pytest.raises(OSError, match="another daemon listens there"):
            CallServer(desk.answer, Bounds(1, 1, 1024)).listen_unix(path)
        async with served_call(path) as call:
            await call.asterisk.asks_for_key()
    await until(lambda: descriptors() == before)  # the loop closes a pipe in its next turn


async def test_a_file_in_the_sockets_place_is_kept(desk: Desk, tmp_path: Path) -> None:
    before = descriptors()
    (tmp_path / "ivr.sock").write_text("precious")
    with pytest.raises(OSError, match="in use"):
        CallServer(desk.answer, Bounds(1, 1, 1024)).listen_unix(tmp_path / "ivr.sock")
    assert (tmp_path / "ivr.sock").read_text() == "precious"
    assert descriptors() == before


async def test_a_path_that_no_socket_can_have_is_named(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="longer than 107 bytes"):
        CallServer(desk.answer, Bounds(1, 1, 1024)).listen_unix(tmp_path / ("x" * 200))
