"""Waits for what nobody tells of: a file that grows, a row that another thread or program writes."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from pathlib import Path

LIMIT_S = 90.0
"""Long, for busy machines: who waits so long is told what never came true."""
SHORTEST_S, LONGEST_S, GROWTH = 0.001, 0.1, 1.5
"""Between two looks; they become rarer, so that whoever is waited for has the processor."""


class NeverCame(TimeoutError):
    """What a test waited for did not come; the text is the condition as it stands in the test."""


async def until(holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
    """Wait until something holds; `holds` is asked on the event loop and is short. Raises NeverCame."""
    pause = SHORTEST_S
    try:
        async with asyncio.timeout(limit_s):
            while not holds():
                await asyncio.sleep(pause)
                pause = min(pause * GROWTH, LONGEST_S)
    except TimeoutError:
        raise NeverCame(f"not within {limit_s:g} s: {_said(holds)}") from None


def _said(holds: Callable[[], object]) -> str:
    """File, line and source of the condition."""
    code = getattr(holds, "__code__", None)
    if code is None:
        return repr(holds)
    lines, first = inspect.getsourcelines(code)
    return f"{Path(code.co_filename).name}:{first}: {' '.join(line.strip() for line in lines)}"
