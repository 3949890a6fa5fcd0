"""`ivr bench studio`: a zip of takes by HTTP, and how soon a caller hears what was published, by real calls."""

from __future__ import annotations

import audioop
import contextlib
import io
import json
import re
import time
import wave
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ivr.domain.journal.steps import PromptBegan
from ivr.storage.calls.reader import CallReader
from ivr.studio.catalogue import load_catalogue
from ivr.testbed.benchmarks.pages import PagesFailed, Visitor, new_administrator
from ivr.testbed.robot.scenario import Scenario, parse
from ivr.testbed.robot.scripted_call import Result
from ivr.testbed.robot.system import System

FIRST_PROMPT = "greeting/welcome"
OTHERS = ("reading/stored", "common/goodbye")
"""Published in turn as the greeting, so that a recording shows which of them was heard."""
START_S = 60.0
LIKE = 0.85
"""Correlation from which two pieces of sound are the same; different prompts have less than 0.7."""
CALL = {"title": "hears what was published", "step": [{"hears": FIRST_PROMPT}, {"waits": 6.0}, {"hangs_up": True}]}
Ring = Callable[[Scenario], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Archived:
    """A zip of takes that was sent to the pages. fine: takes without a fault."""

    takes: int
    fine: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Takes processed in a second, from the first byte sent to the last answer."""
        return self.takes / self.seconds


@dataclass(frozen=True, slots=True)
class Published:
    """One publishing. answered_ms: until the page says so; heard_ms: until the new sound begins in a call rung then."""

    answered_ms: float
    heard_ms: float


class StudioPages:
    """The pages of a running daemon, as an administrator uses them. Close it."""

    def __init__(self, system: System) -> None:
        """Raises PagesFailed, StoreUnavailable."""
        self._system = system
        self._database = system.open_database()
        password = new_administrator(self._database)
        self._visitor = Visitor(_port(system))
        self._visitor.log_in(password)
        self._headers = {"X-CSRF-Token": self._visitor.token, "Content-Type": "application/octet-stream"}

    def close(self) -> None:
        """End the connections."""
        self._visitor.close()
        self._database.close()

    def archive(self, count: int) -> Archived:
        """Send a zip of so many recordings: the shipped prompts, again and again. Raises PagesFailed."""
        sounds = self._system.settings.sounds
        ids = [entry.id for entry in load_catalogue(sounds.catalogue).values() if entry.text]
        files = [(id_, sounds.shipped / f"{id_}.wav") for id_ in ids]
        known = [(id_, file) for id_, file in files if file.is_file()]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for place in range(count):
                id_, file = known[place % len(known)]
                archive.write(file, f"{place // len(known)}/{id_}.wav")
        began = time.perf_counter()
        status, lines = self._visitor.send("POST", "/prompts/files?name=bench.zip", packed.getvalue(), self._headers)
        seconds = time.perf_counter() - began
        if status != 200:
            raise PagesFailed(f"the zip answered {status}")
        rows = [json.loads(line) for line in lines.splitlines()]
        return Archived(len(rows), sum(row["fine"] for row in rows), seconds)

    async def published(self, ring: Ring, times: int) -> list[Published]:
        """Publish and ring, so many times. ring: places a call. Raises PagesFailed, and what `ring` raises."""
        number = self._number()
        found = []
        takes = [self._take(number, prompt) for prompt in OTHERS]
        for place in range(times):
            take = takes[place % len(takes)]
            wanted = self._sound(take)
            began_at, began = datetime.now(UTC), time.perf_counter()
            status, _ = self._visitor.ask(
                "POST", f"/prompts/takes/{take}/publish", {"csrf": self._headers["X-CSRF-Token"], "insist": "true"}
            )
            answered = (time.perf_counter() - began) * 1000
            if status != 303:
                raise PagesFailed(f"publishing answered {status}")
            call = await ring(parse(dict(CALL), Path()))
            steps = CallReader(self._database).steps(call.call_id)
            began_to_play = [seen.at for seen in steps if seen.step == PromptBegan(FIRST_PROMPT)]
            menu = _samples(call.recording.read_bytes(), 1) if call.recording is not None else b""
            if not began_to_play or len(menu) <= len(wanted) or likeness(menu, wanted) < LIKE:
                raise PagesFailed("a call did not hear what was published")
            found.append(Published(answered, (began_to_play[0] - began_at).total_seconds() * 1000))
        return found

    def _number(self) -> int:
        _, page = self._visitor.ask("GET", f"/prompts?q={FIRST_PROMPT}")
        numbers: Sequence[str] = re.findall(r'href="/prompts/(\d+)"', page)
        if not numbers:
            raise PagesFailed("the greeting is not among the prompts")
        return int(numbers[0])

    def _take(self, number: int, prompt: str) -> int:
        sound = (self._system.settings.sounds.shipped / f"{prompt}.wav").read_bytes()
        status, line = self._visitor.send("POST", f"/prompts/{number}/takes?name=a.wav", sound, self._headers)
        take = json.loads(line)["take"] if status == 200 else None
        if take is None:
            raise PagesFailed(f"a take answered {status}")
        return int(take)

    def _sound(self, take: int) -> bytes:
        status, wav = self._visitor.send("GET", f"/prompts/takes/{take}/phone.wav", b"", {})
        if status != 200:
            raise PagesFailed(f"a take's sound answered {status}")
        return _samples(wav)


def likeness(heard: bytes, wanted: bytes) -> float:
    """Correlation of the loudest half second of `wanted` with the place of `heard` most like it; 16 bit, 8 kHz."""
    begin = audioop.findmax(wanted, 4000)
    piece = wanted[2 * begin : 2 * begin + 8000]
    zeros = len(heard) - len(heard.lstrip(b"\0"))  # at its beginning `findfit` divides by zero and finds nothing
    heard = heard[zeros - zeros % 2 :]
    place, _ = audioop.findfit(heard, piece)
    found = heard[2 * place : 2 * place + len(piece)]
    power = audioop.rms(piece, 2) * audioop.rms(found, 2)
    pairs = zip(memoryview(piece).cast("h"), memoryview(found).cast("h"), strict=True)
    return sum(a * b for a, b in pairs) / (len(piece) // 2) / max(1, power)


def _samples(wav: bytes, channel: int = 0) -> bytes:
    with wave.open(io.BytesIO(wav)) as opened:
        data = opened.readframes(opened.getnframes())
        return data if opened.getnchannels() == 1 else audioop.tomono(data, 2, *((1, 0) if channel == 0 else (0, 1)))


def _port(system: System) -> int:
    """The port of the pages that a daemon's log names."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            told = re.search(r'"path": ?"http://127\.0\.0\.1:(\d+)/"', system.log_file.read_text(encoding="utf-8"))
            if told is not None:
                return int(told[1])
        time.sleep(0.05)
    raise PagesFailed("the pages were not served in time")
