"""Words at a menu, a yes or no, and a group of digits."""

from __future__ import annotations

import pytest

from ivr.dialogue.call_flow import MAIN_WORDS, MENU_WORDS
from ivr.dialogue.interpretation import AccountInterpreter, ChoiceInterpreter, GroupInterpreter, differing_group
from ivr.dialogue.ports import Hypothesis, Interpretation
from ivr.domain.accounts import AccountFormat
from ivr.language.port import Intent


async def meaning(of: ChoiceInterpreter | GroupInterpreter | AccountInterpreter, words: str) -> Interpretation:
    return await of.interpret([Hypothesis(tuple(words.split()))])


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("да", "1"), ("да верно", "1"), ("один", "1"), ("всё верно", "1"), ("да нет", "2"), ("нет", "2"), ("два", "2"),
        ("неверно", "2"), ("нет двенадцать тысяч сто", "2"), ("нет [unk] [unk] [unk]", "2"), ("нет всё верно", "1"),
        ("двадцать два", ""), ("три", ""), ("[unk] [unk] да", ""), ("[unk]", ""), ("", ""),
    ],
)  # fmt: skip
async def test_yes_and_no(words: str, key: str) -> None:
    assert (await meaning(ChoiceInterpreter("12", {}), words)).digits == key


@pytest.mark.parametrize(
    ("words", "rest"),
    [
        ("нет двенадцать тысяч сто", "двенадцать тысяч сто"),
        ("[unk] нет неверно сто пять", "сто пять"),
        ("нет", ""),
        ("нет два", ""),
        ("нет не так [unk]", ""),
    ],
)
async def test_a_number_after_a_no(words: str, rest: str) -> None:
    no = await meaning(ChoiceInterpreter("12", {}), words)
    assert (no.digits, " ".join(no.after_no[0].words if no.after_no else ())) == ("2", rest)
    assert no.complete is not bool(rest)


@pytest.mark.parametrize(
    ("words", "key"),
    [("ещё", "1"), ("да", "1"), ("один", "1"), ("нет", "2"), ("нет спасибо", "2"), ("всё до свидания", "2")],
)
async def test_anything_else(words: str, key: str) -> None:
    assert (await meaning(ChoiceInterpreter("12", MENU_WORDS), words)).digits == key


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("показания", "1"),
        ("другой счёт", "2"),
        ("нет другой счёт", "2"),
        ("два", "2"),
        ("всё", "#"),
        ("нет", "#"),
    ],
)
async def test_the_main_menu(words: str, key: str) -> None:
    assert (await meaning(ChoiceInterpreter("12#", MAIN_WORDS), words)).digits == key


@pytest.mark.parametrize(
    ("words", "command"), [("ноль", Intent.HOTLINE), ("девять", Intent.OPERATOR), ("нет света", Intent.HOTLINE)]
)
async def test_the_keys_of_people_may_be_named(words: str, command: Intent) -> None:
    assert (await meaning(ChoiceInterpreter("12", MENU_WORDS), words)).intent is command


async def test_our_own_zero_in_the_greeting_calls_nobody() -> None:
    assert (await meaning(ChoiceInterpreter("", {}), "ноль")) == Interpretation()


async def test_a_lone_zero_at_the_account_is_the_hotline_but_may_go_on() -> None:
    account = AccountInterpreter(AccountFormat(), None)
    zero = await meaning(account, "ноль")
    assert (zero.intent, zero.complete) == (Intent.HOTLINE, False)
    assert (await meaning(account, "ноль ноль три четыре пять шесть семь восемь девять ноль")).digits == "0034567890"


async def test_a_group_or_the_whole_number_again() -> None:
    numbers = ("1234567890", "1234567850")
    assert differing_group(numbers) == (6, 4)
    group = GroupInterpreter(numbers, 6, 4)
    assert (await meaning(group, "семь восемь пять ноль")).digits == "7850"
    assert (await meaning(group, "один два три четыре пять шесть семь восемь девять ноль")).digits == "7890"
    assert (await meaning(group, "один один один один")) == Interpretation()
    assert (await meaning(group, "оператор")).intent is Intent.OPERATOR
