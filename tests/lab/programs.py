"""Programs that the lab runs instead of the launcher, as if the daemon had done or said something."""

from __future__ import annotations

from pathlib import Path

from ivr.testbed.lab.lab import Lab


def program(lab: Lab, name: str, text: str) -> Path:
    """An EAGI program that the lab can run instead of the launcher."""
    place = lab.folder / "bin" / name
    place.write_text(f'#!/bin/sh\nwhile read -r line && [ -n "$line" ]; do :; done\n{text}\n', encoding="utf-8")
    place.chmod(0o755)
    return place


def goes_on(lab: Lab, word: str) -> Path:
    """The daemon says what comes next: this value of IVR_NEXT."""
    return program(lab, f"next-{word}", f"echo 'SET VARIABLE IVR_NEXT {word}'\nread -r reply")
