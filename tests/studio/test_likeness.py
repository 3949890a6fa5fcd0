"""A sound is found in the recording of a call wherever it begins."""

from __future__ import annotations

import wave

from ivr.testbed.lab.lab import SOUNDS
from tests.studio.likeness import likeness


def prompt(name: str) -> bytes:
    with wave.open(str(SOUNDS / f"{name}.wav")) as sound:
        return sound.readframes(sound.getnframes())


def test_a_take_is_found_behind_silence_and_other_prompts() -> None:
    take = prompt("reading/ask")
    for before in (b"", bytes(2), bytes(3200), bytes(64000), bytes(64000) + prompt("common/yes-no")):
        assert likeness(before + take + bytes(8000), take) > 0.99, len(before)


def test_another_prompt_is_not_taken_for_it() -> None:
    assert likeness(bytes(64000) + prompt("common/goodbye"), prompt("reading/ask")) < 0.9
