"""Calls of the lab's Asterisk, handed over by the real launcher."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivr.telephony.agi.audio import AudioTap
from ivr.telephony.agi.server import Bounds, CallServer, Incoming
from ivr.testbed.lab.lab import Lab
from tests.lab.phone import Phone, calling

ARRIVES_S = 60.0


@asynccontextmanager
async def taken_call(lab: Lab) -> AsyncIterator[tuple[Phone, Incoming, AudioTap]]:
    """A humming caller on a real line, handed over by the real launcher."""
    arrived: asyncio.Future[Incoming] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def take(incoming: Incoming) -> None:
        arrived.set_result(incoming)
        await over.wait()

    state = lab.state
    assert state is not None
    server = CallServer(take, Bounds(calls=1, header_s=60, header_bytes=16384))
    server.listen_unix(state.daemon_socket)
    try:
        async with calling(lab, hums=True) as phone:
            await phone.hears("fixed/greeting")
            await phone.presses("#")
            async with asyncio.timeout(ARRIVES_S):
                incoming = await arrived
            assert incoming.audio_fd is not None
            audio = AudioTap(incoming.audio_fd)
            yield phone, incoming, audio
            audio.close()
            incoming.session.close()
    finally:
        over.set()
        await server.drain(5)
