"""The events of a call in their order, for code that waits for them or shows them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

GAP_S = 0.4
"""A phrase that follows begins sooner after the one before; the journal tells of it a little late."""


class Who(StrEnum):
    """Whose doing an event is."""

    MENU = "menu"
    CALLER = "caller"
    LINE = "line"


@dataclass(frozen=True, slots=True)
class Happening:
    """One event. at: seconds since the call was placed. prompt: id of a prompt that began, "" otherwise.

    text: what is said or done, for people. lasts_s: how long a prompt plays.
    """

    at: float
    who: Who
    text: str
    prompt: str = ""
    lasts_s: float = 0.0


class Timeline:
    """Grows as the call goes on; calls `on_event` with each event."""

    def __init__(self, on_event: Callable[[Happening], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._on_event = on_event
        self._changed = asyncio.Event()
        self._heard_until = 0
        self.happenings: list[Happening] = []

    @property
    def now(self) -> float:
        """Seconds since the call was placed."""
        return self._loop.time() - self._began

    @property
    def heard(self) -> list[str]:
        """Prompt ids in their order."""
        return [happening.prompt for happening in self.happenings if happening.prompt]

    def add(self, who: Who, text: str, prompt: str = "", lasts_s: float = 0.0) -> None:
        """Something happens now."""
        happening = Happening(self.now, who, text, prompt, lasts_s)
        self.happenings.append(happening)
        self._on_event(happening)
        self._changed.set()

    async def hears(self, prompt: str, limit_s: float) -> None:
        """Wait until `prompt` begins, or has begun behind the last one waited for. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            while True:
                for place in range(self._heard_until, len(self.happenings)):
                    if self.happenings[place].prompt == prompt:
                        self._heard_until = place + 1
                        return
                self._changed.clear()
                await self._changed.wait()

    async def quiet(self) -> None:
        """Wait until the menu has said all it has to say for now."""
        while True:
            prompts = [happening for happening in self.happenings if happening.prompt]
            left = max((prompt.at + prompt.lasts_s + GAP_S for prompt in prompts[-1:]), default=0.0) - self.now
            if left <= 0:
                return
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
