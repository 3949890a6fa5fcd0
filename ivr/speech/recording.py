"""A WAV file as the telephone would bring it: signed linear 16 bit, mono, 8 kHz."""

from __future__ import annotations

import audioop
import math
from array import array
from dataclasses import dataclass
from pathlib import Path

from ivr.domain.faults import BrokenFile
from ivr.speech.model_folder import TELEPHONE_RATE
from ivr.speech.recogniser import LONGEST_S

PCM, FLOAT, ALAW, ULAW, EXTENSIBLE = 1, 3, 6, 7, 0xFFFE  # format tags of RFC 2361
FORMAT_BYTES, EXTENSIBLE_BYTES = 16, 26
MOST_CHANNELS, HIGHEST_RATE = 8, 192_000

CUT_OFF_HZ = 3700.0
"""Cut-off of the anti-aliasing filter: higher tones would alias at 8 kHz; G.712 passes up to 3400 Hz."""
HALF_WIDTH = 16
"""Reach of the low-pass filter to either side, samples of 8 kHz."""
SMOOTH_RATE = 40_000
"""From here on a straight line between two samples is near enough to the curve, up to the cut-off."""
HEADROOM = 0.125  # sums of the filter pass full scale on their way


class BadRecording(BrokenFile):
    """A file that is no usable recording; the text says why."""


@dataclass(frozen=True, slots=True)
class _Format:
    tag: int
    channels: int
    rate: int
    bits: int


def telephone_audio(file: Path) -> bytes:
    """The first thirty seconds of a WAV file: 8 to 192 kHz, PCM of 8 to 32 bit, floating point, A-law or mu-law.

    Stereo is mixed, of more channels the first is taken. Raises BadRecording.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadRecording(f"{file}: {error.strerror}") from error
    try:
        form, data = _parsed(content)
        return _at_telephone_rate(_mono(_linear(form, data), form), form.rate)
    except (ValueError, audioop.error) as error:
        raise BadRecording(f"{file}: {error}") from error


def _parsed(content: bytes) -> tuple[_Format, bytes]:
    """Format and samples. Raises ValueError."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise ValueError("no WAV file")
    form: _Format | None = None
    at = 12
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        body = at + 8
        if name == b"fmt ":
            form = _format(content[body : body + size])
        elif name == b"data":
            if form is None:
                break
            most = int((LONGEST_S + 1) * form.rate) * form.channels * form.bits // 8
            # A program that writes to a pipe leaves a length that is none; what is there counts.
            return form, content[body : body + min(size or most, most)]
        at = body + size + size % 2
    raise ValueError("a WAV file without sound")


def _format(chunk: bytes) -> _Format:
    if len(chunk) < FORMAT_BYTES:
        raise ValueError("a damaged WAV file")
    tag, channels, rate, bits = (
        int.from_bytes(chunk[at:end], "little") for at, end in ((0, 2), (2, 4), (4, 8), (14, 16))
    )
    if tag == EXTENSIBLE and len(chunk) >= EXTENSIBLE_BYTES:
        tag = int.from_bytes(chunk[24:26], "little")
    known = {PCM: (8, 16, 24, 32), FLOAT: (32, 64), ALAW: (8,), ULAW: (8,)}
    if bits not in known.get(tag, ()):
        raise ValueError(f"a WAV file of a kind that is not understood (format {tag}, {bits} bit)")
    if not 1 <= channels <= MOST_CHANNELS or not TELEPHONE_RATE <= rate <= HIGHEST_RATE:
        raise ValueError(f"a WAV file with {channels} channels at {rate} Hz is not understood")
    return _Format(tag, channels, rate, bits)


def _linear(form: _Format, data: bytes) -> bytes:
    """Samples as signed 16 bit; an incomplete last one is left out."""
    width = form.bits // 8
    data = data[: len(data) - len(data) % (width * form.channels)]
    match form.tag:
        case tag if tag == ALAW:
            return audioop.alaw2lin(data, 2)
        case tag if tag == ULAW:
            return audioop.ulaw2lin(data, 2)
        case tag if tag == FLOAT:
            numbers = array("f" if form.bits == 32 else "d", data)
            clipped = (max(-1.0, min(1.0, number)) if number == number else 0.0 for number in numbers)
            return array("h", (int(number * 32767) for number in clipped)).tobytes()
    if width == 1:
        data = audioop.bias(data, 1, -128)  # 8 bit WAV is unsigned
    return audioop.lin2lin(data, width, 2)


def _mono(data: bytes, form: _Format) -> bytes:
    if form.channels == 2:
        return audioop.tomono(data, 2, 0.5, 0.5)
    return array("h", data)[:: form.channels].tobytes() if form.channels > 2 else data


def _at_telephone_rate(data: bytes, rate: int) -> bytes:
    if rate == TELEPHONE_RATE:
        return data
    wide = audioop.mul(audioop.lin2lin(data, 2, 4), 4, HEADROOM)
    if rate > TELEPHONE_RATE:
        times = 1 if rate % TELEPHONE_RATE == 0 else math.ceil(SMOOTH_RATE / rate)
        rate *= times
        wide = _low_passed(_stuffed(wide, times), rate, times)
    wide, _ = audioop.ratecv(wide, 4, 1, rate, TELEPHONE_RATE, None)
    return audioop.lin2lin(audioop.mul(wide, 4, 1 / HEADROOM), 4, 2)


def _stuffed(wide: bytes, times: int) -> bytes:
    """The samples with zeros between them; the low-pass filter makes a smooth line of it."""
    samples = array("i", wide)
    sparse = array("i", bytes(4 * times * len(samples)))
    sparse[::times] = samples
    return sparse.tobytes()


def _low_passed(wide: bytes, rate: int, amplified: int) -> bytes:
    """A windowed sinc (Hann) by sums over the whole sound, as native code does them; 32 bit samples."""
    half = math.ceil(HALF_WIDTH * rate / TELEPHONE_RATE)
    turn = 2 * math.pi * CUT_OFF_HZ / rate
    weights = [turn / math.pi] + [
        math.sin(turn * k) / (math.pi * k) * (0.5 + 0.5 * math.cos(math.pi * k / (half + 1)))
        for k in range(1, half + 1)
    ]
    gain = (weights[0] + 2 * sum(weights[1:])) / amplified
    padded = bytes(4 * half) + wide + bytes(4 * half)
    middle, size = 4 * half, len(wide)
    total = audioop.mul(wide, 4, weights[0] / gain)
    for k, weight in enumerate(weights[1:], start=1):
        before, after = padded[middle - 4 * k :][:size], padded[middle + 4 * k :][:size]
        total = audioop.add(total, audioop.mul(audioop.add(before, after, 4), 4, weight / gain), 4)
    return total
