"""Spoken numbers by a synthetic voice, and the shipped model to hear them with."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.config import REPOSITORY
from ivr.studio.sound import to_telephone
from ivr.studio.synthesis import engines_here

MODEL = REPOSITORY / "speech_models" / "ru-phone"
SAID = "двенадцать тысяч триста сорок пять"


def spoken(text: str, folder: Path) -> bytes:
    """Signed linear 16 bit at 8 kHz."""
    file = folder / "said.wav"
    engines_here()[0][0].speak(f"{text}.", file)
    raw: bytes = to_telephone(file).raw_data
    return raw


@pytest.fixture(scope="session")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """SAID, signed linear 16 bit at 8 kHz."""
    return spoken(SAID, tmp_path_factory.mktemp("speech"))
