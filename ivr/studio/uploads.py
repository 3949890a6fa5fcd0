"""Files from outside: which prompt a name means, and archives that are looked at before anything is unpacked.

A name is only ever looked up among the prompts' ids and numbers; it never becomes a path.
"""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, BinaryIO, cast

from ivr.domain.faults import BadInput, BrokenFile
from ivr.domain.takes import TakeFault

MOST_ENTRIES = 1000
MOST_UNPACKED_BYTES = 2 << 30
MOST_RATIO = 50
"""Bytes out of one in the whole archive: speech gives 1 to 3; a zip bomb up to 1000."""
MOST_LISTED_BYTES = 1 << 20
"""Size of an archive's list of its files."""

_END, _END_SIZE, _LONGEST_COMMENT = b"PK\x05\x06", 22, 1 << 16
_END_OF_ZIP64 = b"PK\x06\x07"
_NUMBERED = re.compile(r"(\d{1,6})(?:[ _.–—-].*)?", re.ASCII | re.DOTALL)
_BY_THE_WAY = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\.[^/]*|thumbs\.db|desktop\.ini)", re.IGNORECASE | re.DOTALL)


@dataclass(eq=False)
class UnknownName(TakeFault, BadInput):
    """No prompt, or more than one, is meant by the name of a file. prompts: those that may be meant."""

    prompts: tuple[str, ...] = ()


class ArchiveProblem(StrEnum):
    """Why a zip is not unpacked."""

    NO_ZIP = "no zip"
    CUT_OFF = "cut off"
    TOO_MANY = "too many files"
    BOMB = "bomb"
    ENCRYPTED = "encrypted"
    RARE_PACKING = "rare packing"
    EMPTY = "empty"
    DAMAGED_FILE = "damaged file"


@dataclass(eq=False)
class BadArchive(TakeFault, BrokenFile):
    """A zip that is not unpacked. files: how many it holds, 0 where that was not counted."""

    problem: ArchiveProblem
    files: int = 0


def prompt_named(name: str, numbers: Mapping[str, int]) -> str:
    """The prompt that `145.wav`, `145 Ask.wav`, `reading-ask.wav` or `reading/ask.wav` means. Raises UnknownName."""
    parts = [part for part in re.split(r"[/\\]", name.lower()) if part]
    stem = parts[-1].rpartition(".")[0].strip() or parts[-1].strip() if parts else ""
    if len(parts) > 1 and f"{parts[-2]}/{stem}" in numbers:
        return f"{parts[-2]}/{stem}"
    meant = [id_ for id_ in numbers if id_.replace("/", "-") == stem]
    if len(meant) > 1:
        raise UnknownName(tuple(meant))
    numbered = _NUMBERED.fullmatch(stem)
    if not meant and numbered:
        meant = [id_ for id_, number in numbers.items() if number == int(numbered[1])]
    if not meant:
        raise UnknownName
    return meant[0]


class Archive:
    """A zip of recordings. names: of its files, without what systems put into every archive."""

    def __init__(self, file: BinaryIO) -> None:
        """Looks at its list only. Raises BadArchive for what is no zip, is damaged, too large or a bomb."""
        _require_short_list(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error, EOFError) as error:
            raise BadArchive(ArchiveProblem.NO_ZIP) from error
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        unpacked, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
        if len(entries) > MOST_ENTRIES:
            raise BadArchive(ArchiveProblem.TOO_MANY, len(entries))
        if unpacked > MOST_UNPACKED_BYTES or unpacked > MOST_RATIO * max(packed, 1 << 16):
            raise BadArchive(ArchiveProblem.BOMB)
        if any(entry.flag_bits & 1 for entry in entries):
            raise BadArchive(ArchiveProblem.ENCRYPTED)
        if any(entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for entry in entries):
            raise BadArchive(ArchiveProblem.RARE_PACKING)
        self._entries = [entry for entry in entries if not _BY_THE_WAY.fullmatch(entry.filename.replace("\\", "/"))]
        self.names = tuple(entry.filename for entry in self._entries)
        if not self.names:
            raise BadArchive(ArchiveProblem.EMPTY)

    def open(self, place: int) -> BinaryIO:
        """The file of `names[place]`; safe in several threads at once. Raises BadArchive, also while it is read."""
        try:
            return cast(BinaryIO, _Member(self._zip.open(self._entries[place])))
        except _DAMAGED as error:
            raise BadArchive(ArchiveProblem.DAMAGED_FILE) from error


_DAMAGED = (zipfile.BadZipFile, zipfile.zlib.error, NotImplementedError, RuntimeError, EOFError)  # type: ignore[attr-defined]


class _Member:
    """A file of an archive whose damage is a BadArchive."""

    def __init__(self, opened: IO[bytes]) -> None:
        self._opened = opened

    def read(self, size: int = -1) -> bytes:
        try:
            return self._opened.read(size)
        except _DAMAGED as error:
            raise BadArchive(ArchiveProblem.DAMAGED_FILE) from error

    def __enter__(self) -> _Member:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()


def _require_short_list(file: BinaryIO) -> None:
    """The list is read whole into memory by zipfile, so its size is looked at first, where zipfile looks for it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _LONGEST_COMMENT - _END_SIZE))
    end = file.read()
    place = end.rfind(_END)
    if place < 0 or len(end) - place < _END_SIZE:
        raise BadArchive(ArchiveProblem.CUT_OFF)
    (listed,) = struct.unpack_from("<I", end, place + 12)
    if listed > MOST_LISTED_BYTES or _END_OF_ZIP64 in end[max(0, place - 20) : place]:
        raise BadArchive(ArchiveProblem.TOO_MANY)
    file.seek(0)
