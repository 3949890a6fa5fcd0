"""`ivr hotline board` beside the real Asterisk: what somebody at a terminal sees."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ivr.config import REPOSITORY
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.callbacks import CALLER, owed, rings_back
from tests.lab.phone import waiting_callers

LIMIT_S = 90


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="system-", dir=REPOSITORY / "var") as folder:
        yield Path(folder)


def system_in(folder: Path, lab: Lab, **ami: Any) -> System:
    system = System(folder, lab, changes=rings_back(lab, **ami))
    system.prepare()
    return system


def board(system: System, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ivr", "hotline", "board", "--config", str(system.config_file), *options]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=LIMIT_S, env={**os.environ, "COLUMNS": "100"}
    )


def at_terminal(system: System, terminal: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "ivr", "hotline", "board", "--config", str(system.config_file)]
    environment = {**os.environ, "TERM": "xterm"}
    return subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment)


async def test_it_shows_who_waits_who_is_there_and_what_is_due(lab: Lab, folder: Path) -> None:
    system = system_in(folder, lab)
    owed(system, CALLER, "+79161234568")
    async with waiting_callers(lab, 2):
        shown = await asyncio.to_thread(board, system, "--once")
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"hotline +│ 2 +│ 0:\d\d +│ 0 +│ Hotline (busy|ringing)", shown.stdout), shown.stdout
    assert re.search(r"operator +│ 0 +│ 0:00 +│ 1 +│ Operator free", shown.stdout), shown.stdout
    assert "call-backs: 2 due, 0 ringing, oldest 0:" in shown.stdout
    assert CALLER not in shown.stdout


async def test_a_wrong_secret_is_said(lab: Lab, folder: Path) -> None:
    shown = await asyncio.to_thread(board, system_in(folder, lab, secret="wrong"), "--once")
    assert shown.returncode == 1
    assert "refused the login" in shown.stdout
    assert "Traceback" not in shown.stderr


async def test_without_an_account_it_says_what_is_missing(lab: Lab, folder: Path) -> None:
    shown = await asyncio.to_thread(board, system_in(folder, lab, user=""), "--once")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "ami.user" in shown.stderr


async def test_on_a_terminal_it_goes_on_until_interrupted(lab: Lab, folder: Path) -> None:
    system = system_in(folder, lab)
    main, sub = pty.openpty()
    termios.tcsetwinsize(sub, (24, 100))
    process = await asyncio.to_thread(at_terminal, system, sub)
    os.close(sub)

    def read_until(text: bytes) -> None:
        seen = b""
        while re.search(text, seen) is None:
            seen += os.read(main, 65536)

    try:
        async with asyncio.timeout(LIMIT_S):
            await asyncio.to_thread(read_until, b"Operator free")
        async with waiting_callers(lab, 1):
            async with asyncio.timeout(LIMIT_S):
                await asyncio.to_thread(read_until, b"Hotline (ringing|busy)")
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, LIMIT_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(main)
