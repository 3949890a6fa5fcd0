"""Vosk in this process: models loaded once, and an utterance on one or several recognisers side by side.

Used by the worker processes, by ``ivr speech transcribe`` and by the benchmark. The only module that imports vosk.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import vosk

from ivr.dialogue.ports import Hypothesis, Question
from ivr.language.vocabulary import UNKNOWN
from ivr.speech.grammars import names_for, phrases_for
from ivr.speech.model_folder import RATE, BadModel, check, has_grammars, make_view

MOST_ALTERNATIVES = 8
LONGEST_S = 30.0
"""An utterance takes no more audio than this; listening ends it after twenty seconds."""

BEHIND = {"digits": 2.0}
"""What a hypothesis of a grammar costs more than one of the general grammar, natural logarithm."""

ACOUSTIC_SCALE = 1.0
"""Vosk's n-best confidences are log likelihoods that its acoustic scale has already been applied to."""


class Models:
    """The model of a folder in all the forms that questions need. Raises BadModel."""

    def __init__(self, folder: Path) -> None:
        check(folder)
        vosk.SetLogLevel(-1)
        self._views: tempfile.TemporaryDirectory[str] | None = None
        self._by_grammar: dict[str, Any] = {}
        self._words: dict[str, bool] = {}
        try:
            if has_grammars(folder):
                self._views = tempfile.TemporaryDirectory(prefix="ivr-model-")
                for name in ("account", "reading", "digits", "commands"):
                    view = make_view(folder, name, Path(self._views.name) / name)
                    self._by_grammar[name] = vosk.Model(model_path=str(view))
            else:
                self._by_grammar[""] = vosk.Model(model_path=str(folder))
        except BadModel:
            raise
        except Exception as error:
            raise BadModel(f"{folder}: Vosk cannot load it, the folder is damaged") from error

    def hear(self, question: Question) -> Utterance:
        """Begin an utterance that answers a question."""
        if "" not in self._by_grammar:
            return Utterance([(name, self._recogniser(name)) for name in names_for(question.expects)])
        phrases = [phrase for phrase in phrases_for(question) if self._knows(phrase)]
        grammar = json.dumps(phrases, ensure_ascii=False)
        return Utterance([("", vosk.KaldiRecognizer(self._by_grammar[""], RATE, grammar))])

    def _recogniser(self, name: str) -> Any:
        return vosk.KaldiRecognizer(self._by_grammar[name], RATE)

    def _knows(self, phrase: str) -> bool:
        """Whether the model has every word of the phrase."""
        for word in phrase.split():
            if word not in self._words:
                found = self._by_grammar[""].vosk_model_find_word(word) >= 0
                self._words[word] = word == UNKNOWN or found
            if not self._words[word]:
                return False
        return True


class Utterance:
    """One stretch of speech on its recognisers; the first is the general one, whose partial words are told."""

    def __init__(self, recognisers: list[tuple[str, Any]]) -> None:
        self._recognisers = recognisers
        self._left = int(LONGEST_S * RATE * 2)
        self._cut: list[list[str]] = [[] for _ in recognisers]  # words of what Vosk ended by itself
        for _, recogniser in recognisers:
            recogniser.SetMaxAlternatives(MOST_ALTERNATIVES)

    def feed(self, pcm: bytes) -> None:
        """Take in signed linear 16 bit little-endian audio of 8 kHz; what is beyond thirty seconds is left out."""
        pcm = pcm[: self._left]
        self._left -= len(pcm)
        if not pcm:
            return
        for number, (_, recogniser) in enumerate(self._recognisers):
            if recogniser.AcceptWaveform(pcm):
                best = _alternatives(recogniser.Result())
                self._cut[number] += best[0][0] if best else []

    @property
    def partial(self) -> tuple[str, ...]:
        """The words so far."""
        text = json.loads(self._recognisers[0][1].PartialResult()).get("partial", "")
        return (*self._cut[0], *text.split())

    def finish(self) -> tuple[Hypothesis, ...]:
        """What was said, best first; no further audio is taken."""
        pool: dict[tuple[str, ...], float] = {}
        for number, (name, recogniser) in enumerate(self._recognisers):
            for words, confidence in _alternatives(recogniser.FinalResult()):
                said = tuple(self._cut[number] + words)
                cost = -confidence * ACOUSTIC_SCALE + BEHIND.get(name, 0.0)
                pool[said] = min(cost, pool.get(said, float("inf")))
        return ranked(pool.items())


def ranked(costs: Iterable[tuple[tuple[str, ...], float]]) -> tuple[Hypothesis, ...]:
    """Hypotheses, best first, their costs counted from the best."""
    ordered = sorted(costs, key=lambda item: item[1])
    return tuple(Hypothesis(words, cost - ordered[0][1]) for words, cost in ordered)


def _alternatives(result: str) -> list[tuple[list[str], float]]:
    """Word lists and their log likelihoods from Vosk's JSON."""
    found = json.loads(result)
    if "alternatives" not in found:
        return [(found.get("text", "").split(), 0.0)]
    return [(one["text"].split(), float(one["confidence"])) for one in found["alternatives"]]
