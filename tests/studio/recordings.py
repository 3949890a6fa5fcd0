"""Recordings as people bring them: speech of the folder `spoken`, made loud, quiet, noisy or broken by ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

SPOKEN = Path(__file__).parent / "spoken"
"""Texts as a voice says them, WAV of 16 kHz; its README says how they were made."""


@cache
def _texts() -> dict[str, str]:
    with (SPOKEN / "texts.toml").open("rb") as file:
        texts: dict[str, str] = tomllib.load(file)
    return texts


def ffmpeg(*words: str) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *words], check=True, timeout=240)


def recording(folder: Path, text: str, *options: str, filters: str = "anull", name: str = "take.wav") -> Path:
    """`text` as somebody recorded it: half a second of a quiet room around it, 48 kHz."""
    source, target = folder / "spoken.wav", folder / name
    shutil.copyfile(SPOKEN / _texts()[text], source)
    room = "anoisesrc=a=0.0003:r=48000:c=pink:seed=7"
    mix = f"[0:a]aresample=48000,adelay=500:all=1,apad=pad_dur=0.5[v];[v][1:a]amix=duration=first:normalize=0,{filters}"
    ffmpeg("-i", str(source), "-f", "lavfi", "-i", room, "-filter_complex", mix, *options, str(target))
    return target
