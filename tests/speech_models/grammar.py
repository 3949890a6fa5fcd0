"""A grammar file of the shipped model, read without Kaldi: an OpenFst acceptor of type `const`."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAGIC = 2125659606
ALIGNED = 4
STATE, ARC = struct.Struct("<fIIII"), struct.Struct("<iifi")


@dataclass(frozen=True, slots=True)
class Grammar:
    """arcs: state -> word id -> next state; the acceptor is deterministic. ends: states that may be the last."""

    start: int
    arcs: Sequence[dict[int, int]]
    ends: frozenset[int]
    ids: dict[str, int]

    def accepts(self, phrase: str) -> bool:
        """Whether the words of a phrase, one after the other, lead from the start to an end."""
        state: int | None = self.start
        for word in phrase.split():
            state = self.arcs[state].get(self.ids.get(word, -1)) if state is not None else None
        return state in self.ends


def read_grammar(model: Path, name: str) -> Grammar:
    """The grammar `name` of a model folder, with the ids of its words.txt. ValueError for any other kind of file."""
    data = (model / "grammars" / f"{name}.fst").read_bytes()
    (magic,) = struct.unpack_from("<i", data)
    kind, at = _text(data, 4)
    arc, at = _text(data, at)
    if (magic, kind, arc) != (MAGIC, "const", "standard"):
        raise ValueError(f"{name}: no const FST of standard arcs")
    _, flags, _, start, states, _ = struct.unpack_from("<iiQqqq", data, at)
    at += struct.calcsize("<iiQqqq")
    if flags & ALIGNED:
        raise ValueError(f"{name}: an aligned file")
    rows = [STATE.unpack_from(data, at + STATE.size * state) for state in range(states)]
    at += STATE.size * states
    arcs = []
    for _, first, count, _, _ in rows:
        found = (ARC.unpack_from(data, at + ARC.size * (first + k)) for k in range(count))
        arcs.append({word: target for word, _, _, target in found})
    ends = frozenset(state for state, row in enumerate(rows) if math.isfinite(row[0]))
    lines = (model / "graph" / "words.txt").read_text(encoding="utf-8").splitlines()
    return Grammar(start, arcs, ends, {word: int(number) for word, number in map(str.split, lines)})


def _text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<i", data, at)
    return data[at + 4 : at + 4 + length].decode("ascii"), at + 4 + length
