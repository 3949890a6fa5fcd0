"""Connections that ask for nothing are closed; those that are being answered are not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, MutableMapping
from typing import Any

import pytest
import uvicorn

from ivr.web.server.http_protocol import Connection

LIMIT_S = 90.0
SHORT_S = 1
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"
ANSWER = b"HTTP/1.1 200 OK"


class Pages:
    """Answers when the test lets it."""

    def __init__(self) -> None:
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Callable[..., Any]) -> None:
        """Called by uvicorn."""
        self.asked.set()
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Site:
    """A server that waits SHORT_S for a request."""

    def __init__(self) -> None:
        self.pages = Pages()
        config = uvicorn.Config(
            self.pages, host="127.0.0.1", port=0, http=Connection, lifespan="off", log_config=None,
            timeout_keep_alive=SHORT_S,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        self.opened: list[asyncio.StreamWriter] = []

    async def open(self) -> Opened:
        """A new connection."""
        port = self.server.servers[0].sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        self.opened.append(writer)
        return reader, writer


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """It serves."""
    site = Site()
    config = site.server.config
    config.load()
    site.server.lifespan = config.lifespan_class(config)
    await site.server.startup()
    yield site
    for writer in site.opened:
        writer.close()
    site.pages.may_answer.set()
    async with asyncio.timeout(LIMIT_S):
        await site.server.shutdown()


async def ended(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the server closes."""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(LIMIT_S):
            return await reader.read()
    return b""


async def test_who_sends_nothing_is_sent_away(site: Site) -> None:
    reader, _ = await site.open()
    assert await ended(reader) == b""


async def test_who_never_finishes_asking_is_sent_away(site: Site) -> None:
    reader, writer = await site.open()
    writer.write(HEAD)

    async def drip() -> None:
        for letter in range(10**6):  # a slow attacker: a new header now and then
            writer.write(b"x%d: y\r\n" % letter)
            await asyncio.sleep(0.2)

    dripping = asyncio.create_task(drip())
    assert await ended(reader) == b""
    dripping.cancel()
    await asyncio.wait((dripping,))
    assert not site.pages.asked.is_set()


async def test_who_begins_a_second_request_and_does_not_finish_it_is_sent_away(site: Site) -> None:
    reader, writer = await site.open()
    writer.write(HEAD + b"\r\n")
    async with asyncio.timeout(LIMIT_S):
        await reader.readuntil(b"ok")
    writer.write(HEAD)
    assert await ended(reader) == b""


async def test_who_is_being_answered_stays_however_long_it_takes(site: Site) -> None:
    site.pages.may_answer.clear()
    reader, writer = await site.open()
    writer.write(HEAD + b"\r\n")
    async with asyncio.timeout(LIMIT_S):
        await site.pages.asked.wait()
    silent, _ = await site.open()
    assert await ended(silent) == b""  # came later and is gone: the time is over
    site.pages.may_answer.set()
    assert ANSWER in await ended(reader)
