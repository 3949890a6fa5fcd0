"""Callers' voices on the pages: where their files lie, and how they are sent, in parts if the browser asks for parts.

The two sides of a call lie in two files; the stereo sound (caller left, menu right) is put together while it is sent,
a piece at a time, so that a long call needs no more memory than a short one.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from ivr.web.core.context import context_of
from ivr.web.core.range_response import PRIVATE, part

RATE_HZ, HEADER, SAMPLE = 8000, 44, 2
PIECE = 256 * 1024
LONGEST = RATE_HZ * SAMPLE * 3600
"""Bytes of one side that are looked at; no call lasts for an hour."""

PEAKS = 300

_MONO = b"\x01\0\x01\0"
_UNIQUEID = re.compile(r"[A-Za-z0-9][\w-]*\.[0-9]+", re.ASCII)
_VOICE = re.compile(r"voice/\d{4}-\d\d-\d\d/[\w-]+\.wav", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound of one or two sides (16 bit, 8 kHz). size: bytes of each side without its header."""

    sides: tuple[Path, ...]
    sizes: tuple[int, ...]

    @property
    def frames(self) -> int:
        """Samples of the longer side."""
        return max(self.sizes) // SAMPLE

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / RATE_HZ

    @property
    def length(self) -> int:
        """Bytes of the wav that is sent."""
        return HEADER + self.frames * SAMPLE * len(self.sides)

    def header(self) -> bytes:
        """The 44 bytes before the samples."""
        channels, data = len(self.sides), self.length - HEADER
        parts = (b"RIFF", (data + 36).to_bytes(4, "little"), b"WAVEfmt ", (16).to_bytes(4, "little"))
        form = array("H", (1, channels)).tobytes() + RATE_HZ.to_bytes(4, "little")
        form += (RATE_HZ * channels * SAMPLE).to_bytes(4, "little") + array("H", (channels * SAMPLE, 16)).tobytes()
        return b"".join((*parts, form, b"data", data.to_bytes(4, "little")))

    def read(self, start: int, end: int) -> bytes:
        """Bytes `start` to `end` (not included) of the wav. Blocks. Raises OSError."""
        if start < HEADER:
            return self.header()[start:end] + (self.read(HEADER, end) if end > HEADER else b"")
        width = SAMPLE * len(self.sides)
        first, last = (start - HEADER) // width, -(-(end - HEADER) // width)
        both = array("h", bytes((last - first) * width))
        for place, file in enumerate(self.sides):
            both[place :: len(self.sides)] = _samples(file, first, last - first)
        skipped = start - HEADER - first * width
        return both.tobytes()[skipped : skipped + end - start]

    def peaks(self) -> tuple[tuple[int, ...], ...]:
        """The loudest sample of each of PEAKS parts, of each side. Blocks. Raises OSError."""
        step = max(1, -(-self.frames // PEAKS))
        found = []
        for file in self.sides:
            samples = _samples(file, 0, self.frames)
            parts = (samples[start : start + step] for start in range(0, self.frames, step))
            found.append(tuple(max(max(part), -min(part)) for part in parts))
        return tuple(found)


def call_sound(folder: Path, uniqueid: str) -> Sound | None:
    """The recording of a call by Asterisk's name of it, None if there is none. Blocks."""
    if not _UNIQUEID.fullmatch(uniqueid):
        return None
    return _sound(folder / f"{uniqueid}-caller.wav", folder / f"{uniqueid}-menu.wav")


def voice_sound(folder: Path, name: str) -> Sound | None:
    """A stored utterance by its name below the recordings, None if there is none. Blocks."""
    return _sound(folder / name) if _VOICE.fullmatch(name) else None


def _sound(*files: Path) -> Sound | None:
    try:
        sizes = tuple(_size(file) for file in files)
    except OSError:
        return None
    return Sound(files, sizes) if max(sizes) else None


def _size(file: Path) -> int:
    """Bytes of samples. The header of a file whose writing was cut off says too little: its own size counts."""
    if file.is_symlink():
        raise OSError("a link is no recording")
    with file.open("rb") as sound:
        header = sound.read(HEADER)
    form = (header[:4], header[8:16], header[20:28], header[34:40])
    if form != (b"RIFF", b"WAVEfmt ", _MONO + RATE_HZ.to_bytes(4, "little"), b"\x10\0data"):
        raise OSError("no wav of 16 bit, mono, 8 kHz")
    return min(max(file.stat().st_size - HEADER, 0) // SAMPLE * SAMPLE, LONGEST)


def _samples(file: Path, first: int, count: int) -> array[int]:
    """So many samples, silence where the file has ended."""
    with file.open("rb") as sound:
        sound.seek(HEADER + first * SAMPLE)
        data = sound.read(count * SAMPLE)
    samples = array("h", data[: len(data) // SAMPLE * SAMPLE])
    samples.extend(array("h", bytes((count - len(samples)) * SAMPLE)))
    return samples


def send(request: Request, sound: Sound) -> Response:
    """The sound, whole (200) or the part that the browser asks for (206, 416)."""
    start, end, status, headers = part(request, sound.length)
    context = context_of(request)

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(start, end, PIECE):
            yield await context.run(sound.read, at, min(at + PIECE, end))

    headers |= PRIVATE | {"Content-Length": str(end - start)}
    return StreamingResponse(pieces(), status, headers, "audio/wav")


def picture(sound: Sound) -> str:
    """The wave form as SVG: the caller above, the menu below. Blocks. Raises OSError."""
    height = 40
    rows = []
    for place, peaks in enumerate(sound.peaks()):
        middle = height * place + height / 2
        tops = [f"{x},{middle - max(0.5, peak / 32768 * height / 2):.1f}" for x, peak in enumerate(peaks)]
        lows = [f"{x},{middle + max(0.5, peak / 32768 * height / 2):.1f}" for x, peak in enumerate(peaks)]
        colour = ("#3b82c4", "#8a8f98")[place % 2]
        rows.append(f'<polygon fill="{colour}" points="{" ".join([*tops, *reversed(lows)])}"/>')
    size = f'viewBox="0 0 {PEAKS} {height * len(rows)}" preserveAspectRatio="none"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(rows)}</svg>'
