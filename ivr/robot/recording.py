"""The stereo recording of a scripted call: the caller left, the menu right."""

from __future__ import annotations

import array
import wave
from pathlib import Path

RATE = 8000


def join(caller: Path, menu: Path, stereo: Path) -> float:
    """Write both sides, mono 16 bit 8 kHz, as one stereo wav; its length in seconds.

    A side that was never written counts as silence. Raises OSError and wave.Error.
    """
    left, right = _samples(caller), _samples(menu)
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
    return length / RATE


def _samples(file: Path) -> array.array[int]:
    samples = array.array("h")
    if file.is_file():
        with wave.open(str(file), "rb") as side:
            samples.frombytes(side.readframes(side.getnframes()))
    return samples
