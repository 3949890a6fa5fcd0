"""Vosk in this process: models loaded once, and an utterance on one or several recognisers side by side.

Used by the worker processes, by ``ivr speech transcribe`` and by the benchmark. The only module that imports
vosk, beside the benchmark's picture of the usual way.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import vosk

from ivr.dialogue.hypotheses import mostly_unknown
from ivr.dialogue.ports import Expects, Hypothesis, Question
from ivr.language.port import UNKNOWN
from ivr.language.selected import LANGUAGE
from ivr.speech.grammars import names_for, phrases_for
from ivr.speech.model_folder import TELEPHONE_RATE, BadModel, ModelFolder

MOST_ALTERNATIVES = 24
"""Asked of each recogniser: «ноль» and «нуль», «два» and «две» make many of one number."""
MOST_HYPOTHESES = 12
"""Of different meaning, given to the interpretation, which takes 0.1 ms for each."""

LONGEST_S = 30.0
"""An utterance takes no more audio than this; listening ends it after twenty seconds."""

BEHIND = {"digits": 2.0}
"""What a hypothesis of a grammar costs more than one of the general grammar, natural logarithm.

Of these grammars nobody wants words before the end."""

_PROOF = bytes(TELEPHONE_RATE)  # half a second


class Models:
    """The model of a folder in all the forms that questions need; any number of utterances at once.

    A damaged folder is a BadModel or, where Vosk does not bear it, the end of the process by a signal.
    """

    def __init__(self, folder: Path) -> None:
        found = ModelFolder.inspect(folder)
        vosk.SetLogLevel(-1)
        self._static = found.static
        self._models: dict[str, Any] = {}
        self._grammars: dict[tuple[Expects, tuple[str, ...]], str] = {}
        try:
            with tempfile.TemporaryDirectory(prefix="ivr-model-") as views:
                for name in found.grammars or ("",):
                    view = found.view(Path(views) / (name or "own"), name, hurry=name not in BEHIND)
                    self._models[name] = vosk.Model(model_path=str(view))
            for expects in Expects:
                proof = self.hear(Question((), expects))
                proof.feed(_PROOF)
                proof.finish()
        except BadModel:
            raise
        except Exception as error:
            raise BadModel(f"{found.path}: Vosk cannot use this model, it is damaged or of another kind") from error
        unknown = sorted(word for word in LANGUAGE.needed_words if not self._knows(word))
        if unknown:
            few = ", ".join(f"«{word}»" for word in unknown[:3])
            raise BadModel(f"{found.path}: the model is damaged or of another language, it does not know {few}")

    def hear(self, question: Question) -> Utterance:
        """Begin an utterance that answers a question."""
        if "" not in self._models:
            return Utterance([(name, self._recogniser(name)) for name in names_for(question.expects)])
        if self._static:
            return Utterance([("", self._recogniser(""))])
        return Utterance([("", self._recogniser("", self._run_time_grammar(question)))])

    def _recogniser(self, name: str, *grammar: str) -> Any:
        recogniser = vosk.KaldiRecognizer(self._models[name], TELEPHONE_RATE, *grammar)
        recogniser.SetMaxAlternatives(MOST_ALTERNATIVES)
        return recogniser

    def _run_time_grammar(self, question: Question) -> str:
        key = (question.expects, tuple(question.spoken))
        if key not in self._grammars:
            known = [phrase for phrase in phrases_for(question) if all(map(self._knows, phrase.split()))]
            self._grammars[key] = json.dumps(known, ensure_ascii=False)
        return self._grammars[key]

    def _knows(self, word: str) -> bool:
        return word == UNKNOWN or next(iter(self._models.values())).vosk_model_find_word(word) >= 0


class Utterance:
    """One utterance on its recognisers; the first one is general and reports partial words."""

    def __init__(self, recognisers: list[tuple[str, Any]]) -> None:
        self._recognisers = recognisers
        self._left = int(LONGEST_S * TELEPHONE_RATE) * 2
        self._cut: list[list[str]] = [[] for _ in recognisers]  # words of what a model of the old form ended by itself

    def feed(self, pcm: bytes) -> None:
        """Take in signed linear 16 bit little-endian audio of 8 kHz; what is beyond thirty seconds is left out."""
        pcm = pcm[: self._left]
        self._left -= len(pcm)
        if not pcm:
            return
        for cut, (_, recogniser) in zip(self._cut, self._recognisers, strict=True):
            if recogniser.AcceptWaveform(pcm):
                cut += _alternatives(recogniser.Result())[0][0]

    @property
    def partial(self) -> tuple[str, ...]:
        """The words so far."""
        text = json.loads(self._recognisers[0][1].PartialResult()).get("partial", "")
        return (*self._cut[0], *text.split())

    def finish(self) -> tuple[Hypothesis, ...]:
        """The hypotheses, best first, at least one; the utterance takes no further audio."""
        return ranked(
            ((*cut, *words), BEHIND.get(name, 0.0) - likelihood)
            for cut, (name, recogniser) in zip(self._cut, self._recognisers, strict=True)
            for words, likelihood in _alternatives(recogniser.FinalResult())
        )


def ranked(costs: Iterable[tuple[tuple[str, ...], float]]) -> tuple[Hypothesis, ...]:
    """The best hypotheses, best first, their costs counted from the best; of those that mean the same only one.

    The likeliest that it was other speech is always among them: words are held against it.
    """
    best: dict[tuple[str, ...], Hypothesis] = {}
    ordered = sorted(costs, key=lambda item: item[1])
    for words, cost in ordered:
        best.setdefault(tuple(map(LANGUAGE.same_digit, words)), Hypothesis(words, cost - ordered[0][1]))
    found = tuple(best.values())
    kept, other_speech = found[:MOST_HYPOTHESES], next((one for one in found if mostly_unknown(one.words)), None)
    return kept if other_speech is None or other_speech in kept else (*kept, other_speech)


def _alternatives(result: str) -> list[tuple[list[str], float]]:
    """Word lists from Vosk's JSON, best first, at least one.

    Beside each the logarithm of its likelihood, which the model's acoustic scale has been applied to already.
    """
    found = json.loads(result)
    if "alternatives" not in found:  # silence
        return [(found.get("text", "").split(), 0.0)]
    return [(one["text"].split(), float(one["confidence"])) for one in found["alternatives"]]
