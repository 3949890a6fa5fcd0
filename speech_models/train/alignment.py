"""Where each phone of a recording lies: forced alignment with the shipped model itself, no other tool."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from speech_models.train.features import Segment, mfcc
from speech_models.train.kaldi import read_layers
from speech_models.train.network import LEFT, OFFSETS, RIGHT
from speech_models.train.phones import NUMBER_OF, PHONES, SILENCE, Lexicon

FRAME_S = 0.01
SHARPNESS = 1 / 3
"""Of the scores: those of neighbouring frames are not independent."""
IMPOSSIBLE = -1e9


class Aligner:
    def __init__(self, model: Path, lexicon: Lexicon) -> None:
        """model: am/final.mdl as this recipe writes it. Raises ValueError for any other."""
        self.layers = read_layers(model)
        self.lexicon = lexicon

    def scores(self, samples: np.ndarray) -> np.ndarray:
        """Log likelihoods, frames (10 ms) x phones, of 8 kHz samples in the range of 16-bit integers."""
        frames = mfcc(samples)
        here = np.concatenate([frames[:1].repeat(LEFT, 0), frames, frames[-1:].repeat(RIGHT, 0)])
        *hidden, out, priors = self.layers
        for offsets, (matrix, bias) in zip(OFFSETS, hidden, strict=True):
            size = len(here) - offsets[-1] + offsets[0]
            looked = [here[offset - offsets[0] : offset - offsets[0] + size] for offset in offsets]
            here = np.maximum(np.concatenate(looked, 1) @ matrix.T + bias, 0)
        logits = here @ out[0].T + out[1]
        top = logits.max(1, keepdims=True)
        return logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True)) + priors[1]

    def align(self, samples: np.ndarray, words: list[str]) -> tuple[list[Segment], float]:
        """Phones with their times, and the mean score of a frame. KeyError: a word that is not in the lexicon."""
        scores = self.scores(samples) * SHARPNESS
        phones, before, first = self._states(words)
        size, length = len(phones), len(scores)
        into = np.full((size, max(map(len, before)) + 1), size)
        for k, states in enumerate(before):
            into[k, : len(states) + 1] = [k, *states]
        best = np.full(size + 1, IMPOSSIBLE)
        best[first] = scores[0, phones[first]]
        came = np.zeros((length, size), np.int32)
        for t in range(1, length):
            reach = best[into]
            choice = reach.argmax(1)
            came[t] = into[np.arange(size), choice]
            best[:size] = reach[np.arange(size), choice] + scores[t, phones]
        last = [size - 1, *before[-1]]
        state = max(last, key=lambda k: best[k])
        score = float(best[state] / length / SHARPNESS)
        path = [state]
        for t in range(length - 1, 0, -1):
            path.append(int(came[t, path[-1]]))
        return _segments([int(state) for state in reversed(path)], phones), score

    def _states(self, words: list[str]) -> tuple[np.ndarray, list[list[int]], list[int]]:
        """Phone of each state, the states before it, and where an utterance may begin; the last state is silence."""
        silence = NUMBER_OF[SILENCE]
        phones, before, first = [silence], [[]], [0]
        ends = [0]
        for k, word in enumerate(words):
            finished = []
            for pronunciation in self.lexicon[word]:
                reached = list(ends)
                for place, phone in enumerate(pronunciation):
                    if k == 0 and place == 0:
                        first.append(len(phones))
                    phones.append(NUMBER_OF[phone])
                    before.append(reached)
                    reached = [len(phones) - 1]
                finished += reached
            phones.append(silence)
            before.append(finished)
            ends = [*finished, len(phones) - 1]
        return np.array(phones), before, first


def _segments(path: list[int], phones: np.ndarray) -> list[Segment]:
    segments: list[Segment] = []
    begin = 0
    for t in range(1, len(path) + 1):
        if t == len(path) or path[t] != path[begin]:
            # the border of two frames lies in the middle of their windows
            start = begin * FRAME_S + 0.0075 if begin else 0.0
            end = t * FRAME_S + 0.0075
            segments.append((PHONES[phones[path[begin]]], start, end - start))
            begin = t
    return segments
