"""Commands, yes and no among a caller's words."""

from __future__ import annotations

import tomllib

from ivr.config import REPOSITORY
from ivr.language.port import COMMANDS, Intent
from ivr.language.ru.commands import PHRASES, command_in, yes_or_no


def test_every_phrase_is_its_command() -> None:
    phrases = [(kind, phrase) for kind in COMMANDS for phrase in PHRASES[kind]]
    assert [(command_in(phrase.split()), phrase) for _, phrase in phrases] == phrases


def test_every_answer_is_itself() -> None:
    phrases = [(kind, phrase) for kind in (Intent.YES, Intent.NO) for phrase in PHRASES[kind]]
    assert [(yes_or_no(phrase.split()), phrase) for _, phrase in phrases] == phrases


def test_yes_and_no_in_sentences() -> None:
    meant = {
        "да нет": Intent.NO,
        "нет двенадцать тысяч": Intent.NO,
        "нет всё верно": Intent.YES,
        "да всё правильно": Intent.YES,
        "[unk]": None,
        "двадцать пять": None,
    }
    assert {said: yes_or_no(said.split()) for said in meant} == meant


def test_an_emergency_is_heard_in_a_sentence() -> None:
    said = ("у нас нет света", "[unk] пропал свет [unk]", "алло авария", "здравствуйте у меня искрит [unk]")
    assert {text: command_in(text.split()) for text in said} == dict.fromkeys(said, Intent.HOTLINE)


def test_a_command_in_the_middle_of_something_else_is_none() -> None:
    said = ("двенадцать тысяч повторите триста", "один два три оператор пять", "[unk] [unk] назад")
    assert {text: command_in(text.split()) for text in said} == dict.fromkeys(said)


def test_what_the_shipped_grammars_hear_as_a_command_is_understood() -> None:
    phrases = tomllib.loads((REPOSITORY / "speech_models" / "train" / "phrases.toml").read_text(encoding="utf-8"))
    said = {name: text.replace("\n", "").split("|") for name, text in phrases.items()}
    assert [phrase for phrase in said["hotline"] if command_in(phrase.split()) is not Intent.HOTLINE] == []
    assert [phrase for phrase in said["other_commands"] if command_in(phrase.split()) is None] == ["хватит", "выход"]
    assert [phrase for phrase in said["yes"] if yes_or_no(phrase.split()) is not Intent.YES] == []
    assert [phrase for phrase in said["no"] if yes_or_no(phrase.split()) is not Intent.NO] == []
