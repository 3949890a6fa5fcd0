"""Programs of the machine that make or change sound."""

from __future__ import annotations

import subprocess

from ivr.domain.faults import Unavailable

LIMIT_S = 30.0


class ProgramFailed(Unavailable):
    """A program is missing or failed; the text says which and what to install."""


def run(command: list[str], given: bytes) -> bytes:
    """What the program makes of its input. Raises ProgramFailed."""
    try:
        return subprocess.run(command, input=given, capture_output=True, timeout=LIMIT_S, check=True).stdout
    except FileNotFoundError as error:
        raise ProgramFailed(f"{command[0]} is missing: apt-get install {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise ProgramFailed(f"{command[0]} took longer than {LIMIT_S:g} s") from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()
        raise ProgramFailed(f"{command[0]}: {last[-1] if last else f'ended with {error.returncode}'}") from error
