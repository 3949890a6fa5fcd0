"""Sounds for tests of listening, signed linear 16 bit at 8 kHz, always the same."""

from __future__ import annotations

import array
import math
from random import Random

RATE = 8000


def _pcm(samples: list[float]) -> bytes:
    return array.array("h", [round(max(-32768.0, min(32767.0, sample))) for sample in samples]).tobytes()


def speech(seconds: float, level: float = 3000.0) -> bytes:
    """A low voice's vowel, five syllables a second with short stops between; `level`: about its RMS."""
    samples = []
    for n in range(RATE // 5):
        t = n / RATE
        voice = sum(
            math.sin(2 * math.pi * 120 * k * t) / (1 + abs(k * 120 - 600) / 150 * (abs(k * 120 - 1200) / 300))
            for k in range(1, 25)
        )
        samples.append(voice * level * (0.05 if n > RATE * 0.16 else 1.0))
    length = 2 * int(seconds * RATE)
    syllable = _pcm(samples)
    return (syllable * (length // len(syllable) + 1))[:length]


def silence(seconds: float) -> bytes:
    """What a digital telephone sends when nobody speaks."""
    return bytes(2 * int(seconds * RATE))


def noise(seconds: float, level: float, seed: int = 1) -> bytes:
    """White noise; `level`: its RMS."""
    random = Random(seed)
    return _pcm([random.gauss(0, level) for _ in range(int(seconds * RATE))])


def click() -> bytes:
    """A cough's hard beginning: 40 ms."""
    return speech(0.04, 8000)


def quieter(pcm: bytes, decibels: float) -> bytes:
    """The same sound, so many decibels lower."""
    return _pcm([sample / 10 ** (decibels / 20) for sample in array.array("h", pcm)])
