"""Lengths of the published audio."""

from __future__ import annotations

import wave
from functools import cache

from ivr.config import REPOSITORY


@cache
def seconds(prompt: str) -> float:
    """Length of a published prompt."""
    with wave.open(str(REPOSITORY / "prompts" / "ru" / f"{prompt}.wav"), "rb") as audio:
        return audio.getnframes() / audio.getframerate()
