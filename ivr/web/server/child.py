"""The pages as a child process of the daemon: started, started again when it ends, ended with the daemon."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from ivr.concurrency.backoff import Backoff, Pauses

log = logging.getLogger(__name__)

PAUSES = Pauses(first=1.0, longest=60.0, steady=60.0)
END_S = 10.0


class PagesChild:
    """Keeps `command` running. Its standard input is a pipe that ends with this process, however that ends."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command

    async def run(self) -> None:
        """Run until cancelled; then ask the child to end, and kill it if it does not. Never raises: calls go on."""
        backoff = Backoff(PAUSES)
        while True:
            try:
                code = await self._once()
            except OSError as error:
                log.error("the pages could not be started; calls go on", extra={"reason": str(error.strerror)})
            else:
                log.warning("the pages ended and are started again; calls go on", extra={"outcome": code})
            await backoff.pause()

    async def _once(self) -> int:
        child = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        try:
            return await child.wait()
        finally:
            if child.returncode is None:
                await asyncio.shield(_ended(child))


async def _ended(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(END_S):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
