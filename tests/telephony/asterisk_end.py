"""Asterisk's end of a call's descriptors, for tests. Nothing in it happens by time: the test says what ends when."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.telephony.sounds import Sounds

LIMIT_S = 60.0
HEADER = ("agi_network: no", "agi_channel: PJSIP/trunk-00000001", "agi_callerid: 89161234567", "agi_extension: s", "")


def words_of(line: str) -> list[str]:
    """The words of a command line by the rules of Asterisk's parser: quotes, backslashes, skipped spaces."""
    words: list[str] = []
    quoted = escaped = inside = False
    for character in line:
        if character == '"' and not escaped:
            quoted = not quoted
            if quoted and not inside:
                words.append("")
                inside = True
        elif character == " " and not quoted and not escaped:
            inside = False
        elif character == "\\" and not escaped:
            escaped = True
            continue
        else:
            if not inside:
                words.append("")
                inside = True
            words[-1] += character
        escaped = False
    return words


class AsteriskEnd:
    """Reads command lines and sends what the test says."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._fds = read_fd, write_fd
        self._rest = b""
        self._news = asyncio.Event()
        self._open = True
        self._waiting: list[list[str]] = []
        self.ended = False
        os.set_blocking(read_fd, False)
        self._loop.add_reader(read_fd, self._readable)

    def send(self, *lines: str) -> None:
        """Send lines; they arrive together."""
        os.write(self._fds[1], "".join(line + "\n" for line in lines).encode())

    async def command(self) -> list[str]:
        """The words of the next command."""
        await self.until(lambda: bool(self._waiting))
        return self._waiting.pop(0)

    @property
    def silent(self) -> bool:
        """Whether no command waits to be read."""
        return not self._waiting

    async def nudged(self) -> None:
        """Wait for a space outside a command, and take it as a reader of whole lines would: not at all."""
        await self.until(lambda: self._rest.startswith(b" "))

    async def closed(self) -> None:
        """Wait until the other side has closed the call."""
        await self.until(lambda: self.ended)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what arriving bytes bring about."""
        async with asyncio.timeout(LIMIT_S):
            while not holds():
                self._news.clear()
                await self._news.wait()

    def hang_up(self) -> None:
        """Close the descriptors, as Asterisk does with AGIEXITONHANGUP=yes."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._fds[0])
            for fd in set(self._fds):
                os.close(fd)

    def _readable(self) -> None:
        with contextlib.suppress(ConnectionResetError):
            data = os.read(self._fds[0], 65536)
            *lines, self._rest = (self._rest + data).split(b"\n")
            self.ended = not data
            for line in lines:
                self._obey(words_of(line.decode()))
        if self.ended:
            self._loop.remove_reader(self._fds[0])
        self._news.set()

    def _obey(self, words: list[str]) -> None:
        self._waiting.append(words)


@dataclass
class Playing:
    """A STREAM FILE in progress."""

    file: str
    stop_keys: str
    offset: int


class FakeAsterisk(AsteriskEnd):
    """Answers commands as Asterisk 22 does; the test presses keys and says when a file has played out."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        super().__init__(read_fd, write_fd)
        self.variables: dict[str, str] = {}
        self.missing: set[str] = set()
        self.played: list[tuple[str, int]] = []
        self.playing: Playing | None = None
        self.waits_for_key = False
        self.recording: list[str] = []
        self.noops = 0

    def press(self, key: str, at: int = 4000) -> bool:
        """Release a key, during a file at sample `at`. False if Asterisk throws it away: no command wants it."""
        if self.playing is not None and key in self.playing.stop_keys:
            self.playing = None
            self.send(f"200 result={ord(key)} endpos={at}")
        elif self.waits_for_key:
            self.waits_for_key = False
            self.send(f"200 result={ord(key)}")
        else:
            return False
        return True

    def plays_out(self) -> None:
        """The file that plays comes to its end."""
        assert self.playing is not None
        self.playing = None
        self.send("200 result=0 endpos=8000")

    def silence(self) -> None:
        """WAIT FOR DIGIT comes to its end."""
        assert self.waits_for_key
        self.waits_for_key = False
        self.send("200 result=0")

    async def plays(self, prompt: str) -> None:
        """Wait until this prompt plays."""
        await self.until(lambda: self.playing is not None and self.playing.file.endswith(prompt))

    async def asks_for_key(self) -> None:
        """Wait until WAIT FOR DIGIT runs."""
        await self.until(lambda: self.waits_for_key)

    def _obey(self, words: list[str]) -> None:
        self.playing = None  # a new command stops a file, which then has no reply
        match words:
            case ["STREAM", "FILE", file, stop_keys, offset]:
                self.played.append((Path(file).name, int(offset)))
                if {file, Path(file).name} & self.missing:
                    self.send(f"200 result=-1 endpos={offset}")
                else:
                    self.playing = Playing(file, stop_keys, int(offset))
            case ["WAIT", "FOR", "DIGIT", _]:
                self.waits_for_key = True
            case ["SET", "VARIABLE", name, value]:
                self.variables[name] = value
                self.send("200 result=1")
            case ["GET", "VARIABLE", name]:
                known = self.variables.get(name)
                self.send("200 result=0" if known is None else f"200 result=1 ({known})")
            case ["GET", "FULL", "VARIABLE", text]:
                value = re.sub(r"\$\{(\w+)\}", lambda name: self.variables.get(name[1], ""), text)
                self.send(f"200 result=1 ({value})")
            case ["CHANNEL", "STATUS"]:
                self.send("200 result=6")
            case ["NOOP"]:
                self.noops += 1
                self.send("200 result=0")
            case ["EXEC", *_]:
                self.send("200 result=0")
            case ["RECORD", "FILE", *arguments]:
                self.recording = arguments  # the test says how it ends
            case _:
                self.send("510 Invalid or unknown command")


@contextlib.contextmanager
def ends(kind: type[AsteriskEnd] = AsteriskEnd) -> Iterator[tuple[int, AsteriskEnd]]:
    """A descriptor for the session, which will close it, and Asterisk's end of it."""
    ours, theirs = socket.socketpair()
    fd = theirs.detach()
    asterisk = kind(fd, fd)
    try:
        yield ours.detach(), asterisk
    finally:
        asterisk.hang_up()


def sounds(folder: Path, **seconds: float) -> Sounds:
    """A voice with prompts of these lengths; `__` in a name stands for the slash."""
    for name, length in seconds.items():
        file = folder / f"{name.replace('__', '/')}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(bytes(44 + round(length * 16000)))
    return Sounds(folder)


def descriptors() -> int:
    """How many descriptors this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
