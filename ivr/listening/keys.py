"""Keys on their way from the telephone to the question they answer."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_MOST_KEYS = 64


class Key(NamedTuple):
    """A DTMF key and when it was released, seconds of a monotonic clock."""

    digit: str
    at: float


class KeyBuffer:
    """Keys that no question has taken yet, at most 64; further ones are dropped.

    After a number that ended by its own length (`number_full`), what the finger still adds is no answer to the next
    question: one ``#`` is swallowed, and digits that follow within `straggler_s` of the key before are counted as an
    overrun, since the number typed was longer than the number taken.
    """

    def __init__(self, straggler_s: float) -> None:
        self._straggler_s = straggler_s
        self._keys: deque[Key] = deque()
        self._last_of_run: float | None = None
        self._overrun = False

    def __len__(self) -> int:
        return len(self._keys)

    def push(self, key: Key) -> bool:
        """Take a key in. True if it stops what is being played; False if it is a swallowed ``#``."""
        if self._last_of_run is not None:
            in_run = key.at - self._last_of_run < self._straggler_s
            if key.digit == "#":
                self._last_of_run = None
                return False
            if in_run and key.digit != "*":
                self._overrun = True
                self._last_of_run = key.at
                return True
            self._last_of_run = None
        if len(self._keys) < _MOST_KEYS:
            self._keys.append(key)
        return True

    def pop(self) -> Key | None:
        """The oldest key, None if there is none."""
        return self._keys.popleft() if self._keys else None

    def number_full(self, at: float) -> None:
        """A number ended by its length with a key at time `at`; keys already here are judged again as its tail."""
        self._last_of_run = at
        waiting = list(self._keys)
        self._keys.clear()
        for key in waiting:
            self.push(key)

    @property
    def overrun(self) -> bool:
        """Whether the last number was typed longer than it could be."""
        return self._overrun

    def take_overrun(self) -> bool:
        """`overrun`; asking forgets it."""
        overrun, self._overrun = self._overrun, False
        return overrun

    @property
    def digits(self) -> str:
        """The keys that wait, oldest first."""
        return "".join(key.digit for key in self._keys)

    def clear(self, keep: str = "") -> None:
        """Forget all keys but those in `keep`: the next question is not answered by what came before it."""
        self._keys = deque(key for key in self._keys if key.digit in keep)
