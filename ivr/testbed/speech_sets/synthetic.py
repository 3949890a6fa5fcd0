"""Synthetic voices that no training may use, spoken by espeak-ng and brought to the telephone by ffmpeg."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ivr.testbed.speech_sets import sound
from ivr.testbed.speech_sets.programs import ProgramFailed, run

HELD_OUT = ("f4", "f5", "m5", "m6", "Andrea", "anika", "linda", "Gene", "Marco", "Denis", "victor", "shelby")
"""Variants of espeak-ng's Russian voice that belong to the benchmark: no training may use them."""

_TO_TELEPHONE = f"highpass=f=120,aresample={sound.RATE}:resampler=soxr:precision=28"


@dataclass(frozen=True, slots=True)
class Voice:
    """One way of speaking of a held-out voice. speed: words a minute; pitch: 0 to 99."""

    variant: str
    speed: int
    pitch: int


def voice_of(index: int, random: Random) -> Voice:
    """The voice of the item with this index: all of them in turn, at a caller's tempo and pitch."""
    return Voice(HELD_OUT[index % len(HELD_OUT)], random.randint(120, 185), random.randint(30, 70))


def speak(text: str, voice: Voice, cache: Path) -> bytes:
    """Trimmed telephone speech, from the folder `cache` where it was spoken before. Raises ProgramFailed."""
    name = hashlib.sha256(f"{voice.variant}|{voice.speed}|{voice.pitch}|{text}".encode()).hexdigest()[:24]
    file = cache / f"{name}.wav"
    if not file.is_file():
        cache.mkdir(parents=True, exist_ok=True)
        pcm = sound.trimmed(_spoken(text, voice))
        if not pcm:
            raise ProgramFailed(f"espeak-ng: nothing is heard from voice ru+{voice.variant}")
        part = file.with_suffix(".part")
        sound.write(part, pcm)
        part.replace(file)
    return sound.read(file)


def _spoken(text: str, voice: Voice) -> bytes:
    manner = ["-v", f"ru+{voice.variant}", "-s", str(voice.speed), "-p", str(voice.pitch)]
    wav = run(["espeak-ng", "-b", "1", *manner, "--stdin", "--stdout"], text.encode())
    convert = ["ffmpeg", "-v", "error", "-f", "wav", "-i", "pipe:0", "-af", _TO_TELEPHONE, "-ac", "1"]
    return run([*convert, "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"], wav)
