"""Where a prompt's published audio lies."""

from __future__ import annotations

import audioop
from dataclasses import dataclass, field
from pathlib import Path

_HEADER_BYTES, _BYTES_PER_S = 44, 16000  # WAV, 16 bit, mono, 8 kHz
_FRAME_BYTES = 320  # 20 ms


@dataclass(frozen=True, slots=True)
class Sounds:
    """The folder of one voice: ``<folder>/<prompt id>.wav``, under the same path for Asterisk and daemon."""

    folder: Path
    _levels: dict[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict, repr=False, compare=False)
    _paths: dict[str, Path] = field(default_factory=dict, repr=False, compare=False)  # parsed once, not at each play

    def file(self, prompt: str) -> str:
        """What STREAM FILE is given: the path without its extension."""
        return f"{self.folder}/{prompt}"

    def seconds(self, prompt: str) -> float | None:
        """How long the prompt plays, from the size of its file; None if there is no audio.

        Asked at each play, so that a newly published take counts at once.
        """
        path = self._paths.get(prompt)
        if path is None:
            path = self._paths[prompt] = Path(f"{self.folder}/{prompt}.wav")
        try:
            size = path.stat().st_size
        except OSError:
            return None
        return max(size - _HEADER_BYTES, 0) / _BYTES_PER_S

    def levels(self, prompt: str) -> tuple[int, ...]:
        """RMS of every 20 ms of the prompt, in units of 16 bit samples; () if there is no audio.

        Kept until the file's size changes: a new take of the same length has much the same levels.
        """
        try:
            size = Path(f"{self.folder}/{prompt}.wav").stat().st_size
            known = self._levels.get(prompt)
            if known is None or known[0] != size:
                audio = Path(f"{self.folder}/{prompt}.wav").read_bytes()[_HEADER_BYTES:]
                whole = range(0, len(audio) - _FRAME_BYTES + 1, _FRAME_BYTES)
                known = size, tuple(audioop.rms(audio[at : at + _FRAME_BYTES], 2) for at in whole)
                self._levels[prompt] = known
        except OSError:
            return ()
        return known[1]
