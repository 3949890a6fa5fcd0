"""Commands, yes and no among a caller's words."""

from __future__ import annotations

import tomllib

import pytest

from ivr.config import REPOSITORY
from ivr.language.commands import PHRASES, Spoken, command_in, yes_or_no

COMMANDS = [kind for kind in Spoken if kind not in (Spoken.YES, Spoken.NO)]


@pytest.mark.parametrize(("kind", "phrase"), [(kind, phrase) for kind in COMMANDS for phrase in PHRASES[kind]])
def test_every_phrase_is_its_command(kind: Spoken, phrase: str) -> None:
    assert command_in(phrase.split()) is kind


@pytest.mark.parametrize(("kind", "phrase"), [(kind, p) for kind in (Spoken.YES, Spoken.NO) for p in PHRASES[kind]])
def test_every_answer_is_itself(kind: Spoken, phrase: str) -> None:
    assert yes_or_no(phrase.split()) is kind


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("да нет", Spoken.NO),
        ("нет двенадцать тысяч", Spoken.NO),
        ("нет всё верно", Spoken.YES),
        ("да всё правильно", Spoken.YES),
        ("[unk]", None),
        ("двадцать пять", None),
    ],
)
def test_yes_and_no_in_sentences(said: str, meant: Spoken | None) -> None:
    assert yes_or_no(said.split()) is meant


@pytest.mark.parametrize(
    "said", ["у нас нет света", "[unk] пропал свет [unk]", "алло авария", "здравствуйте у меня искрит [unk]"]
)
def test_an_emergency_is_heard_in_a_sentence(said: str) -> None:
    assert command_in(said.split()) is Spoken.HOTLINE


@pytest.mark.parametrize(
    "said", ["двенадцать тысяч повторите триста", "один два три оператор пять", "[unk] [unk] назад"]
)
def test_a_command_in_the_middle_of_something_else_is_none(said: str) -> None:
    assert command_in(said.split()) is None


def test_what_the_shipped_grammars_hear_as_a_command_is_understood() -> None:
    phrases = tomllib.loads((REPOSITORY / "speech_models" / "train" / "phrases.toml").read_text(encoding="utf-8"))
    said = {name: text.replace("\n", "").split("|") for name, text in phrases.items()}
    assert [phrase for phrase in said["hotline"] if command_in(phrase.split()) is not Spoken.HOTLINE] == []
    assert [phrase for phrase in said["other_commands"] if command_in(phrase.split()) is None] == ["хватит", "выход"]
    assert [phrase for phrase in said["yes"] if yes_or_no(phrase.split()) is not Spoken.YES] == []
    assert [phrase for phrase in said["no"] if yes_or_no(phrase.split()) is not Spoken.NO] == []
