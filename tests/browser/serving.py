"""Where the pages are served, by what the log says."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

START_S = 120.0


def served_at(log: Path, runs: Callable[[], bool]) -> str:
    """The address that the log tells, without a slash at its end. runs: whether the program is still there."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        whole, _, _ = log.read_text(encoding="utf-8").rpartition("\n")  # the rest is being written
        for line in whole.splitlines():
            if line.startswith("{") and (told := json.loads(line))["text"] == "the pages are served":
                return str(told["path"]).rstrip("/")
        assert runs(), log.read_text(encoding="utf-8")
        time.sleep(0.05)
    raise AssertionError(f"the pages were not served within {START_S} s: {log.read_text(encoding='utf-8')}")
