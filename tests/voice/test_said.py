"""The WAVs of what callers say: all there, all listed, all as a telephone brings them."""

from __future__ import annotations

import wave

from tests.voice.said import TEXTS, WAVS

MOST_BYTES = 3_000_000


def test_every_wav_is_listed_and_every_text_has_its_wav() -> None:
    there = {file.stem for file in WAVS.glob("*.wav")}
    assert (TEXTS.keys() - there, there - TEXTS.keys()) == (set(), set()), "missing; not in texts.toml"


def test_they_are_small_and_as_a_telephone_brings_them() -> None:
    other = []
    for file in WAVS.glob("*.wav"):
        with wave.open(str(file)) as sound:
            if (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) != (8000, 2, 1):
                other.append(file.name)
    assert other == []
    assert sum(file.stat().st_size for file in WAVS.glob("*.wav")) < MOST_BYTES
