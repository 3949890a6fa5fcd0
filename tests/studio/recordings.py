"""Recordings as people bring them: real speech by festival, made loud, quiet, noisy or broken by ffmpeg."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from ivr.studio.synthesis import Festival


@cache
def _spoken(text: str) -> bytes:
    """A WAV of 16 kHz."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spoken.wav"
        Festival().speak(text, file)
        return file.read_bytes()


def ffmpeg(*words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *words], check=True, timeout=240)


def recording(folder: Path, text: str, *options: str, filters: str = "anull", name: str = "take.wav") -> Path:
    """`text` as somebody recorded it: half a second of a quiet room around it, 48 kHz."""
    source, target = folder / "spoken.wav", folder / name
    source.write_bytes(_spoken(text))
    room = "anoisesrc=a=0.0003:r=48000:c=pink:seed=7"
    mix = f"[0:a]aresample=48000,adelay=500:all=1,apad=pad_dur=0.5[v];[v][1:a]amix=duration=first:normalize=0,{filters}"
    ffmpeg("-i", str(source), "-f", "lavfi", "-i", room, "-filter_complex", mix, *options, str(target))
    return target
