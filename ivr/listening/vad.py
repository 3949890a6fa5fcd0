"""Voice activity: WebRTC's detector, the noise of the line, and the echo of our own prompt."""

from __future__ import annotations

import audioop

import webrtcvad

FRAME_S = 0.02
FRAME_BYTES = 320
RATE = 8000

AGGRESSIVENESS = 2
"""WebRTC's mode, 0 to 3: how readily a frame is taken for noise. docs/adr/0015-voice-activity.md."""

FAINTEST = 80.0  # RMS of 16 bit samples, -52 dBFS: the hiss of a quiet A-law line stays below
ABOVE_NOISE = 2.0  # times the noise floor, 6 dB
ECHO = 0.4  # times the prompt's loudest recent frame, -8 dB: Geigel's test with the echo at -10 dB or less
FLOOR_FALLS = 0.2  # share of the difference that the floor takes over at each frame
FLOOR_RISES, FLOOR_RISES_IN_SPEECH = 0.02, 0.001  # steady noise is learnt in a second, a drawn-out word is not


class VoiceActivity:
    """Judges the frames of one call, one after the other, each 20 ms of signed linear 16 bit at 8 kHz."""

    def __init__(self) -> None:
        self._detector = webrtcvad.Vad(AGGRESSIVENESS)
        self._floor = FAINTEST / ABOVE_NOISE

    def voiced(self, frame: bytes, prompt_level: float) -> bool:
        """Whether the frame is a person's speech.

        prompt_level: RMS of the loudest 20 ms of the prompt that may come back as an echo now, 0.0 without a prompt.
        """
        level = audioop.rms(frame, 2)
        loud = level > max(FAINTEST, self._floor * ABOVE_NOISE, prompt_level * ECHO)
        speech = self._detector.is_speech(frame, RATE)
        rises = FLOOR_RISES_IN_SPEECH if speech else FLOOR_RISES
        self._floor += (level - self._floor) * (FLOOR_FALLS if level < self._floor else rises)
        return loud and speech
