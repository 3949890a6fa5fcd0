"""`ivr web`: serves the pages in a process of its own, so that no fault of theirs costs a call."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys

import uvicorn
import uvloop
from fastapi import FastAPI

from ivr.config import Settings
from ivr.domain.faults import StoreUnavailable, Unavailable
from ivr.storage.migrations import SchemaOutdated, require_current
from ivr.web.application import make_application
from ivr.web.server.http_protocol import Connection

log = logging.getLogger(__name__)

AT_ONCE = 128
"""Connections that are answered; one more gets 503 at once."""
KEEP_S = 15
"""How long a connection may be silent before a request, the first one too."""
END_S = 5


class CannotListen(Unavailable):
    """The address of the pages is taken, or is none of this machine."""


def serve_pages(settings: Settings, with_parent: bool) -> None:
    """Serve until SIGTERM, or with a parent until standard input ends. Raises CannotListen, SchemaOutdated."""
    listener = listen(settings.web.listen)
    with listener:
        app = make_application(settings)
        try:
            require_current(app.state.office.database)
        except SchemaOutdated:
            raise
        except StoreUnavailable:
            log.warning("the database does not answer; the pages say so until it does")
        server = server_of(app, settings)
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        host, port = listener.getsockname()[:2]
        log.info("the pages are served", extra={"path": f"http://{f'[{host}]' if ':' in host else host}:{port}/"})
        # uvicorn raises the signal that ended it once more after its end.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        uvloop.run(_serve(server, listener, with_parent))


def server_of(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """The server with its limits; tests run it in a thread."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        http=Connection,
        limit_concurrency=AT_ONCE,
        timeout_keep_alive=KEEP_S,
        timeout_graceful_shutdown=END_S,
        proxy_headers=bool(settings.web.proxies),
        forwarded_allow_ips=list(settings.web.proxies),
        ws="none",
    )
    return uvicorn.Server(config)


def listen(address: str) -> socket.socket:
    """A listening socket at host:port. Raises CannotListen."""
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
        listener.listen(AT_ONCE)
    except OSError as error:
        listener.close()
        raise CannotListen(f"{address}: {error.strerror or error}") from error
    return listener


async def _serve(server: uvicorn.Server, listener: socket.socket, with_parent: bool) -> None:
    watching = asyncio.create_task(_end_with_parent(server)) if with_parent else None
    try:
        await server.serve([listener])
    finally:
        if watching is not None:
            watching.cancel()
            await asyncio.wait((watching,))


async def _end_with_parent(server: uvicorn.Server) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(1024):
        pass
    server.should_exit = True
