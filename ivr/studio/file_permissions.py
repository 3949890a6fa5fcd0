"""Whether Asterisk's user may read published recordings, as far as the modes of files and folders say."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ivr.config import Settings
from ivr.studio.voice.voices import Voices

ASKED = "asterisk"
"""The name under which packages run Asterisk; where there is no such user nothing is known."""


@dataclass(frozen=True, slots=True)
class Reader:
    """A user of this machine with all groups."""

    uid: int
    groups: frozenset[int]

    def may(self, place: Path, wanted: int) -> bool:
        """Whether the mode of `place` allows `wanted`: 4 to read, 1 to enter. True if nobody can say."""
        try:
            told = place.stat()
        except OSError:
            return True
        if self.uid == 0:
            return True
        shift = 6 if self.uid == told.st_uid else 3 if told.st_gid in self.groups else 0
        return bool(stat.S_IMODE(told.st_mode) >> shift & wanted)

    def barred(self, place: Path) -> Path | None:
        """What keeps this user from a file, or from entering a folder: it, or the first folder above; None: nothing."""
        for folder in reversed(place.parents):
            if not self.may(folder, 1):
                return folder
        return None if self.may(place, 1 if place.is_dir() else 4) else place


def asterisk_here() -> Reader | None:
    """The user that Asterisk runs as, None if there is none of that name."""
    try:
        user = pwd.getpwnam(ASKED)
    except KeyError:
        return None
    return Reader(user.pw_uid, frozenset(os.getgrouplist(ASKED, user.pw_gid)))


def closed_to_asterisk(settings: Settings) -> list[Path]:
    """What keeps Asterisk's user from published recordings and takes; [] if nothing does, or it cannot be known.

    A user that cannot reach the daemon's socket either is not the one that plays these prompts.
    """
    reader = asterisk_here()
    if reader is None or reader.barred(settings.line.socket.absolute().parent) is not None:
        return []
    return sorted({place for one in _played(settings) if (place := reader.barred(one)) is not None})


def _played(settings: Settings) -> Iterator[Path]:
    """The folders of voices and takes, or of what is above them that which is there yet, and each recording."""
    for folder in (settings.sounds.own.absolute(), settings.studio.takes.absolute()):
        yield next(place for place in (folder, *folder.parents) if place.exists())
    voices = Voices(settings.sounds)
    for voice, id_ in voices.present():
        yield voices.folder(voice).path(id_)
