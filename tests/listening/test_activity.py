"""Whether somebody speaks: speech, silence, the noise of a line, and the echo of our own prompt."""

from __future__ import annotations

import audioop

from ivr.listening.vad import FRAME_BYTES, VoiceActivity
from tests.listening.sounding import noise, silence, speech


def share(pcm: bytes, prompt_level: float = 0.0, after: bytes = b"") -> float:
    """How much of the sound counts as speech, on a line that carried `after` before."""
    activity = VoiceActivity()
    sound = after + pcm
    frames = [sound[at : at + FRAME_BYTES] for at in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES)]
    voiced = [activity.voiced(frame, prompt_level) for frame in frames]
    return sum(voiced[len(after) // FRAME_BYTES :]) / (len(pcm) // FRAME_BYTES)


def test_speech_is_voiced() -> None:
    assert share(speech(3)) > 0.75  # a fifth of it is stops


def test_silence_is_not() -> None:
    assert share(silence(3)) == 0


def test_a_hissing_line_is_silent() -> None:
    assert share(noise(5, 60)) == 0


def test_loud_steady_noise_is_learnt_within_two_seconds() -> None:
    assert share(noise(3, 1000), after=noise(2, 1000)) < 0.02


def test_speech_above_the_noise_is_voiced() -> None:
    hiss = noise(4, 500)
    loud = audioop.add(speech(4), hiss, 2)
    assert share(loud, after=noise(2, 500, seed=2)) > 0.6


def test_the_echo_of_our_prompt_at_minus_ten_decibels_is_not_speech() -> None:
    prompt = speech(3)
    frames = [prompt[at : at + FRAME_BYTES] for at in range(0, len(prompt), FRAME_BYTES)]
    loudest = max(audioop.rms(frame, 2) for frame in frames)
    assert share(audioop.mul(prompt, 2, 10 ** (-10 / 20)), prompt_level=loudest) == 0


def test_a_caller_as_loud_as_the_prompt_is_heard_over_it() -> None:
    prompt = speech(3)
    assert share(speech(3), prompt_level=audioop.rms(prompt, 2)) > 0.75
