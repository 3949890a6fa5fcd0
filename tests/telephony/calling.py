"""Calls that Asterisk hands over: the real launcher as its own process, with pipes as descriptors 0, 1 and 3."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ivr.telephony import launcher
from tests.telephony.asterisk_end import HEADER, LIMIT_S, FakeAsterisk

LAUNCHER = Path(launcher.__file__)


def patient_launcher(folder: Path) -> Path:
    """The launcher with a minute instead of a second: on a crowded machine a healthy daemon may take longer."""
    patient = folder / "patient-launcher.py"
    hasty = f"LIMIT_S = {launcher.LIMIT_S}\n"
    text = LAUNCHER.read_text(encoding="utf-8")
    assert hasty in text
    patient.write_text(text.replace(hasty, f"LIMIT_S = {LIMIT_S}\n"), encoding="utf-8")
    patient.chmod(0o755)
    return patient


@dataclass
class EagiCall:
    """A call at Asterisk's end.

    launcher: its process. asterisk: descriptors 0 and 1. audio_fd: where the caller's audio goes in, descriptor 3.
    """

    launcher: asyncio.subprocess.Process
    asterisk: FakeAsterisk
    audio_fd: int

    async def exit_code(self) -> int:
        """How the launcher ended."""
        async with asyncio.timeout(LIMIT_S):
            _, complaint = await self.launcher.communicate()
        assert bool(complaint) == bool(self.launcher.returncode), "it complains if it fails, and only then"
        return self.launcher.returncode or 0

    @property
    def audio_is_heard(self) -> bool:
        """Whether somebody still holds the other end of the audio pipe."""
        try:
            return os.write(self.audio_fd, b"\0\0") > 0
        except BrokenPipeError:
            return False


@asynccontextmanager
async def eagi_call(path: Path | str, *header: str, hasty: bool = False) -> AsyncIterator[EagiCall]:
    """Start the launcher as EAGI does; `header` is what Asterisk sends at once. hasty: with its limit of a second.

    The header lies in the pipe before the launcher starts: one that is refused may end first, and its pipe with it.
    """
    (daemon_reads, we_write), (we_read, daemon_writes) = os.pipe(), os.pipe()
    daemon_hears, we_speak = os.pipe()
    asterisk = FakeAsterisk(we_read, we_write)
    if header:
        asterisk.send(*header)
    scratch = tempfile.TemporaryDirectory()
    program = LAUNCHER if hasty else patient_launcher(Path(scratch.name))
    words = (sys.executable, "-IS", str(program), *([str(path)] if path else []))
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", f'exec "$@" 3<&{daemon_hears}', "eagi", *words),
        stdin=daemon_reads,
        stdout=daemon_writes,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=[daemon_hears],
    )
    for fd in (daemon_reads, daemon_writes, daemon_hears):
        os.close(fd)
    call = EagiCall(process, asterisk, we_speak)
    try:
        yield call
    finally:
        asterisk.hang_up()
        with suppress(OSError):
            os.close(we_speak)
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
        scratch.cleanup()


@asynccontextmanager
async def served_call(path: Path) -> AsyncIterator[EagiCall]:
    """A call that the daemon has taken."""
    async with eagi_call(path, *HEADER) as call:
        assert await call.exit_code() == 0
        yield call
