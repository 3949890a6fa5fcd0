"""One AGI session: a command at a time, each with its own limit, and prompts that a key or a new command stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple

from ivr.dialogue.ports import HungUp
from ivr.domain.faults import Unavailable
from ivr.telephony.agi.commands import Code, Replies, Reply, WireError, command, parse_header, stream_command
from ivr.telephony.agi.wire import Wire, WireClosed


class SessionBroken(Unavailable):
    """The session cannot be used any more: a command outlasted its limit or the reply made no sense."""


class State(Enum):
    """What the session is doing."""

    IDLE = auto()
    BUSY = auto()  # a command waits for its reply
    STREAMING = auto()  # a STREAM FILE plays and may be interrupted
    CLOSED = auto()


# A member looked up in its class costs as much as a small function, and every command needs a dozen.
_IDLE, _BUSY, _STREAMING, _CLOSED = State
_DONE = Code.DONE


class Streamed(NamedTuple):
    """How a STREAM FILE ended.

    key: the key that stopped it, "" if none. endpos: samples played, -1 if Asterisk could not play the file.
    following: how many of the files that were to follow had begun; the last of them is the one that ended so.
    """

    key: str
    endpos: int
    following: int = 0


KEYS = "0123456789*#"
_KEY_OF = {ord(key): key for key in KEYS}
COMMAND_LIMIT_S = 5.0
GRACE_S = 3.0
NUDGE_S = 0.03


class AgiSession:
    """Speaks AGI over a `Wire`. Every method raises HungUp when the caller is gone and SessionBroken on a fault.

    A session that broke, or whose command was cancelled, is closed and never used again. While a stream plays the
    only thing allowed is `interrupt`: its marker command has a reply of another form than STREAM FILE, so a stream
    that ended by itself in the same moment is told from one that was stopped, and no reply is ever taken for
    another's.

    A marker that Asterisk reads together with the STREAM FILE before it stops nothing: it lies in Asterisk's own
    buffer, and Asterisk looks for new commands at the descriptor only (seen on 22.10 when both lines come within
    a fraction of a millisecond, likely on a loaded machine). So until the marker is answered the session nudges with
    single spaces: each makes the descriptor readable, and Asterisk skips spaces before a command.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._replies = Replies()
        self._state = _IDLE
        self._interrupted = False
        self._expired = False
        self._loop = asyncio.get_running_loop()
        self._nudging: asyncio.TimerHandle | None = None
        self._expiry: asyncio.TimerHandle | None = None
        self._awaited: asyncio.Future[Reply] | None = None
        self._following: deque[tuple[bytes, float]] = deque()  # commands for the files to come, and their limits
        wire.tell(self._heard)
        self.header: dict[str, str] = {}

    async def read_header(self, limit_s: float, limit_bytes: int) -> None:
        """Read Asterisk's variables up to the blank line. Raises SessionBroken past either limit."""
        lines: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(limit_s):
                while line := (await self._wire.line()).rstrip(b"\r"):
                    lines.append(line)
                    size += len(line)
                    if size > limit_bytes:
                        raise self._broken("header too long")
            self.header = parse_header(lines)
        except TimeoutError:
            raise self._broken("no header in time") from None
        except WireError as error:
            raise self._broken(str(error)) from None
        except WireClosed:
            raise self._hung_up() from None

    async def run(self, verb: str, *arguments: str | int, limit_s: float = COMMAND_LIMIT_S) -> Reply:
        """Send one command and return its reply, 200 only. Raises ValueError if it cannot be a command."""
        line = command(verb, *arguments)
        self._expect(_IDLE)
        self._state = _BUSY
        self._send(line)
        reply = await self._reply(limit_s)
        self._state = _IDLE
        return self._good(reply)

    async def stream(
        self,
        file: str,
        length_s: float,
        stop_keys: str = KEYS,
        *,
        offset: int = 0,
        then: Sequence[tuple[str, float]] = (),
    ) -> Streamed:
        """Play `file` (no extension) from sample `offset` until its end, a key of `stop_keys`, or `interrupt`.

        length_s: how long it plays; it may outlast that by a few seconds, no more. Raises ValueError as `run` does.
        then: files and their lengths that follow one after the other; one that does not play to its end is the last.
        """
        line = stream_command(file, stop_keys, offset)
        following = [(stream_command(next_file, stop_keys, 0), seconds + GRACE_S) for next_file, seconds in then]
        self._expect(_IDLE)
        self._state = _STREAMING
        self._interrupted = False
        self._following.extend(following)
        self._send(line)
        try:
            reply = await self._reply(length_s + GRACE_S)
            if self._interrupted and reply.endpos is None and reply.code is _DONE:
                streamed = Streamed("", offset)  # stopped: this is the marker's reply already
            else:
                streamed = await self._streamed(self._good(reply), offset)
            if then:
                streamed = streamed._replace(following=len(then) - len(self._following))
        finally:
            self._following.clear()
            if self._nudging is not None:
                self._nudging.cancel()
                self._nudging = None
        self._state = _IDLE
        return streamed

    def interrupt(self) -> None:
        """Stop the stream that plays; `stream` then returns, or raises. Nothing happens if none plays."""
        if self._state is _STREAMING and not self._interrupted:
            self._interrupted = True
            self._press(command("NOOP"))

    async def wait_for_key(self, limit_s: float) -> str:
        """The next key, or "" after `limit_s` seconds."""
        reply = await self.run("WAIT FOR DIGIT", max(1, round(limit_s * 1000)), limit_s=limit_s + GRACE_S)
        return self._key(reply)

    async def set_variable(self, name: str, value: str) -> None:
        """Set a channel variable for the dialplan."""
        await self.run("SET VARIABLE", name, value)

    async def variable(self, name: str) -> str:
        """A channel variable, "" if not set. Asterisk cuts it at 1024 characters."""
        return (await self.run("GET VARIABLE", name)).value or ""

    def close(self) -> None:
        """Give the call back to the dialplan."""
        self._state = _CLOSED
        self._wire.close()

    async def _streamed(self, reply: Reply, offset: int) -> Streamed:
        """What STREAM FILE's own reply means; reads the marker's, if there is one, too."""
        if self._interrupted:
            self._good(await self._reply(COMMAND_LIMIT_S))
        if reply.result == -1:
            # Hung up, or no such file: only a live channel answers the question.
            self._state = _BUSY
            self._send(command("CHANNEL STATUS"))
            self._good(await self._reply(COMMAND_LIMIT_S))
            return Streamed("", -1)
        return Streamed(self._key(reply), reply.endpos if reply.endpos is not None else offset)

    def _press(self, data: bytes) -> None:
        """Send the marker, then nudge until `stream` has its reply."""
        with contextlib.suppress(HungUp):  # `stream` finds the session closed and raises
            self._send(data)
            self._nudging = self._loop.call_later(NUDGE_S, self._press, b" ")

    def _key(self, reply: Reply) -> str:
        if reply.result == -1:
            raise self._hung_up()
        return _KEY_OF.get(reply.result or 0, "")

    def _good(self, reply: Reply) -> Reply:
        if reply.code is _DONE:
            return reply
        if reply.code is Code.DEAD_CHANNEL:
            raise self._hung_up()
        raise self._broken("Asterisk refused a command")

    def _send(self, data: bytes) -> None:
        try:
            self._wire.write(data)
        except WireClosed:
            raise self._hung_up() from None

    async def _reply(self, limit_s: float) -> Reply:
        # A timer that closes the wire: asyncio.timeout would cost as much as all else that a command costs.
        self._expiry = self._loop.call_later(limit_s, self._expire)
        try:
            reply = self._received()
            if reply is None:
                self._awaited = self._loop.create_future()
                reply = await self._awaited
            return reply
        except WireError as error:
            raise self._broken(str(error)) from None
        except WireClosed:
            if self._expired:
                raise self._broken("a command outlasted its limit") from None
            raise self._hung_up() from None
        except asyncio.CancelledError:
            self.close()  # the reply would be taken for that of the next command
            raise
        finally:
            self._awaited = None
            self._expiry.cancel()

    def _received(self) -> Reply | None:
        """The reply that is here already, None if there is none. Raises WireError and WireClosed."""
        while (line := self._wire.received()) is not None:
            reply = self._replies.feed(line)
            if isinstance(reply, Reply):
                return reply  # anything else is out of band: the true reply, or the end, follows
        return None

    def _heard(self) -> None:
        """Lines have come, or the end: go on with the next file, or wake who waits for the reply."""
        if self._awaited is None or self._awaited.done():
            return
        try:
            reply = self._received()
            if reply is None:
                return
            if self._following and self._played_out(reply):
                self._go_on()
                return
        except (WireError, WireClosed) as fault:
            if not self._awaited.done():  # by ourselves, if writing has found the end
                self._awaited.set_exception(fault)
        else:
            self._awaited.set_result(reply)

    def _played_out(self, reply: Reply) -> bool:
        """Whether a file came undisturbed to its end; a question about the channel in between is no file."""
        undisturbed = self._state is _STREAMING and not self._interrupted
        return undisturbed and reply.code is _DONE and reply.result == 0

    def _go_on(self) -> None:
        """Play the next file at once: waking the dialogue for each piece of a number would cost as much again."""
        line, limit_s = self._following.popleft()
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = self._loop.call_later(limit_s, self._expire)
        self._wire.write(line)

    def _expire(self) -> None:
        self._expired = True
        self._wire.close()

    def _expect(self, state: State) -> None:
        if self._state is _CLOSED:
            raise HungUp
        if self._state is not state:
            raise SessionBroken(f"session is {self._state.name}, not {state.name}")

    def _broken(self, why: str) -> SessionBroken:
        self.close()
        return SessionBroken(why)

    def _hung_up(self) -> HungUp:
        self.close()
        return HungUp()
