"""The voices: the administrators' own ones, a folder each, and the shipped one at the end of the chain."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from ivr.config import Sounds as SoundSettings
from ivr.domain.takes import Take
from ivr.studio.catalogue import ID
from ivr.studio.published_audio import ALAW, Sounds

FIXED = "fixed/"
"""Prompts that the dialplan plays by itself; it knows one folder and no chain."""

Mark = tuple[str, ...]
"""A file's path, inode, size and time, or what else tells that it is another one than before."""


class Voices:
    """Where the audio of each voice lies, and from which one a prompt is heard."""

    def __init__(self, settings: SoundSettings) -> None:
        self._own = settings.own.absolute()
        self.names = settings.voices
        self.shipped_name = settings.voice
        self.shipped = Sounds(settings.shipped)

    def folder(self, voice: str) -> Sounds:
        """The audio of one voice."""
        return self.shipped if voice == self.shipped_name else Sounds(self._own / voice)

    @property
    def dialplan(self) -> Path:
        """The folder that IVR_SOUNDS of the dialplan is to name: the first voice's once it is complete."""
        first = self.folder(self.names[0])
        complete = all(first.path(id_).is_file() for _, id_ in self.fixed())
        return first.folder if complete and first.folder.is_dir() else self.shipped.folder

    def heard(self, id_: str) -> str | None:
        """The voice in which callers hear a prompt now, None if there is no audio at all."""
        for voice in (*self.names, self.shipped_name):
            with contextlib.suppress(OSError):  # one look each: pages ask for every prompt
                if stat.S_ISREG(os.lstat(self.folder(voice).path(id_)).st_mode):
                    return voice
        return None

    def present(self) -> Iterator[tuple[str, str]]:
        """Every prompt that lies in a folder of an own voice, with the voice first."""
        folders = sorted(self._own.iterdir()) if self._own.is_dir() else []
        for folder in folders:
            for file in sorted(folder.rglob("*.wav")) if folder.is_dir() else ():
                id_ = str(file.relative_to(folder).with_suffix(""))
                if ID.fullmatch(id_):
                    yield folder.name, id_

    def marks(self) -> frozenset[Mark]:
        """What is another set once a file of an own voice, or the list of the dialplan's prompts, has changed."""
        found: set[Mark] = set(self.fixed())
        for voice, id_ in self.present():
            wav = self.folder(voice).path(id_)
            found.update(_mark(file) for file in (wav, wav.with_suffix(ALAW)))
        return frozenset(found)

    def fixed(self) -> list[tuple[str, str]]:
        """The dialplan's prompts, with the first voice, which is to have all of them once it has one."""
        found = sorted((self.shipped.folder / FIXED).glob("*.wav"))
        return [(self.names[0], FIXED + file.stem) for file in found]

    def place(self, voice: str, id_: str, audio: bytes | None) -> None:
        """Let calls hear `audio` for a prompt in a voice; None: what the chain has behind it. Raises OSError."""
        if audio is not None:
            self.folder(voice).put(id_, audio)
        else:
            self._fill(voice, id_)
        if id_.startswith(FIXED):
            self._complete()

    def _complete(self) -> None:
        """Let the first voice borrow what it lacks of the dialplan's prompts."""
        first = self.names[0]
        for _, id_ in self.fixed():
            file = self.folder(first).path(id_)
            if self._filled(first, id_) and (file.is_symlink() or not file.exists()):
                self._fill(first, id_)

    def settled(self, voice: str, id_: str, take: Take | None) -> bool:
        """Whether the files of a prompt are those of `take`, or for None those of the chain behind it."""
        folder = self.folder(voice)
        if take is not None:
            return folder.agrees(id_, take.audio)
        if self._filled(voice, id_):
            return self.is_link(voice, id_) and folder.path(id_).readlink() == self._behind(voice, id_)
        return not folder.path(id_).exists() and not folder.path(id_).is_symlink()

    def is_link(self, voice: str, id_: str) -> bool:
        """Whether an own voice borrows the prompt from one further down."""
        return self.folder(voice).path(id_).is_symlink()

    def _filled(self, voice: str, id_: str) -> bool:
        """Whether the first voice borrows what it lacks: only the dialplan's prompts, and only once it has one."""
        first = voice == self.names[0] and id_.startswith(FIXED) and self._behind(voice, id_) is not None
        return first and (self.folder(voice).folder / FIXED).is_dir()

    def _behind(self, voice: str, id_: str) -> Path | None:
        """The file that is heard where `voice` has none."""
        names = (*self.names, self.shipped_name)
        for other in names[names.index(voice) + 1 :] if voice in names else ():
            file = self.folder(other).path(id_)
            if file.is_file() and not file.is_symlink():
                return file
        return None

    def _fill(self, voice: str, id_: str) -> None:
        behind = self._behind(voice, id_)
        if behind is not None and self._filled(voice, id_):
            self.folder(voice).link(id_, behind)
        else:
            self.folder(voice).remove(id_)


def _mark(file: Path) -> Mark:
    try:
        told = os.lstat(file)
    except OSError:
        return (str(file),)
    return (str(file), str(told.st_ino), str(told.st_size), str(told.st_mtime_ns))
