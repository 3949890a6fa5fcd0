"""Responses with audio: never cached, of a fixed type, in ranges where the browser seeks."""

from __future__ import annotations

import re

from fastapi import HTTPException, Request, Response

PRIVATE = {"Cache-Control": "no-store", "Content-Disposition": "inline", "Accept-Ranges": "bytes"}
_PART = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)

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
    first, end, status, headers = part(request, len(wav))
    return Response(wav[first:end], status, PRIVATE | headers, "audio/wav")


def part(request: Request, length: int) -> tuple[int, int, int, dict[str, str]]:
    """First byte, end, code and headers of the answer with the part of `length` bytes that a browser asks for.

    What is no single range is answered whole. Raises HTTPException 416.
    """
    asked = _PART.fullmatch(request.headers.get("Range", "").replace(" ", "")[:60])
    if asked is None or not (asked[1] or asked[2]):
        return 0, length, 200, {}
    if asked[1]:
        first, end = int(asked[1]), min(int(asked[2]) + 1 if asked[2] else length, length)
    else:
        first, end = max(0, length - int(asked[2])), length
    if first >= end:
        raise HTTPException(416, headers={"Content-Range": f"bytes */{length}"})
    return first, end, 206, {"Content-Range": f"bytes {first}-{end - 1}/{length}"}
