"""Where a prompt's published audio lies, in which voice."""

from __future__ import annotations

import audioop
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_HEADER_BYTES, _BYTES_PER_S = 44, 16000  # WAV, 16 bit, mono, 8 kHz
WAV = ".wav"
_FRAME_BYTES = 320  # 20 ms


@dataclass(frozen=True, slots=True)
class Sounds:
    """Folders of voices: ``<folder>/<prompt id>.wav``, under the same path for Asterisk and daemon.

    A prompt is played from `folder`, else from the first of `fallbacks` that has it. Looked up at each play, so that a
    newly published take counts at once. lent: files that are played under an id for one call, and belong to no voice.
    """

    folder: Path
    fallbacks: tuple[Path, ...] = ()
    lent: Mapping[str, Path] = field(default_factory=dict)
    _levels: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict, repr=False, compare=False)
    # Parsed once, not at each play.
    _paths: dict[str, tuple[Path, ...]] = field(default_factory=dict, repr=False, compare=False)
    _told: set[str] = field(default_factory=set, repr=False, compare=False)

    @classmethod
    def of(cls, chain: Sequence[Path]) -> Sounds:
        """Voices in the order in which they are looked through."""
        return cls(chain[0], tuple(chain[1:]))

    def file(self, prompt: str) -> str:
        """What STREAM FILE is given: the path without its extension."""
        for path in self._candidates(prompt)[:-1]:
            if path.exists():
                return str(path)[: -len(WAV)]
        return str(self._candidates(prompt)[-1])[: -len(WAV)]

    def behind(self, prompt: str, file: str) -> tuple[str, float] | None:
        """The next voice after `file` that has the prompt, as `file` and `seconds` give it; None if there is none."""
        paths = self._candidates(prompt)
        names = [str(path)[: -len(WAV)] for path in paths]
        for path in paths[names.index(file) + 1 :] if file in names else ():
            try:
                return str(path)[: -len(WAV)], _seconds(path.stat())
            except OSError:
                continue
        return None

    def is_news(self, file: str) -> bool:
        """Whether this is the first time that somebody asks so about a file; to tell of it once."""
        if file in self._told:
            return False
        self._told.add(file)
        return True

    def seconds(self, prompt: str) -> float | None:
        """How long the prompt plays, from the size of its file; None if there is no audio."""
        found = self._found(prompt)
        return None if found is None else _seconds(found[1])

    def levels(self, prompt: str) -> tuple[int, ...]:
        """RMS of every 20 ms of the prompt, in units of 16 bit samples; () if there is no audio."""
        found = self._found(prompt)
        if found is None:
            return ()
        path, status = found
        version = (status.st_ino, status.st_size, status.st_mtime_ns)
        known = self._levels.get(prompt)
        if known is None or known[0] != version:
            try:
                audio = path.read_bytes()[_HEADER_BYTES:]
            except OSError:
                return ()
            whole = range(0, len(audio) - _FRAME_BYTES + 1, _FRAME_BYTES)
            known = version, tuple(audioop.rms(audio[at : at + _FRAME_BYTES], 2) for at in whole)
            self._levels[prompt] = known
        return known[1]

    def _found(self, prompt: str) -> tuple[Path, os.stat_result] | None:
        for path in self._candidates(prompt):
            try:
                return path, path.stat()
            except OSError:
                continue
        return None

    def _candidates(self, prompt: str) -> tuple[Path, ...]:
        if prompt in self.lent:
            return (self.lent[prompt],)
        paths = self._paths.get(prompt)
        if paths is None:
            folders = (self.folder, *self.fallbacks)
            paths = self._paths[prompt] = tuple(Path(f"{folder}/{prompt}{WAV}") for folder in folders)
        return paths


def _seconds(status: os.stat_result) -> float:
    return max(status.st_size - _HEADER_BYTES, 0) / _BYTES_PER_S
