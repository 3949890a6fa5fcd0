"""What the line understands and what the shipped model can hear are the same list."""

from __future__ import annotations

import tomllib

import pytest

from ivr.config import REPOSITORY
from ivr.dialogue import call_flow, identify, outage, report
from ivr.dialogue.ports import Expects
from ivr.language.port import Intent, Menu
from ivr.language.ru.words import FILE
from ivr.language.selected import LANGUAGE
from ivr.speech.grammars import names_for

from .grammar import read_grammar

MODEL = REPOSITORY / "speech_models" / "ru-phone"
MENUS = {
    Menu.MENU_ELSE: call_flow.MENU_WORDS,
    Menu.MENU_MAIN: call_flow.MAIN_WORDS,
    Menu.WITHOUT_NUMBER: identify.WITHOUT,
    Menu.OUTAGE: outage.WORDS,
    Menu.REPORT: report.WORDS,
}
"""Phrases of each question and the keys they stand for."""


@pytest.mark.parametrize("expects", Expects)
def test_every_phrase_for_an_intent_is_accepted_at_every_question(expects: Expects) -> None:
    for name in names_for(expects):
        grammar = read_grammar(MODEL, name)
        phrases = [phrase for intent in Intent for phrase in LANGUAGE.words(intent)]
        assert [phrase for phrase in phrases if not grammar.accepts(phrase)] == []


@pytest.mark.parametrize("menu", Menu)
def test_every_phrase_for_a_choice_is_accepted_at_its_menu(menu: Menu) -> None:
    (name,) = names_for(Expects.CHOICE)
    grammar = read_grammar(MODEL, name)
    assert [phrase for phrase in MENUS[menu] if not grammar.accepts(phrase)] == []


def test_a_grammar_accepts_numbers_and_no_words_that_nobody_says() -> None:
    said = {"тридцать два двадцать пять": True, "тысяч двадцать": False, "опасно опасно сто": True, "стол": False}
    commands = read_grammar(MODEL, "commands")
    assert {phrase: commands.accepts(phrase) for phrase in said} == said
    assert not read_grammar(MODEL, "account").accepts("в подъезде"), "a number is asked there"


def test_every_menu_and_every_intent_of_the_list_is_used() -> None:
    lists = tomllib.loads(FILE.read_text(encoding="utf-8"))
    assert set(lists["menus"]) == set(Menu) == set(MENUS)
    assert set(lists["intents"]) == set(Intent)
