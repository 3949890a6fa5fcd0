"""Telephone speech in memory: 8 kHz, 16 bit, one channel, little-endian bytes."""

from __future__ import annotations

import audioop
import math
import wave
from pathlib import Path

from ivr.domain.faults import BrokenFile

RATE = 8000
WIDTH = 2
FULL_SCALE = 32768
PACKET_MS = 20
BLOCK_MS = 10
SPEECH_BELOW_LOUDEST_DB = 30.0
AUDIBLE_BELOW_LOUDEST_DB = 40.0
KEPT_EDGE_MS = 20


class BadRecording(BrokenFile):
    """A file is no 8 kHz, 16 bit, mono recording; the text says which file and what it is."""


def bytes_of(length_ms: float) -> int:
    """How many bytes a length of sound has; always whole samples."""
    return int(length_ms * RATE / 1000) * WIDTH


def seconds_of(pcm: bytes) -> float:
    """Length of sound."""
    return len(pcm) / (RATE * WIDTH)


def silence(length_ms: float) -> bytes:
    """Digital silence."""
    return bytes(bytes_of(length_ms))


def blocks(pcm: bytes, length_ms: float) -> list[bytes]:
    """The sound in pieces; the last one may be shorter."""
    size = bytes_of(length_ms)
    return [pcm[start : start + size] for start in range(0, len(pcm), size)]


def read(file: Path) -> bytes:
    """The samples of a WAV. Raises BadRecording."""
    try:
        with wave.open(str(file), "rb") as source:
            if (source.getframerate(), source.getsampwidth(), source.getnchannels()) != (RATE, WIDTH, 1):
                raise BadRecording(f"{file}: not 8 kHz, 16 bit, mono")
            return source.readframes(source.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise BadRecording(f"{file}: {error}") from error


def write(file: Path, pcm: bytes) -> None:
    """Write a WAV."""
    with wave.open(str(file), "wb") as target:
        target.setparams((1, WIDTH, RATE, 0, "NONE", ""))
        target.writeframes(pcm)


def speech_level(pcm: bytes) -> float:
    """RMS of the speech without its pauses, in dB of full scale; -inf for silence.

    The 10 ms blocks at most 30 dB below the loudest count, in the spirit of ITU-T P.56.
    """
    powers = [float(audioop.rms(block, WIDTH)) ** 2 for block in blocks(pcm, BLOCK_MS)]
    floor = max(powers, default=0.0) / 10 ** (SPEECH_BELOW_LOUDEST_DB / 10)
    loud = [power for power in powers if power >= floor and power > 0]
    return 10 * math.log10(sum(loud) / len(loud)) - 20 * math.log10(FULL_SCALE) if loud else -math.inf


def level(pcm: bytes) -> float:
    """RMS of everything, in dB of full scale; -inf for silence."""
    rms = audioop.rms(pcm, WIDTH)
    return 20 * math.log10(rms / FULL_SCALE) if rms else -math.inf


def amplified(pcm: bytes, gain_db: float) -> bytes:
    """The sound louder by `gain_db`, clipped at full scale."""
    return audioop.mul(pcm, WIDTH, 10 ** (gain_db / 20))


def at_level(pcm: bytes, wanted_db: float) -> bytes:
    """The sound with its speech at a level, in dB of full scale; silence stays silence."""
    now = speech_level(pcm)
    return pcm if now == -math.inf else amplified(pcm, wanted_db - now)


def mixed(one: bytes, other: bytes) -> bytes:
    """Two sounds of one length together, clipped at full scale."""
    return audioop.add(one, other, WIDTH)


def trimmed(pcm: bytes) -> bytes:
    """The sound without the silence at its edges."""
    loudness = [audioop.rms(block, WIDTH) for block in blocks(pcm, BLOCK_MS)]
    floor = max(loudness, default=0) / 10 ** (AUDIBLE_BELOW_LOUDEST_DB / 20)
    heard = [index for index, loud in enumerate(loudness) if loud > floor]
    if not heard:
        return b""
    start, end = heard[0] * BLOCK_MS - KEPT_EDGE_MS, (heard[-1] + 1) * BLOCK_MS + KEPT_EDGE_MS
    return pcm[bytes_of(max(start, 0)) : bytes_of(end)]


def over_alaw(pcm: bytes) -> bytes:
    """The sound after a way through G.711 A-law."""
    return audioop.alaw2lin(audioop.lin2alaw(pcm, WIDTH), WIDTH)
