"""The stereo recording of a scripted call: the caller left, the menu right."""

from __future__ import annotations

import array
import time
import wave
from dataclasses import dataclass
from pathlib import Path

RATE = 8000
WRITTEN_S, POLL_S = 30.0, 0.05


@dataclass(frozen=True, slots=True)
class Sides:
    """The files that Asterisk writes of one call. folder: readable and writable on both sides."""

    folder: Path
    name: str

    @property
    def caller(self) -> Path:
        """What the caller sends."""
        return self.folder / f"{self.name}-caller.wav"

    @property
    def menu(self) -> Path:
        """What the caller hears."""
        return self.folder / f"{self.name}-menu.wav"

    @property
    def both(self) -> Path:
        """Both mixed; Asterisk insists on it."""
        return self.folder / f"{self.name}-both.wav"

    @property
    def done(self) -> Path:
        """Appears when the others are written whole."""
        return self.folder / f"{self.name}-done"


def join(sides: Sides, stereo: Path) -> Path | None:
    """Write both sides as one stereo wav and remove them; None if Asterisk did not finish them within WRITTEN_S.

    Blocks: call it in a thread.
    """
    deadline = time.monotonic() + WRITTEN_S
    while not sides.done.exists():
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_S)
    left, right = _samples(sides.caller), _samples(sides.menu)
    length = max(len(left), len(right))
    both = array.array("h", bytes(4 * length))
    both[0 : 2 * len(left) : 2] = left
    both[1 : 2 * len(right) : 2] = right
    stereo.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(stereo), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(both.tobytes())
    for part in (sides.caller, sides.menu, sides.both, sides.done):
        part.unlink(missing_ok=True)
    return stereo


def _samples(file: Path) -> array.array[int]:
    samples = array.array("h")
    if file.is_file():
        with wave.open(str(file), "rb") as side:
            samples.frombytes(side.readframes(side.getnframes()))
    return samples
