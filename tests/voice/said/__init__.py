"""What callers say in tests: WAVs by a synthetic voice, and their texts."""

from __future__ import annotations

import tomllib
import wave
from pathlib import Path

WAVS = Path(__file__).parent
TEXTS: dict[str, str] = tomllib.loads((WAVS / "texts.toml").read_text(encoding="utf-8"))


def said(name: str) -> bytes:
    """Signed linear 16 bit at 8 kHz."""
    with wave.open(str(WAVS / f"{name}.wav")) as sound:
        pcm: bytes = sound.readframes(sound.getnframes())
    return pcm
