"""Waits for what nobody tells of: a file that grows, a row that another thread or program writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LIMIT_S = 90.0
"""Long, for busy machines: who waits so long is told what never came true."""
SHORTEST_S, LONGEST_S, GROWTH = 0.001, 0.1, 1.5
"""Between two looks; they become rarer, so that whoever is waited for has the processor."""


async def until(holds: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    """Wait until something holds; `holds` is asked on the event loop and is short. Raises TimeoutError."""
    pause = SHORTEST_S
    async with asyncio.timeout(limit_s):
        while not holds():
            await asyncio.sleep(pause)
            pause = min(pause * GROWTH, LONGEST_S)
