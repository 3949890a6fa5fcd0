"""Messages between the daemon and a recogniser process: a kind, the number of an utterance, and a payload.

Nothing in them runs code: a process whose memory went bad can only spoil words. Malformed ones raise ValueError.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from enum import IntEnum

from ivr.dialogue.ports import Expects, Hypothesis, Question

_HEADER = struct.Struct("<IBI")  # payload bytes, kind, utterance
_TAKEN = struct.Struct("<I?")
_COST = struct.Struct("<d")
LONGEST = 1 << 20


class Kind(IntEnum):
    """What a message is."""

    OPEN = 1  # daemon: an utterance begins, the question as JSON
    AUDIO = 2  # daemon: signed linear 16 bit
    FINISH = 3  # daemon: nothing more comes
    DROP = 4  # daemon: nobody wants it any more
    PING = 5  # daemon: are you there
    READY = 6  # worker: the model is loaded; what a caller who speaks costs, see `pack_cost`
    UNUSABLE = 7  # worker: the model cannot be loaded, and why
    TAKEN = 8  # worker: audio decoded so far, and the words if they have changed, see `pack_taken`
    RESULT = 9  # worker: hypotheses as JSON; the utterance is over
    LOST = 10  # worker: Vosk failed at this utterance; it is over
    PONG = 11  # worker: yes; what a caller who speaks costs now


def frame(kind: Kind, utterance: int = 0, payload: bytes = b"") -> bytes:
    """A message as it travels."""
    return _HEADER.pack(len(payload), kind, utterance) + payload


class Unframer:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[Kind, int, bytes]]:
        """The messages that are complete now, to be taken to the end. Raises ValueError for what is none."""
        data = self._rest + data
        at = 0
        while len(data) - at >= _HEADER.size:
            length, kind, utterance = _HEADER.unpack_from(data, at)
            if length > LONGEST:
                raise ValueError("a message longer than any")
            start = at + _HEADER.size
            if len(data) - start < length:
                break
            at = start + length
            yield Kind(kind), utterance, data[start:at]
        self._rest = data[at:]


def pack_question(question: Question) -> bytes:
    """What a recogniser needs to know of a question."""
    told = {
        "expects": question.expects,
        "choices": question.choices,
        "most_digits": question.most_digits,
        "spoken": dict(question.spoken),
    }
    return json.dumps(told, ensure_ascii=False).encode()


def unpack_question(payload: bytes) -> Question:
    """The question that `pack_question` packed."""
    told = json.loads(payload)
    return Question(
        (), Expects(told["expects"]), told["choices"], most_digits=told["most_digits"], spoken=told["spoken"]
    )


def pack_hypotheses(heard: tuple[Hypothesis, ...]) -> bytes:
    """Hypotheses for the way back."""
    return json.dumps([[one.words, one.cost] for one in heard], ensure_ascii=False).encode()


def unpack_hypotheses(payload: bytes) -> tuple[Hypothesis, ...]:
    """The hypotheses that `pack_hypotheses` packed."""
    try:
        return tuple(Hypothesis(tuple(words), float(cost)) for words, cost in json.loads(payload))
    except TypeError as error:
        raise ValueError("no hypotheses") from error


def pack_taken(taken: int, words: tuple[str, ...] | None) -> bytes:
    """Bytes of audio decoded so far; words so far, None for no change."""
    return _TAKEN.pack(taken, words is not None) + " ".join(words or ()).encode()


def unpack_taken(payload: bytes) -> tuple[int, tuple[str, ...] | None]:
    """What `pack_taken` packed."""
    taken, changed = _TAKEN.unpack_from(payload)
    return taken, tuple(payload[_TAKEN.size :].decode().split()) if changed else None


def pack_cost(cost: float) -> bytes:
    """Processor time for a second of a caller's speech, seconds."""
    return _COST.pack(cost)


def unpack_cost(payload: bytes) -> float:
    """What `pack_cost` packed."""
    cost: float = _COST.unpack(payload)[0]
    return cost
