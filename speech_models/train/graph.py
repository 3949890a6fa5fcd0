"""The part of the decoding graph that knows words: phones -> transition ids, pronunciations, the garbage word.

Written in Vosk's form for grammars at run time: HCLr.fst with look-ahead, words.txt and grammars in relabelled ids,
disambig_tid.int. Each phone has one state; its transition ids are 2p-1 (stay) and 2p (go on), p counted from 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import kaldifst

from speech_models.train.fst import convert
from speech_models.train.phones import NUMBER_OF, PHONES, SILENCE, UNKNOWN_WORD, Lexicon

GARBAGE = len(PHONES) + 1
"""One more phone: its score is the best of all speech phones."""

FIRST_DISAMBIGUATION = GARBAGE + 1


@dataclass(frozen=True, slots=True)
class WordCosts:
    """Costs beside the acoustic ones, natural logarithms at the model's acoustic scale; tuned on the development set.

    word: each word. unknown: each [unk]; unknown_frame: each of its frames (the knob between other speech taken for
    words and words lost). silence, no_silence: after a word. unknown_frames: the shortest [unk], frames of 30 ms.
    """

    word: float = 1.0
    unknown: float = 1.0
    unknown_frame: float = 0.28
    silence: float = 0.7
    no_silence: float = 0.7
    unknown_frames: int = 6


def _lexicon_fst(words: list[str], lexicon: Lexicon, costs: WordCosts) -> kaldifst.StdVectorFst:
    """Phones -> words, any string of words, with the disambiguation symbols that make it determinisable."""
    spoken = {
        word: [(GARBAGE,) * costs.unknown_frames]
        if word == UNKNOWN_WORD
        else [tuple(NUMBER_OF[phone] + 1 for phone in phones) for phones in lexicon[word]]
        for word in words
    }
    homophones: dict[tuple[int, ...], list[str]] = {}
    for word, pronunciations in spoken.items():
        for phones in pronunciations:
            homophones.setdefault(phones, []).append(word)
    fst = kaldifst.StdVectorFst()
    size = 0

    def state() -> int:
        nonlocal size
        fst.add_state()
        size += 1
        return size - 1

    def arc(source: int, target: int, phone: int, word: int = 0, cost: float = 0.0) -> None:
        fst.add_arc(source, kaldifst.StdArc(phone, word, cost, target))

    start, loop, pause, paused = state(), state(), state(), state()
    fst.start = start
    fst.set_final(loop, 0.0)
    arc(start, loop, 0, 0, costs.no_silence)
    arc(start, pause, 0, 0, costs.silence)
    arc(pause, paused, NUMBER_OF[SILENCE] + 1)
    arc(paused, loop, FIRST_DISAMBIGUATION)
    for number, word in enumerate(words, start=1):
        for phones in spoken[word]:
            here = loop
            for k, phone in enumerate(phones):
                there = state()
                first = (number, costs.unknown if word == UNKNOWN_WORD else costs.word) if k == 0 else (0, 0.0)
                arc(here, there, phone, *first)
                here = there
            end = state()
            arc(here, end, FIRST_DISAMBIGUATION + 1 + homophones[phones].index(word))
            arc(end, loop, 0, 0, costs.no_silence)
            arc(end, pause, 0, 0, costs.silence)
    kaldifst.determinize_star(fst)
    return fst


def _with_states(
    fst: kaldifst.StdVectorFst, frame_cost: Callable[[int], float]
) -> tuple[kaldifst.StdVectorFst, list[int]]:
    """Phones -> transition ids, a loop on the state after each phone; disambiguation ids follow the last of them."""
    arcs = {
        state: [(a.ilabel, a.olabel, float(a.weight.value), a.nextstate) for a in kaldifst.ArcIterator(fst, state)]
        for state in kaldifst.StateIterator(fst)
    }
    out = kaldifst.StdVectorFst()
    number: dict[tuple[int, int], int] = {}
    waiting: list[tuple[int, int]] = []
    marks: set[int] = set()

    def of(state: int, phone: int) -> int:
        key = (state, phone)
        if key not in number:
            out.add_state()
            number[key] = len(number)
            waiting.append(key)
            end = float(fst.final(state).value)
            if end < float("inf"):
                out.set_final(number[key], end)
            if phone:
                loop = kaldifst.StdArc(2 * phone - 1, 0, frame_cost(phone), number[key])
                out.add_arc(number[key], loop)
        return number[key]

    out.start = of(fst.start, 0)
    while waiting:
        key = waiting.pop()
        for phone, word, cost, target in arcs[key[0]]:
            if phone > GARBAGE:
                mark = 2 * GARBAGE + phone - GARBAGE
                marks.add(mark)
                out.add_arc(number[key], kaldifst.StdArc(mark, word, cost, of(target, 0)))
            else:
                more = cost + (frame_cost(phone) if phone else 0.0)
                out.add_arc(number[key], kaldifst.StdArc(2 * phone, word, more, of(target, phone)))
    return out, sorted(marks)


def write_word_graph(lexicon: Lexicon, folder: Path, costs: WordCosts) -> dict[str, int]:
    """HCLr.fst, words.txt and disambig_tid.int in `folder`; the ids of the words."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [*lexicon, UNKNOWN_WORD]
    fst, marks = _with_states(
        _lexicon_fst(words, lexicon, costs), lambda phone: costs.unknown_frame if phone == GARBAGE else 0.0
    )
    kaldifst.connect(fst)
    kaldifst.arcsort(fst, "olabel")
    relabelled = folder / "relabel"
    convert(fst, folder / "HCLr.fst", "olabel_lookahead", f"--save_relabel_opairs={relabelled}")
    new = {int(a): int(b) for a, b in (line.split() for line in relabelled.read_text().splitlines() if line.strip())}
    relabelled.unlink()
    ids = {word: new.get(k, k) for k, word in enumerate(words, start=1)}
    (folder / "disambig_tid.int").write_text("".join(f"{mark}\n" for mark in marks))
    listed = sorted(ids.items(), key=lambda pair: pair[1])
    (folder / "words.txt").write_text("<eps> 0\n" + "".join(f"{word} {k}\n" for word, k in listed), encoding="utf-8")
    return ids
