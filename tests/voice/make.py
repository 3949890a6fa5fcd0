"""Makes the WAVs of tests/voice/said anew from their texts: ``python -m tests.voice.make [NAME …]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from ivr.studio.sound.telephone_sound import to_telephone, wav_bytes
from ivr.studio.voice.synthesis import Festival
from tests.voice.said import TEXTS, WAVS


def make(name: str) -> None:
    """Speak one text as the prompts are spoken: close cut, levelled, 8 kHz, 16 bit, mono."""
    with tempfile.TemporaryDirectory() as folder:
        spoken = Path(folder) / "said.wav"
        Festival().speak(TEXTS[name], spoken)
        (WAVS / f"{name}.wav").write_bytes(wav_bytes(to_telephone(spoken)))


if __name__ == "__main__":
    for wanted in sys.argv[1:] or TEXTS:
        make(wanted)
        print(wanted)
