"""Messages between the daemon and a worker process: a kind, the number of an utterance, and a payload."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from enum import IntEnum

from ivr.dialogue.ports import Expects, Hypothesis, Question

_HEADER = struct.Struct("<IBI")  # payload bytes, kind, utterance
LONGEST = 1 << 20


class Kind(IntEnum):
    """What a message is."""

    OPEN = 1  # daemon: an utterance begins, the question as JSON
    AUDIO = 2  # daemon: signed linear 16 bit
    FINISH = 3  # daemon: nothing more comes
    DROP = 4  # daemon: nobody wants it any more
    PING = 5  # daemon: are you there
    READY = 6  # worker: the model is loaded
    PARTIAL = 7  # worker: the words so far
    RESULT = 8  # worker: hypotheses as JSON
    PONG = 9  # worker: yes


def frame(kind: Kind, utterance: int = 0, payload: bytes = b"") -> bytes:
    """A message as it travels."""
    return _HEADER.pack(len(payload), kind, utterance) + payload


class Unframer:
    """Cuts a stream of bytes into messages. Raises ValueError for what is none."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[Kind, int, bytes]]:
        """The messages that are complete now."""
        self._rest += data
        while len(self._rest) >= _HEADER.size:
            length, kind, utterance = _HEADER.unpack_from(self._rest)
            if length > LONGEST:
                raise ValueError("a message longer than any")
            end = _HEADER.size + length
            if len(self._rest) < end:
                return
            payload, self._rest = self._rest[_HEADER.size : end], self._rest[end:]
            yield Kind(kind), utterance, payload


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
    return tuple(Hypothesis(tuple(words), cost) for words, cost in json.loads(payload))
