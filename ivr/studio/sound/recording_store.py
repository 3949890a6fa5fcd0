"""Recordings as they came, and the sound made of each, under names that nobody guesses and nobody gave."""

from __future__ import annotations

import io
import os
import re
import secrets
from pathlib import Path
from typing import BinaryIO

from ivr.domain.faults import BadInput

NAME = re.compile(r"[0-9a-f]{32}")
_AT_ONCE = 1 << 20


class TooLarge(BadInput):
    """A recording beyond the limit; nothing of it is stored."""


class RecordingStore:
    """The folder of takes: ``<folder>/<2 letters>/<name>.master`` as recorded, ``.wav`` as published.

    Only this user may list it. A process that knows the name can read the .wav: Asterisk plays drafts by it.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._folder = folder.absolute()
        self._most = most_bytes

    def keep(self, sound: Path | bytes | BinaryIO) -> str:
        """Keep a recording byte by byte, and return its name. Raises TooLarge without reading on, OSError."""
        size = sound.stat().st_size if isinstance(sound, Path) else len(sound) if isinstance(sound, bytes) else 0
        if size > self._most:
            raise TooLarge
        name = secrets.token_hex(16)
        target = self.master(name)
        for folder in (self._folder, target.parent):
            if not folder.exists():
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o711)
        try:
            with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as kept:
                if isinstance(sound, Path):
                    with sound.open("rb") as source:
                        self._copy(source, kept)
                else:
                    self._copy(io.BytesIO(sound) if isinstance(sound, bytes) else sound, kept)
                kept.flush()
                os.fsync(kept.fileno())
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        return name

    def _copy(self, source: BinaryIO, kept: BinaryIO) -> None:
        size = 0
        while piece := source.read(_AT_ONCE):
            size += len(piece)
            if size > self._most:
                raise TooLarge
            kept.write(piece)

    def keep_sound(self, name: str, audio: bytes) -> None:
        """Keep what was made of a recording. Raises OSError."""
        file = self.sound(name)
        try:
            with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644), "wb") as kept:
                kept.write(audio)
                os.fchmod(kept.fileno(), 0o644)
                kept.flush()
                os.fsync(kept.fileno())
        except BaseException:
            file.unlink(missing_ok=True)
            raise

    def forget(self, name: str) -> int:
        """Remove a recording and what was made of it; how many bytes they had. Raises OSError."""
        size = self.size(name)
        for file in (self.master(name), self.sound(name)):
            file.unlink(missing_ok=True)
        return size

    def size(self, name: str) -> int:
        """Bytes of a recording and of what was made of it, as far as they are there. Raises OSError."""
        return sum(file.stat().st_size for file in (self.master(name), self.sound(name)) if file.exists())

    def master(self, name: str) -> Path:
        """The recording as it came. Raises FileNotFoundError for what is no name."""
        return self._file(name, ".master")

    def sound(self, name: str) -> Path:
        """The WAV made of it. Raises FileNotFoundError for what is no name."""
        return self._file(name, ".wav")

    def _file(self, name: str, ending: str) -> Path:
        if not NAME.fullmatch(name):
            raise FileNotFoundError("not the name of a recording")
        return self._folder / name[:2] / f"{name}{ending}"
