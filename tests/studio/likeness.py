"""Whether a sound is heard in the recording of a call."""

from __future__ import annotations

import audioop
import math
import statistics

WINDOW = 3200  # bytes, 0.2 s


def likeness(heard: bytes, take: bytes) -> float:
    """How like the sounds of a take are to what is in a call, 0 to 1: the median of its loud pieces of 0.2 s.

    Each piece is looked for by itself, since a packet that comes late shifts what follows.
    """
    heard = _from_its_first_sound(heard)
    pieces = [take[at : at + WINDOW] for at in range(0, len(take) - WINDOW, WINDOW)]
    loudest = max(audioop.rms(piece, 2) for piece in pieces)
    return statistics.median(_found(heard, piece) for piece in pieces if audioop.rms(piece, 2) > loudest / 4)


def _from_its_first_sound(heard: bytes) -> bytes:
    """Without the silence before: where a recording begins with zeros, `findfit` divides by zero and finds nothing."""
    zeros = len(heard) - len(heard.lstrip(b"\0"))
    return heard[zeros - zeros % 2 :]


def _found(heard: bytes, piece: bytes) -> float:
    at, _ = audioop.findfit(heard, piece)
    part = heard[at * 2 : at * 2 + len(piece)]
    energy = math.sqrt(_product(part, part) * _product(piece, piece))
    return _product(part, piece) / energy if energy else 0.0


def _product(one: bytes, other: bytes) -> float:
    pairs = zip(memoryview(one).cast("h"), memoryview(other).cast("h"), strict=True)
    return float(sum(a * b for a, b in pairs))
