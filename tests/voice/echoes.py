"""What comes out of a telephone without a word: the echo of the prompt, for calls in virtual time and real ones."""

from __future__ import annotations

import wave
from pathlib import Path

from ivr.config import REPOSITORY
from ivr.testbed.robot.scenario import Scenario, parse
from tests.listening.sounding import quieter, silence

PROMPTS = REPOSITORY / "prompts" / "ru"
GAP_MS = 350
"""Asterisk loses a key that is released while the daemon has not yet taken the one before: not so soon, even on a busy
machine."""


def write_wav(file: Path, pcm: bytes) -> None:
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(pcm)


def echo_of_the_last_reading() -> bytes:
    """The prompts from 0.3 s on: the robot reacts half a second after they begin, so they come back 0.3 s late."""
    said = b"".join(map(_prompt, ("reading/last", "number/12", "number/thousand-many", "reading/taken-on")))
    return quieter(said[int(0.3 * 16000) :], 10) + silence(0.1)


def over_the_last_reading(title: str, wav: str, folder: Path) -> Scenario:
    """Plays a wav into the last reading; then the keys show where the call stands."""
    steps = [
        {"hears": "greeting/welcome"},
        {"keys": "1829360475", "gap_ms": GAP_MS},
        {"hears": "identify/confirm"},
        {"keys": "1"},
        {"hears": "reading/last"},
        {"wav": wav, "over": True},
        {"hears": "reading/ask"},
        {"keys": "12150", "gap_ms": GAP_MS},
        {"hears": "reading/confirm"},
        {"hangs_up": True},
    ]
    heard = ["reading/last", "reading/taken-on", "reading/ask", "reading/confirm"]
    return parse({"title": title, "step": steps, "expect": {"readings": [], "heard": heard}}, folder)


def _prompt(name: str) -> bytes:
    with wave.open(str(PROMPTS / f"{name}.wav")) as sound:
        pcm: bytes = sound.readframes(sound.getnframes())
    return pcm
