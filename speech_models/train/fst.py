"""Small finite-state transducers: built arc by arc in Python, written with OpenFst's own programs.

kaldifst and vosk must never meet in one process: this module is imported only where graphs are built.
"""

from __future__ import annotations

import heapq
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import kaldifst

PLUGINS = ("/usr/lib/x86_64-linux-gnu/fst/22", "/usr/lib/aarch64-linux-gnu/fst/22")
"""Where Debian's libfst22-plugins-base keeps the look-ahead types; the loader does not look there by itself."""

MOST_STATES = 5000


@dataclass(slots=True)
class WordGraph:
    """An acceptor of word strings. States are numbers, 0 the first; an arc without a word passes silently.

    arcs: state -> (next state, word or None, cost). ends: state -> cost. Costs are scaled natural logarithms.
    """

    arcs: list[list[tuple[int, str | None, float]]] = field(default_factory=list)
    ends: dict[int, float] = field(default_factory=dict)

    def state(self) -> int:
        self.arcs.append([])
        return len(self.arcs) - 1

    def arc(self, source: int, target: int, word: str | None = None, cost: float = 0.0) -> None:
        self.arcs[source].append((target, word, cost))

    def phrase(self, source: int, target: int, phrase: str, cost: float = 0.0) -> None:
        """A path of several words; the cost stands on the first."""
        words = phrase.split()
        here = source
        for k, word in enumerate(words):
            there = target if k == len(words) - 1 else self.state()
            self.arc(here, there, word, cost if k == 0 else 0.0)
            here = there

    def words(self) -> set[str]:
        return {word for arcs in self.arcs for _, word, _ in arcs if word is not None}

    def without_silent_arcs(self) -> WordGraph:
        """The same strings with the same costs, no arc without a word, no state that is never reached."""
        plain = WordGraph()
        number = {0: plain.state()}
        waiting = [0]
        while waiting:
            old = waiting.pop()
            reach = self._silently_from(old)
            best: dict[tuple[int, str], float] = {}
            for middle, cost in reach.items():
                if middle in self.ends:
                    end = cost + self.ends[middle]
                    plain.ends[number[old]] = min(end, plain.ends.get(number[old], end))
                for target, word, more in self.arcs[middle]:
                    if word is not None:
                        key = (target, word)
                        best[key] = min(cost + more, best.get(key, cost + more))
            for (target, word), cost in best.items():
                if target not in number:
                    number[target] = plain.state()
                    waiting.append(target)
                plain.arc(number[old], number[target], word, cost)
        return plain

    def _silently_from(self, state: int) -> dict[int, float]:
        reach: dict[int, float] = {}
        queue = [(0.0, state)]
        while queue:
            cost, here = heapq.heappop(queue)
            if here in reach:
                continue
            reach[here] = cost
            for target, word, more in self.arcs[here]:
                if word is None and target not in reach:
                    heapq.heappush(queue, (cost + more, target))
        return reach


def write_grammar(graph: WordGraph, ids: dict[str, int], file: Path) -> None:
    """A `Gr.fst` for Vosk: word ids of the model's words.txt, deterministic, sorted by input, constant type.

    Raises KeyError for a word that the model does not know, ValueError for a grammar too ambiguous to be made
    deterministic: the decoder would follow every way at once, ten times as slowly.
    """
    plain = graph.without_silent_arcs()
    fst = kaldifst.StdVectorFst()
    for _ in plain.arcs:
        fst.add_state()
    fst.start = 0
    for state, arcs in enumerate(plain.arcs):
        for target, word, cost in arcs:
            assert word is not None
            fst.add_arc(state, kaldifst.StdArc(ids[word], ids[word], cost, target))
    for state, cost in plain.ends.items():
        fst.set_final(state, cost)
    kaldifst.connect(fst)
    if kaldifst.determinize_star(fst, max_states=MOST_STATES):
        raise ValueError(f"{file.name}: too many ways to say the same words")
    kaldifst.minimize_encoded(fst)
    kaldifst.arcsort(fst, "ilabel")
    convert(fst, file, "const")


def convert(fst: kaldifst.StdVectorFst, file: Path, kind: str, *options: str) -> None:
    """Write as another FST type. Raises CalledProcessError; FileNotFoundError where libfst-tools is missing."""
    rough = file.with_suffix(".tmp")
    fst.write(str(rough))
    found = os.environ.get("LD_LIBRARY_PATH", "")
    paths = ":".join([*PLUGINS, found] if found else PLUGINS)
    try:
        subprocess.run(
            ["fstconvert", f"--fst_type={kind}", *options, str(rough), str(file)],
            check=True,
            env={**os.environ, "LD_LIBRARY_PATH": paths},
        )
    finally:
        rough.unlink()
