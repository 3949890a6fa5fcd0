"""Answers that are sound: never kept by anybody on the way, of a fixed type, in parts where the browser winds."""

from __future__ import annotations

import re

from fastapi import Request, Response

PRIVATE = {"Cache-Control": "private, no-store", "Content-Disposition": "inline", "Accept-Ranges": "bytes"}
_PART = re.compile(r"bytes=(\d{0,12})-(\d{0,12})", re.ASCII)

_KINDS = (
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (4, b"ftyp", "audio/mp4"),
    (0, b"\x1aE\xdf\xa3", "audio/webm"),
    (8, b"WAVE", "audio/wav"),
)
UNKNOWN = "application/octet-stream"


def kind_of(beginning: bytes) -> str:
    """The type of a recording by its first bytes, never by what somebody called it; UNKNOWN is not played."""
    return next((kind for at, mark, kind in _KINDS if beginning[at : at + len(mark)] == mark), UNKNOWN)


def sound(request: Request, wav: bytes) -> Response:
    """A WAV, or the one part of it that the browser asks for."""
    asked = _PART.fullmatch(request.headers.get("Range", ""))
    if asked is None or not (asked[1] or asked[2]):
        return Response(wav, media_type="audio/wav", headers=PRIVATE)
    if asked[1]:
        first, last = int(asked[1]), min(int(asked[2] or len(wav)), len(wav) - 1)
    else:
        first, last = max(0, len(wav) - int(asked[2])), len(wav) - 1
    if first > last:
        return Response(b"", 416, headers=PRIVATE | {"Content-Range": f"bytes */{len(wav)}"})
    headers = PRIVATE | {"Content-Range": f"bytes {first}-{last}/{len(wav)}"}
    return Response(wav[first : last + 1], 206, media_type="audio/wav", headers=headers)
