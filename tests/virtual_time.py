"""An event loop whose clock jumps: whoever waits waits no real time, and a busy machine changes nothing.

Time passes only where nothing else is left to do. What is given to threads is done at once and takes no time.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

BEGAN = 1000.0
ROUND_S = 1e-6
"""A round of the loop takes so long: else a wait shorter than what can be added to the clock would never end."""

Result = TypeVar("Result")


class _Jumping(selectors.DefaultSelector):
    """Looks which descriptors are ready; where none is, the time goes by that it was to wait for one."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if timeout is None and not ready:
            raise AssertionError("nothing will ever happen again on this event loop")
        self.passed += ROUND_S if ready else max(timeout or 0.0, ROUND_S)
        return ready


class VirtualTime(asyncio.SelectorEventLoop):
    """Both ends of all its descriptors must belong to it; nobody else is waited for."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return BEGAN + self._jumping.passed

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:
            done.set_exception(error)
        return done


def in_virtual_time(main: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end."""
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        return runner.run(main)
