"""A file that a script of ours sends: the body is the file, stored without a name until a worker takes it."""

from __future__ import annotations

import tempfile
from typing import BinaryIO, cast

from fastapi import HTTPException, Request

from ivr.domain.takes import NotPublishable, Reason, Refusal
from ivr.web.core.context import context_of

PIECE_BYTES = 1 << 20
MOST_BYTES = 1 << 30
"""What settings can allow at most: `max_body_size` of the routes that take files."""


async def arrived(request: Request, most_mb: int) -> BinaryIO:
    """The body, at its beginning; close it. It lies on the disk of the takes.

    Raises NotPublishable for one beyond `most_mb` before any of it is read, OSError, HTTPException 408, 413.
    """
    told = request.headers.get("Content-Length", "0")
    if told.isdecimal() and int(told) > most_mb << 20:
        raise _too_large(int(told), most_mb)
    context = context_of(request)
    folder = context.settings.studio.takes

    def opened() -> BinaryIO:
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        return cast(BinaryIO, tempfile.TemporaryFile(dir=folder))

    file = await context.run(opened)
    try:
        came, piece = 0, bytearray()
        async for part in request.stream():
            came += len(part)
            if came > most_mb << 20:
                raise _too_large(came, most_mb)
            piece += part
            if len(piece) >= PIECE_BYTES:
                await context.run(file.write, bytes(piece))
                piece.clear()
        await context.run(file.write, bytes(piece))
        await context.run(file.flush)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    if not came:
        file.close()
        raise HTTPException(400)
    return file


def _too_large(size: int, most_mb: int) -> NotPublishable:
    return NotPublishable((Refusal(Reason.TOO_LARGE, round(size / (1 << 20)), most_mb),))
