"""The shipped model with Vosk itself: every grammar loads, and silence is heard as nothing."""

from __future__ import annotations

import json
from pathlib import Path

import vosk

from ivr.config import REPOSITORY
from ivr.language.ru.words import FILLERS, NUMBER_WORDS, UNKNOWN, plain

MODEL = REPOSITORY / "speech_models" / "ru-phone"
GRAMMARS = ("digits", "account", "reading", "commands", "yes-no")
MOST_BYTES = 20_000_000
COLLOQUIAL = {"тыща", "тыщи", "тыщу", "тыщ"}
"""Heard as pronunciations of «тысяча» and its forms."""


def _with_grammar(name: str, folder: Path) -> vosk.Model:
    """The model with one of its grammars in the place of the built-in one."""
    (folder / "graph").mkdir(parents=True)
    for part in ("am", "conf"):
        (folder / part).symlink_to(MODEL / part)
    for file in (MODEL / "graph").iterdir():
        if file.name != "Gr.fst":
            (folder / "graph" / file.name).symlink_to(file)
    (folder / "graph" / "Gr.fst").symlink_to(MODEL / "grammars" / f"{name}.fst")
    return vosk.Model(model_path=str(folder))


def _words() -> set[str]:
    lines = (MODEL / "graph" / "words.txt").read_text(encoding="utf-8").splitlines()
    return {line.split()[0] for line in lines}


def test_the_folder_is_a_stock_model_of_bounded_size() -> None:
    recogniser = vosk.KaldiRecognizer(vosk.Model(model_path=str(MODEL)), 8000)
    recogniser.AcceptWaveform(bytes(16000))
    assert json.loads(recogniser.FinalResult())["text"] == ""
    assert (MODEL / "am" / "final.mdl").stat().st_size < MOST_BYTES


def test_every_grammar_hears_silence_and_no_sound_at_all_as_nothing(tmp_path: Path) -> None:
    heard = {}
    for name in GRAMMARS:
        model = _with_grammar(name, tmp_path / name)
        for pieces in (100, 0):
            recogniser = vosk.KaldiRecognizer(model, 8000)
            for _ in range(pieces):
                recogniser.AcceptWaveform(bytes(320))
            heard[name, pieces] = json.loads(recogniser.FinalResult())["text"]
    assert heard == {(name, pieces): "" for name in GRAMMARS for pieces in (100, 0)}


def test_the_model_knows_the_words_that_are_understood() -> None:
    known = {plain(word) for word in _words()}
    assert {plain(word) for word in {*NUMBER_WORDS, *FILLERS, UNKNOWN} - COLLOQUIAL} <= known
