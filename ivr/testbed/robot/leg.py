"""The caller's end of the line: Asterisk's own SIP leg, led by FastAGI."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from ivr.telephony.agi.server import Bounds, CallServer, Incoming
from ivr.telephony.agi.session import AgiSession
from ivr.testbed.robot.recording import Sides
from ivr.testbed.robot.scenario import Presses

PLAY_LIMIT_S = 120.0
SILENCE_S = 30
NAP_S = 0.2  # a wait that sends nothing cannot be stopped


class Leg:
    """Presses, speaks and hangs up. Every method raises HungUp once the other side has ended the call.

    Between its acts it sends silence, as most telephones do; so the recording keeps the pauses. With `sends_silence`
    False it sends no packets then. silence: a wav of SILENCE_S seconds.
    """

    def __init__(self, session: AgiSession, silence: Path) -> None:
        self._session = session
        self._silence = str(silence.with_suffix(""))
        self._quiet: asyncio.Task[None] | None = None
        self._over = False
        self.sends_silence = True

    async def record(self, sides: Sides) -> None:
        """Record both sides from here on, written by Asterisk until the call ends."""
        async with self._acting():
            await self._session.run(
                "EXEC MixMonitor", f"{sides.both},r({sides.menu})t({sides.caller}),touch {sides.done}"
            )

    async def press(self, step: Presses) -> None:
        """Press keys one after the other."""
        seconds = len(step.keys) * (step.gap_ms + step.length_ms) / 1000
        arguments = f"{step.keys},{step.gap_ms},{step.length_ms}"
        async with self._acting():
            await self._session.run("EXEC SendDTMF", arguments, limit_s=seconds + 5)

    async def speak(self, wav: Path) -> None:
        """Say what is in a wav of 16 bit, mono, 8 kHz."""
        async with self._acting():
            await self._session.stream(str(wav.with_suffix("")), PLAY_LIMIT_S, "")

    async def hang_up(self) -> None:
        """End the call."""
        async with self._acting():
            await self._session.run("HANGUP")

    async def until_hung_up(self) -> None:
        """Wait until the other side ends the call; then raises HungUp."""
        if self._quiet is not None:
            await asyncio.shield(self._quiet)

    async def close(self) -> None:
        """Let go of the session."""
        self._over = True
        self._session.close()
        if self._quiet is not None:
            await asyncio.gather(self._quiet, return_exceptions=True)

    @asynccontextmanager
    async def _acting(self) -> AsyncIterator[None]:
        if self._quiet is not None:
            quiet, self._quiet, self._over = self._quiet, None, True
            self._session.interrupt()
            await quiet
        try:
            yield
        finally:
            self._over = False
            self._quiet = asyncio.create_task(self._be_quiet())

    async def _be_quiet(self) -> None:
        while not self._over:
            if self.sends_silence:
                await self._session.stream(self._silence, SILENCE_S, "")
            else:
                await self._session.wait_for_key(NAP_S)


class Exchange:
    """Waits for Asterisk to bring the robot's legs, and gives each to the call that it belongs to."""

    def __init__(self, at_once: int, folder: Path) -> None:
        """folder: where Asterisk can read what is written."""
        self._silence = folder / "silence.wav"
        self._server = CallServer(self._arrived, Bounds(at_once, header_s=5.0, header_bytes=16384))
        self._awaited: dict[str, asyncio.Future[tuple[Leg, asyncio.Future[None]]]] = {}
        self.port = 0

    def open(self) -> None:
        """Listen on a free port of loopback."""
        with wave.open(str(self._silence), "wb") as silence:
            silence.setparams((1, 2, 8000, 0, "NONE", ""))
            silence.writeframes(bytes(SILENCE_S * 16000))
        self.port = self._server.listen_fastagi("127.0.0.1", 0)

    async def close(self) -> None:
        """Hang up what is left."""
        await self._server.drain(0)

    async def talk(
        self, token: str, ring: Callable[[], Awaitable[object]], script: Callable[[Leg], Awaitable[None]]
    ) -> None:
        """Ring, wait for the leg named `token`, and play `script` on it.

        Raises what `ring` and `script` raise, and TimeoutError if no leg comes.
        """
        awaited = asyncio.get_running_loop().create_future()
        self._awaited[token] = awaited
        try:
            await ring()
            async with asyncio.timeout(10):
                leg, done = await awaited
            try:
                await script(leg)
            finally:
                if not done.done():  # the line was closed in between
                    done.set_result(None)
        finally:
            del self._awaited[token]

    async def _arrived(self, incoming: Incoming) -> None:
        token = incoming.session.header.get("agi_network_script", "")
        awaited = self._awaited.get(token)
        if awaited is None or awaited.done():
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        leg = Leg(incoming.session, self._silence)
        awaited.set_result((leg, done))
        try:
            await done
        finally:
            await leg.close()
