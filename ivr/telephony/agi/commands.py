"""The text of the Asterisk Gateway Interface: commands out, replies in. No input or output here.

Source of the forms: Asterisk's ``res/res_agi.c`` (22.10) and the measurements in docs/adr/0002-eagi-hand-off.md.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from ivr.domain.faults import BadInput

_RESULT = re.compile(r"result=(-?\d{0,18})(?!\d)(?: \((.*)\))?(?: endpos=(-?\d{1,18}))?", re.DOTALL | re.ASCII)
_BREAK = re.compile(r"[\r\n\0]")
_MOST_USAGE_LINES = 200
_LONGEST_COMMAND = 2047  # AGI_BUF_LEN less its final zero; Asterisk takes the rest of a longer line for a command


class WireError(BadInput):
    """What arrived is not AGI; the session cannot be trusted any more."""


class Code(Enum):
    """First number of a reply."""

    DONE = 200
    UNKNOWN_COMMAND = 510
    DEAD_CHANNEL = 511
    BAD_SYNTAX = 520


_DONE = Code.DONE  # a member looked up in its class costs as much as a small function


class Reply(NamedTuple):
    """One reply.

    result: number after ``result=``; None if absent or empty. What -1 and 0 mean depends on the command.
    value: text in parentheses, a variable's value for example; None if absent.
    endpos: samples played so far, for STREAM FILE; None if absent.
    """

    code: Code
    result: int | None = None
    value: str | None = None
    endpos: int | None = None


class HangUpNotice:
    """The line ``HANGUP``, which may arrive at any time; the true reply still follows."""


def quote(argument: str | int) -> str:
    """An argument as one quoted word. Raises ValueError on a line break or NUL: they would begin a second command."""
    text = str(argument)
    if _BREAK.search(text):
        raise ValueError("an AGI argument holds no line break and no NUL")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def command(verb: str, *arguments: str | int) -> bytes:
    """A whole command line. `verb` is a fixed word of ours and stands unquoted.

    Raises ValueError on what `quote` refuses and on a line longer than Asterisk reads, 2047 bytes.
    """
    line = " ".join([verb, *map(quote, arguments)]).encode() + b"\n"
    if len(line) > _LONGEST_COMMAND:
        raise ValueError("an AGI command is at most 2047 bytes long")
    return line


@lru_cache(maxsize=2048)  # the whole voice twice; 2 µs less for each of the forty prompts of a call
def stream_command(file: str, stop_keys: str, offset: int) -> bytes:
    """STREAM FILE, see `command`."""
    return command("STREAM FILE", file, stop_keys, offset)


class Replies:
    """Turns lines into replies; keeps the state of a reply of several lines."""

    def __init__(self) -> None:
        self._usage_lines = 0

    def feed(self, line: bytes) -> Reply | HangUpNotice | None:
        """The reply that `line` (without its line break) completes, or None if more lines belong to it.

        Raises WireError on anything else.
        """
        text = line.decode("utf-8", "replace").rstrip("\r")
        if self._usage_lines:
            return self._usage(text)
        if text.startswith("200 "):  # nearly all are
            return self._done(text[4:])
        if text == "HANGUP":
            return HangUpNotice()
        if text.startswith("520-"):
            self._usage_lines = 1
            return None
        if re.match(r"1\d\d[ -]", text):
            return None  # provisional: the true reply follows
        match text[:4]:
            case "510 " | "510":
                return Reply(Code.UNKNOWN_COMMAND)
            case "511 " | "511":
                return Reply(Code.DEAD_CHANNEL)
            case "520 " | "520":
                return Reply(Code.BAD_SYNTAX)
        raise WireError("a line that is no AGI reply")

    def _usage(self, text: str) -> Reply | None:
        if text.startswith("520 "):
            self._usage_lines = 0
            return Reply(Code.BAD_SYNTAX)
        self._usage_lines += 1
        if self._usage_lines > _MOST_USAGE_LINES:
            raise WireError("a usage text without an end")
        return None

    def _done(self, rest: str) -> Reply:
        found = _RESULT.match(rest)
        if found is None:
            raise WireError("a reply without a result")
        number, value, endpos = found.groups()
        return Reply(
            _DONE,
            int(number) if number not in ("", "-") else None,
            value,
            None if endpos is None else int(endpos),
        )


def parse_header(lines: list[bytes]) -> dict[str, str]:
    """Variables that Asterisk sends before the first command: ``agi_name: value``.

    Raises WireError on a line of another form, and if there is none at all: Asterisk always sends some.
    """
    if not lines:
        raise WireError("a header without a line")
    found: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if not colon or not name.startswith("agi_"):
            raise WireError("a header line that is no AGI variable")
        found[name.strip()] = value.strip()
    return found
