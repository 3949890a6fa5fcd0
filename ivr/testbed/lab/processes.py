"""The processes of a lab, found by a mark in their environment.

Asterisk and all it starts inherit the mark; unlike a stored process id it is never another program's after a crash
or a reboot.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from ivr.testbed.lab.faults import LabFault

MARK = "IVR_LAB_FOLDER"
STOP_S, KILL_S = 5.0, 5.0
BECOMING, BECOMING_S = 100, 0.002


def of_lab(folder: Path) -> list[int]:
    """Ids of the living processes of the lab in `folder` (absolute)."""
    mark = f"{MARK}={folder}".encode()
    return [pid for pid in _all() if mark in _environment(pid).split(b"\0")]


def _all() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _environment(pid: int) -> bytes:
    """What a process was started with, empty if it has ended or is somebody else's.

    While a process becomes another program (execve) it shows no environment: it is looked at again.
    """
    for _ in range(BECOMING):
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            if environment:
                return environment
            Path(f"/proc/{pid}/exe").readlink()  # the kernel's own and those that have ended have no program
        except OSError:
            return b""
        time.sleep(BECOMING_S)
    return b""


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
