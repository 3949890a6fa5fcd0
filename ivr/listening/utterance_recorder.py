"""Record a caller's utterance without recognition: a spoken address, for example."""

from __future__ import annotations

from collections.abc import Callable

from ivr.listening.vad import FRAME_BYTES, FRAME_S, VoiceActivity

ONSET_FRAMES, ONSET_VOICED = 8, 5  # as a question's: 100 ms of voice within 160 ms, a click is none
MARGIN_FRAMES = 15  # 0.3 s kept before the first and after the last word
SILENCE_S = 2.0  # people think between street, house and flat


class UtteranceRecorder:
    """Takes in one utterance, and trims it. Driven by `hear`; `on_over` is called once when it has ended."""

    def __init__(self, longest_s: float, on_over: Callable[[], None]) -> None:
        self._longest_s = longest_s
        self._on_over = on_over
        self._activity = VoiceActivity()
        self._rest = b""
        self._audio = bytearray()
        self._latest: list[bool] = []
        self._first: int | None = None  # frame in which the speech began
        self._last = 0
        self._began_at = self._voice_at = 0.0
        self._open = False
        self.over = False

    @property
    def begun(self) -> bool:
        """Whether the caller has begun to speak."""
        return self._first is not None

    @property
    def audio(self) -> bytes:
        """What was said, without the silence around it: signed linear 16 bit, 8 kHz; b"" for nothing."""
        if self._first is None:
            return b""
        start, end = max(self._first - MARGIN_FRAMES, 0), self._last + 1 + MARGIN_FRAMES
        return bytes(self._audio[start * FRAME_BYTES : end * FRAME_BYTES])

    def prompts_over(self) -> None:
        """Count speech from now on; keep the beginning of speech that started a little earlier."""
        self._open = True

    def hear(self, pcm: bytes, now: float, prompt_level: float) -> None:
        """Take in audio that came until `now` (clock seconds); b"" if none came. prompt_level: see `VoiceActivity`."""
        if self.over:
            return
        data = self._rest + pcm
        count = len(data) // FRAME_BYTES
        self._rest = data[count * FRAME_BYTES :]
        for index in range(count):
            frame = data[index * FRAME_BYTES : (index + 1) * FRAME_BYTES]
            self._take(frame, self._activity.voiced(frame, prompt_level), now - (count - 1 - index) * FRAME_S)
        if self._first is None:
            return
        if now - self._voice_at >= SILENCE_S or now - self._began_at >= self._longest_s:
            self.over = True
            self._on_over()

    def _take(self, frame: bytes, voiced: bool, at: float) -> None:
        self._audio += frame
        self._latest = [*self._latest[1 - ONSET_FRAMES :], voiced]
        here = len(self._audio) // FRAME_BYTES - 1
        if self._first is None:
            if not self._open or sum(self._latest) < ONSET_VOICED:
                return
            self._first, self._began_at = max(here + 1 - ONSET_FRAMES, 0), at
        if voiced:
            self._last, self._voice_at = here, at
