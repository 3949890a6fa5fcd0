"""Lines over a pair of descriptors."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ivr.telephony.agi.wire import Wire, WireClosed
from tests.telephony.asterisk_end import descriptors


@contextmanager
def wire() -> Iterator[tuple[Wire, socket.socket]]:
    """A wire over one socket, and its other end."""
    near, far = socket.socketpair()
    fd = near.detach()
    end = Wire(fd, fd)
    with far:
        yield end, far
        end.close()


async def test_lines_come_one_by_one() -> None:
    with wire() as (end, far):
        far.send(b"one\ntwo\nthr")
        assert [await end.line(), await end.line()] == [b"one", b"two"]
        far.send(b"ee\n")
        assert await end.line() == b"three"


async def test_lines_before_the_end_are_still_read() -> None:
    with wire() as (end, far):
        far.send(b"last\nrest")
        far.close()
        assert await end.line() == b"last"
        with pytest.raises(WireClosed):
            await end.line()


async def test_the_end_wakes_who_waits() -> None:
    with wire() as (end, far):
        waiting = asyncio.create_task(end.line())
        await asyncio.sleep(0)
        far.close()
        with pytest.raises(WireClosed):
            await waiting
        assert end.closed


async def test_closing_wakes_who_waits() -> None:
    with wire() as (end, _):
        waiting = asyncio.create_task(end.line())
        await asyncio.sleep(0)
        end.close()
        with pytest.raises(WireClosed):
            await waiting


async def test_a_wait_that_was_given_up_loses_no_line() -> None:
    with wire() as (end, far):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await end.line()
        far.send(b"one\n")
        assert await end.line() == b"one"


async def test_an_endless_line_ends_the_wire() -> None:
    with wire() as (end, far):
        far.setblocking(False)
        sent = 0
        while not end.closed:
            try:
                sent += far.send(bytes(65536))
            except BlockingIOError:
                await asyncio.sleep(0)
            except BrokenPipeError:
                break
        assert sent < 2_000_000
        with pytest.raises(WireClosed):
            await end.line()


async def test_a_flood_of_lines_ends_the_wire() -> None:
    with wire() as (end, far):
        far.send(b"\n" * 5000)
        with pytest.raises(WireClosed):
            while True:
                await end.line()


async def test_writing_to_who_is_gone() -> None:
    with wire() as (end, far):
        far.close()
        with pytest.raises(WireClosed):
            end.write(b"NOOP\n")
        with pytest.raises(WireClosed):
            end.write(b"NOOP\n")


async def test_who_never_reads_is_given_up() -> None:
    with wire() as (end, _), pytest.raises(WireClosed):
        while True:
            end.write(bytes(4096))


async def test_closing_twice_closes_no_other_descriptor() -> None:
    with wire() as (end, _):
        end.close()
        other = os.open("/dev/null", os.O_RDONLY)  # takes the number that has just become free
        end.close()
        os.fstat(other)
        os.close(other)


async def test_closing_gives_back_both_descriptors() -> None:
    before = descriptors()
    (read_fd, their_write), (their_read, write_fd) = os.pipe(), os.pipe()
    Wire(read_fd, write_fd).close()
    os.close(their_read)
    os.close(their_write)
    assert descriptors() == before


async def test_what_cannot_be_waited_for_is_no_wire(tmp_path: Path) -> None:
    file = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    with pytest.raises(OSError, match="not permitted"):
        Wire(file, file)
    os.close(file)  # still the caller's
