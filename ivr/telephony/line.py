"""The telephone line that listening works with, over an AGI session."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ivr.dialogue.ports import HungUp
from ivr.listening.keys import Key, KeyBuffer
from ivr.telephony.agi.audio import AudioTap
from ivr.telephony.agi.session import GRACE_S, KEYS, AgiSession, SessionBroken
from ivr.telephony.sounds import Sounds

log = logging.getLogger(__name__)

QUIET = "pause/listening"
GAP_S = 0.002
ECHO_LATEST_S, ECHO_EARLIEST_S = 0.6, 0.1
"""A prompt comes back as an echo at most so long after it was sent; Asterisk may play it a little earlier."""
FRAME_S = 0.02
TONE_HZ, TONE_S = 1000, 0.3


class AgiLine:
    """Implements `ivr.listening.line.Line`.

    Asterisk throws away a key that is released while no AGI command runs. So whenever the dialogue thinks (the
    database, for example) for longer than 2 ms, the line plays silence that a key stops; the next command
    interrupts it. Silence by STREAM FILE and not WAIT FOR DIGIT, because interrupting the latter writes a
    warning into Asterisk's log each time.
    """

    def __init__(self, session: AgiSession, sounds: Sounds, keys: KeyBuffer, audio: AudioTap | None) -> None:
        self._session = session
        self._sounds = sounds
        self._keys = keys
        self._audio = audio
        self._loop = asyncio.get_running_loop()
        self._gap: asyncio.TimerHandle | None = None
        self._quiet: asyncio.Task[None] | None = None
        self._quiet_over = False
        self._hushed = False
        self._listens = False
        self._played_at = 0.0
        self._played: list[int] = []

    @property
    def keys(self) -> KeyBuffer:
        """Where keys land, whenever they are pressed."""
        return self._keys

    async def play(self, *prompts: str, heed_keys: bool = True) -> bool:
        """Play prompts. True if they played to their end, False if a key, an overrun or `hush` stopped them."""
        self._hushed = False
        lengths = {prompt: self._sounds.seconds(prompt) for prompt in prompts}
        for prompt in (prompt for prompt, seconds in lengths.items() if seconds is None):
            log.error("a prompt has no audio", extra={"prompt": prompt})
        pieces = [(prompt, seconds) for prompt in prompts if (seconds := lengths[prompt]) is not None]
        await self._resume()
        try:
            return await self._stream(pieces, KEYS if heed_keys else "")
        finally:
            # What was stopped makes no echo any more; the caller may speak as low as they like.
            del self._played[max(int((self._loop.time() - self._played_at) / FRAME_S) + 1, 0) :]
            self._mind_the_gap()

    async def wait_for_key(self, limit_s: float) -> Key | None:
        """Take the oldest key from the buffer, else the next that is pressed within `limit_s`, else None."""
        deadline = self._loop.time() + limit_s
        self._hushed = False
        await self._resume()
        try:
            while True:
                key = self._keys.pop()
                left = deadline - self._loop.time()
                if key is not None or left <= 0 or self._keys.overrun or self._hushed:
                    return key
                digit = await (self._quiet_key(left) if self._listens else self._session.wait_for_key(left))
                if digit:
                    self._keys.push(Key(digit, self._loop.time()))
        finally:
            self._mind_the_gap()

    async def _quiet_key(self, limit_s: float) -> str:
        """The next key within `limit_s` or until `hush`, by silence that can be stopped without a warning."""
        seconds = self._sounds.seconds(QUIET)
        if not seconds:
            return await self._session.wait_for_key(limit_s)
        timer = self._loop.call_later(limit_s, self._session.interrupt)
        try:
            return (await self._session.stream(self._sounds.file(QUIET), seconds)).key
        finally:
            timer.cancel()

    def hear(self, on_audio: Callable[[bytes, float], None] | None) -> bool:
        """Hand on what the caller says from here on; None: no more. False where the line brings no audio."""
        self._listens = on_audio is not None and self._audio is not None
        if self._audio is not None:
            self._audio.listen(on_audio)
        return self._audio is not None

    def hush(self) -> None:
        """End the `play` or `wait_for_key` that runs."""
        self._hushed = True
        self._session.interrupt()

    @property
    def prompt_level(self) -> float:
        """RMS of the loudest 20 ms of prompt that may come back as an echo now; 0.0 if none was played recently."""
        since = self._loop.time() - self._played_at
        first = max(int((since - ECHO_LATEST_S) / FRAME_S), 0)
        return float(max(self._played[first : max(int((since + ECHO_EARLIEST_S) / FRAME_S), 0)], default=0))

    async def record(self, file: str, form: str, longest_s: float) -> bool:
        """Give a tone and record into `file`.`form`, until # or for so long; False if Asterisk could not.

        The file is whole when this returns, and when it raises HungUp. Without Asterisk's detection of silence: that
        would bring a wideband telephone down to 8 kHz.
        """
        await self._resume()
        self._keys.clear()
        try:
            # Not the sound "beep": a small Asterisk has no sounds of its own.
            await self._session.run("EXEC Playtones", f"{TONE_HZ}/{round(TONE_S * 1000)}")
            await self._session.wait_for_key(TONE_S)
            await self._session.run("EXEC StopPlaytones", "")
            longest_ms = round(longest_s * 1000)
            reply = await self._session.run("RECORD FILE", file, form, "#", longest_ms, limit_s=longest_s + GRACE_S)
            # Asterisk replies before it closes the file, and takes the next command, or ends, after that.
            await self._session.run("NOOP")
            if reply.result == -1 and reply.value == "hangup":
                raise HungUp
            return reply.result != -1
        finally:
            self._mind_the_gap()

    async def set_variables(self, values: dict[str, str]) -> None:
        """Set channel variables for the dialplan."""
        await self._resume()
        try:
            for name, value in values.items():
                await self._session.set_variable(name, value)
        finally:
            self._mind_the_gap()

    async def expand(self, expression: str) -> str:
        """Asterisk's value of an expression with ``${…}``."""
        await self._resume()
        try:
            return (await self._session.run("GET FULL VARIABLE", expression)).value or ""
        finally:
            self._mind_the_gap()

    async def close(self) -> None:
        """End the session: the dialplan goes on with the call."""
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        self._quiet_over = True
        self._session.close()
        if self._audio is not None:
            self._audio.close()
        if self._quiet is not None:
            await asyncio.gather(self._quiet, return_exceptions=True)

    async def _stream(self, pieces: list[tuple[str, float]], stop_keys: str) -> bool:
        """Play pieces, each a prompt and its length."""
        files = [(self._sounds.file(prompt), seconds) for prompt, seconds in pieces]
        if self._listens:
            self._expect_echo([level for prompt, _ in pieces for level in self._sounds.levels(prompt)])
        at = offset = 0
        while at < len(files) and not self._hushed:
            file, seconds = files[at]
            streamed = await self._session.stream(file, seconds, stop_keys, offset=offset, then=files[at + 1 :])
            at, offset = at + streamed.following, 0
            if streamed.endpos < 0:
                prompt, behind = pieces[at][0], self._sounds.behind(pieces[at][0], files[at][0])
                if behind is None:
                    log.error("Asterisk could not play a prompt", extra={"prompt": prompt})
                    at += 1
                    continue
                if self._sounds.is_news(files[at][0]):
                    log.error("Asterisk could not play a recording; the next voice is heard", extra={"prompt": prompt})
                files[at] = behind
            elif not streamed.key:
                return not self._hushed
            elif self._keys.push(Key(streamed.key, self._loop.time())):
                return False
            else:
                offset = streamed.endpos
        return not self._hushed

    def _expect_echo(self, levels: list[int]) -> None:
        """A prompt with these levels, each of 20 ms, begins; the end of the one before may still come back."""
        kept = int(ECHO_LATEST_S / FRAME_S)
        now = self._loop.time()
        before = int((now - self._played_at) / FRAME_S)
        tail = self._played[max(before - kept, 0) : before]
        quiet = max(before - len(self._played), 0)
        self._played = ([0] * kept + tail + [0] * min(quiet, kept))[-kept:] + levels
        self._played_at = now - kept * FRAME_S

    def _mind_the_gap(self) -> None:
        self._gap = self._loop.call_later(GAP_S, self._begin_quiet)

    def _begin_quiet(self) -> None:
        self._gap = None
        self._quiet_over = False
        self._quiet = self._loop.create_task(self._be_quiet())

    async def _be_quiet(self) -> None:
        seconds = self._sounds.seconds(QUIET)
        if not seconds:
            return
        try:
            while not self._quiet_over:
                streamed = await self._session.stream(self._sounds.file(QUIET), seconds)
                if streamed.key:
                    self._keys.push(Key(streamed.key, self._loop.time()))
                elif streamed.endpos <= 0:
                    return  # Asterisk cannot play it: asking again would only keep both sides busy
        except (HungUp, SessionBroken):
            return  # the next command finds the session closed

    async def _resume(self) -> None:
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        if self._quiet is not None:
            quiet, self._quiet, self._quiet_over = self._quiet, None, True
            self._session.interrupt()
            await quiet
