"""What a program tells in its log, such as where the pages are served."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

START_S = 120.0


def served_at(log: Path, runs: Callable[[], bool]) -> str:
    """The address that the log tells, without a slash at its end. runs: as for `told`."""
    return str(told(log, "the pages are served", runs)["path"]).rstrip("/")


def told(log: Path, text: str, runs: Callable[[], bool]) -> dict[str, Any]:
    """The first line with this text, waited for. runs: whether the program is still there."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        whole, _, _ = log.read_text(encoding="utf-8").rpartition("\n")  # the rest is being written
        for line in whole.splitlines():
            if line.startswith("{") and (found := json.loads(line))["text"] == text:
                return dict(found)
        assert runs(), log.read_text(encoding="utf-8")
        time.sleep(0.05)
    raise AssertionError(f"{text!r} was not told within {START_S} s: {log.read_text(encoding='utf-8')}")
