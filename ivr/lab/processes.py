"""The processes of a lab, found by a mark in their environment.

Asterisk and all it starts inherit the mark; unlike a kept process id it is never another program's after a crash
or a reboot.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from ivr.lab.faults import LabFault

MARK = "IVR_LAB_FOLDER"
STOP_S, KILL_S = 5.0, 5.0


def of_lab(folder: Path) -> list[int]:
    """Ids of the living processes of the lab in `folder` (absolute)."""
    mark = f"{MARK}={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:  # ended meanwhile, or somebody else's
            continue
        if mark in environment.split(b"\0"):
            found.append(int(entry.name))
    return found


def stop(folder: Path) -> None:
    """End every process of the lab: asked first, killed after STOP_S. Raises LabFault if one outlives that."""
    for number, limit_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, KILL_S)):
        deadline = time.monotonic() + limit_s
        for pid in of_lab(folder):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue
        while of_lab(folder):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        else:
            return
    raise LabFault(f"processes of the lab do not end: {of_lab(folder)}")
