"""Messages that callers leave with the lab's Asterisk."""

from __future__ import annotations

import time
from pathlib import Path

from tests.lab.phone import HEARS_S

WAV_HEADER, BYTES_A_SECOND = 44, 16000


def half_a_second_recorded(messages: Path, before: set[Path]) -> Path:
    """Wait until half a second of a new message is on the disk; its file."""
    deadline = time.monotonic() + HEARS_S
    while time.monotonic() < deadline:
        for place in set(messages.iterdir()) - before:
            if place.stat().st_size >= WAV_HEADER + BYTES_A_SECOND / 2:
                return place
        time.sleep(0.05)
    raise AssertionError("no message was recorded")
