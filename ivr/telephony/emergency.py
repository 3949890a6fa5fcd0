#!/usr/bin/python3 -sB
"""Emergency mode: takes readings by keys when daemon and database are down.

AGI(emergency.py,SPOOL,SOUNDS), started by the dialplan as a process of its own. It needs pyst2 and nothing else of this
project: it runs under the Python of the Asterisk machine (3.8 or later).

Account and readings are said back digit by digit, appended to SPOOL/readings.jsonl (one JSON object a line, on the
disk before the caller hears a confirmation), and checked by a clerk later:

    {"id": "<32 hex digits>", "taken_at": "2025-01-20T18:03:11+03:00", "account": "0012345678",
     "values": ["00123", "00045"], "caller": "+79161234567"}

Values are in the order of the zones on the meter. The import locks the file with flock, renames it and reads
it: a writer that waited for the lock sees the rename and begins a new file.

Tells the dialplan by IVR_NEXT what comes next: `hangup`, or `hotline` for a caller who wants or needs a person.
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import re
import sys
import uuid
from datetime import datetime
from pathlib import Path

from asterisk.agi import AGI, AGIError, AGIHangup

SPOOL_FILE = "readings.jsonl"
LONGEST_ACCOUNT, LONGEST_VALUE = 20, 8
MOST_ZONES = 3
STUMBLES = 3  # failures of any kind, over the whole conversation, before a person takes over
NUMBER_MS, CHOICE_MS = 10000, 7000  # a caller with a bill or a meter to read needs time
PAUSE_MS = 400
KEYS = "0123456789*#"


class NeedsPerson(Exception):
    """The caller asked for an operator, or failed too often."""


class Silence:
    """Where pyst2's log goes: it holds all that the caller said and pressed, and Asterisk would keep it."""

    def write(self, text: str) -> None:
        """Forget `text`."""


class Line(AGI):  # type: ignore[misc]  # pyst2 has no types
    """The caller's line: pyst2's commands with its faults mended."""

    def __init__(self, sounds: str) -> None:
        self.sounds = sounds
        stdin = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace")  # names come in any encoding
        super().__init__(stdin=stdin, stdout=sys.stdout, stderr=Silence())

    def _quote(self, string: object) -> str:
        text = re.sub(r"[\r\n]", " ", str(string)).replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'

    def get_result(self, stdin: object = None) -> dict[str, tuple[str, str]]:
        """The reply to a command: "result" -> (value, text in brackets). Raises AGIHangup, AGIError."""
        while True:
            line = self.stdin.readline()
            if not line.endswith("\n") or line.startswith(("HANGUP", "511")):  # closed, gone, nothing to talk to
                raise AGIHangup("hung up")
            if line.startswith("520-"):
                continue  # the lines of a usage message, up to "520 "
            match = re.match(r"200 result=(-?[0-9*#]*)(?: \((.*)\))?", line)
            if match:
                if match[1] == "-1":
                    raise AGIHangup("hung up")
                return {"result": (match[1], match[2] or "")}
            if re.match(r"\d{3} ", line):
                raise AGIError(f"reply {line[:3]}")

    def tell(self, name: str, value: str) -> None:
        """Set a channel variable."""
        self.execute("SET VARIABLE", name, self._quote(value))

    def play(self, prompt: str, keys: str = "") -> str:
        """Play a fixed sound; returns the key of `keys` that stopped it, or ""."""
        self.tell("IVR_PROMPT", prompt)
        code = self.execute("STREAM FILE", self._quote(f"{self.sounds}/{prompt}"), self._quote(keys))["result"][0]
        return chr(int(code)) if code not in ("", "0") else ""

    def pause(self) -> str:
        """A short silence; returns the key that ended it, or ""."""
        code = self.execute("WAIT FOR DIGIT", PAUSE_MS)["result"][0]
        return chr(int(code)) if code not in ("", "0") else ""

    def ask(self, prompt: str, longest: int, limit_ms: int) -> tuple[str, bool]:
        """Play a fixed sound and collect up to `longest` keys, ended by #.

        Returns the keys without #, and whether the caller ended them (else `limit_ms` of silence did).
        """
        self.tell("IVR_PROMPT", prompt)
        words = (self._quote(f"{self.sounds}/{prompt}"), limit_ms, longest)
        keys, remark = self.execute("GET DATA", *words)["result"]
        return keys, remark != "timeout"


class Conversation:
    """The questions, and the number of failures that a caller has."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.stumbles = 0

    def readings(self) -> tuple[str, list[str]]:
        """Account number and values that the caller has confirmed. Raises NeedsPerson."""
        while True:
            account = self.number("fixed/emergency-account", LONGEST_ACCOUNT)
            values = [self.number("fixed/emergency-reading", LONGEST_VALUE)]
            while len(values) < MOST_ZONES:
                value = self.number("fixed/emergency-more", LONGEST_VALUE, may_be_none=True)
                if not value:
                    break
                values.append(value)
            if self.confirmed(account, values):
                return account, values

    def number(self, prompt: str, longest: int, may_be_none: bool = False) -> str:
        """A number of 1 to `longest` digits; "" if the caller answers with a lone # and `may_be_none`."""
        while True:
            # One key more than the longest number: the # that many press after it must not answer the next question.
            keys, ended = self.line.ask(prompt, longest + 1, NUMBER_MS)
            if keys == "0":
                raise NeedsPerson
            if keys.isdigit() and len(keys) <= longest:
                return keys
            if not keys and ended and may_be_none:
                return ""
            self.stumble()

    def confirmed(self, account: str, values: list[str]) -> bool:
        """Say everything back and ask whether it is right; False: begin again."""
        while True:
            key = self.said_back([account, *values]) or self.line.ask("fixed/emergency-correct", 1, CHOICE_MS)[0]
            if key == "0":
                raise NeedsPerson
            if key == "1":
                return True
            self.stumble()
            if key == "2":
                return False

    def said_back(self, numbers: list[str]) -> str:
        """Say the numbers digit by digit; returns the key that stopped it, or ""."""
        key = self.line.play("fixed/emergency-you-entered", "012")
        for number in numbers:
            for digit in number:
                key = key or self.line.play(f"fixed/digit-{digit}", "012")
            key = key or self.line.pause()
            if key:
                break
        return key

    def stumble(self) -> None:
        """Count a failure. Raises NeedsPerson if it was the last one."""
        self.stumbles += 1
        if self.stumbles >= STUMBLES:
            raise NeedsPerson
        self.line.play("fixed/emergency-again")


def keep(spool: Path, entry: dict[str, object]) -> None:
    """Append one line to the spool; it is on the disk when this returns. Raises OSError, the spool then unchanged."""
    spool.mkdir(parents=True, exist_ok=True)
    line = (json.dumps(entry) + "\n").encode("ascii")
    descriptor = open_locked(spool / SPOOL_FILE)
    try:
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":  # torn by a power cut: do not join it
            line = b"\n" + line
        try:
            if os.write(descriptor, line) != len(line):
                raise OSError("the disk is full")
            os.fsync(descriptor)
        except OSError:
            os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
    folder = os.open(spool, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)  # the file's name, if it is new
    finally:
        os.close(folder)


def open_locked(place: Path) -> int:
    """A descriptor of `place`, for appending, that holds the lock; never of a file that was renamed away meanwhile."""
    while True:
        descriptor = os.open(place, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            ours, there = os.fstat(descriptor), place.stat()
            if (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino):
                return descriptor
        except FileNotFoundError:
            pass  # renamed away: begin a new one
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)


def take_readings(line: Line, spool: Path) -> str:
    """The whole conversation; returns what the dialplan does next. Raises AGIHangup, AGIError."""
    try:
        account, values = Conversation(line).readings()
    except NeedsPerson:
        return "hotline"
    entry: dict[str, object] = {
        "id": uuid.uuid4().hex,
        "taken_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "account": account,
        "values": values,
        "caller": line.env.get("agi_callerid", ""),
    }
    try:
        keep(spool, entry)
    except OSError:
        line.play("fixed/emergency-not-saved")
        return "hotline"
    line.play("fixed/emergency-saved")
    return "hangup"


def main() -> int:
    """Exit status: 0 unless the conversation broke for another reason than a hang-up."""
    spool, sounds = sys.argv[1:3]
    line = Line(sounds)
    try:
        line.tell("IVR_NEXT", take_readings(line, Path(spool)))
    except AGIHangup:
        return 0
    except AGIError as error:
        sys.stderr.write(f"ivr emergency: Asterisk refused a command, {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
