"""Words that callers say at a menu, from audio to key: the shipped model hears them and the line understands them."""

from __future__ import annotations

import wave

import pytest

from ivr.config import REPOSITORY
from ivr.dialogue import identify, report
from ivr.dialogue.ports import Expects, Question
from ivr.dialogue.spoken_choice import ChoiceInterpreter
from ivr.speech.recogniser import Models
from tests.voice.said import WAVS

STEP_BYTES = 320
QUIET = bytes(8000)


@pytest.fixture(scope="module")
def models() -> Models:
    return Models(REPOSITORY / "speech_models" / "ru-phone")


@pytest.mark.parametrize(
    ("name", "words", "key"),
    [
        ("danger", report.WORDS, "4"),
        ("wires", report.WORDS, "4"),
        ("in-the-flat", report.WORDS, "1"),
        ("in-the-house", report.WORDS, "2"),
        ("in-the-stairwell", report.WORDS, "2"),
        ("in-the-district", report.WORDS, "3"),
        ("found", identify.WITHOUT, "1"),
    ],
)
async def test_a_choice_is_heard(models: Models, name: str, words: dict[str, str], key: str) -> None:
    with wave.open(str(WAVS / f"{name}.wav")) as said:
        pcm = QUIET + said.readframes(said.getnframes()) + QUIET
    keys = "".join(sorted(set(words.values())))
    utterance = models.hear(Question((), Expects.CHOICE, keys, spoken=words))
    for at in range(0, len(pcm), STEP_BYTES):
        utterance.feed(pcm[at : at + STEP_BYTES])
    meaning = await ChoiceInterpreter(keys, words).interpret(utterance.finish())
    assert (meaning.digits, meaning.intent) == (key, None)
