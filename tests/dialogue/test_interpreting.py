"""What a caller's words mean, held against what is known."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.dialogue.interpretation import (
    AccountInterpreter,
    ChoiceInterpreter,
    GroupInterpreter,
    ReadingInterpreter,
    differing_group,
)
from ivr.dialogue.ports import Hypothesis, Interpretation, Interpreter
from ivr.domain.accounts import AccountFormat
from ivr.domain.judgement import Limits
from ivr.domain.meters import Meter, Register, Zone
from ivr.language.port import Intent
from ivr.language.ru.words import CORRECTIONS, FILLERS, NUMBER_WORDS, UNKNOWN
from tests.dialogue.visits import one_zone

NUMBER = "1234567890"
SAID = "один два три четыре пять шесть семь восемь девять ноль"
FORM = AccountFormat((10,))
TODAY = date(2026, 11, 18)


class Accounts:
    """Active accounts, and how many numbers each look-up asked for."""

    def __init__(self, *numbers: str) -> None:
        self.numbers = frozenset(numbers)
        self.asked: list[int] = []

    async def __call__(self, numbers: Sequence[str]) -> frozenset[str]:
        self.asked.append(len(numbers))
        return self.numbers.intersection(numbers)


def heard(*alternatives: str, step: float = 0.5) -> tuple[Hypothesis, ...]:
    return tuple(Hypothesis(tuple(text.split()), at * step) for at, text in enumerate(alternatives))


async def meaning(interpreter: Interpreter, *alternatives: str) -> Interpretation:
    return await interpreter.interpret(heard(*alternatives))


def reading_of(meter: Meter) -> ReadingInterpreter:
    return ReadingInterpreter(meter, meter.registers[0], TODAY, Limits())


async def test_an_existing_account_is_taken_and_complete() -> None:
    assert await meaning(AccountInterpreter(FORM, Accounts(NUMBER)), SAID) == Interpretation(NUMBER, complete=True)


async def test_the_alternative_that_exists_wins_over_the_likelier_that_does_not() -> None:
    misheard = SAID.replace("девять", "пять")
    found = await meaning(AccountInterpreter(FORM, Accounts(NUMBER)), misheard, SAID)
    assert (found.digits, found.offered) == (NUMBER, False)


@pytest.mark.parametrize(
    "slip",
    [SAID.replace("девять", "пять"), SAID.replace("девять ", ""), SAID.replace("девять", "девять девять")],
)
async def test_an_account_one_slip_away_is_offered_never_taken(slip: str) -> None:
    found = await meaning(AccountInterpreter(FORM, Accounts(NUMBER)), slip)
    assert (found.digits, found.offered, found.complete) == (NUMBER, True, False)


async def test_two_existing_accounts_as_likely_are_both_told() -> None:
    other = "1234567850"
    found = await meaning(AccountInterpreter(FORM, Accounts(NUMBER, other)), SAID, SAID.replace("девять", "пять"))
    assert (found.digits, found.rivals, found.complete) == (NUMBER, (other,), False)


async def test_an_account_of_the_calling_number_wins_over_another() -> None:
    other = "1234567850"
    accounts = Accounts(NUMBER, other)
    found = await meaning(AccountInterpreter(FORM, accounts, own=[other]), SAID, SAID.replace("девять", "пять"))
    assert (found.digits, found.rivals) == (other, ())


async def test_a_number_that_was_refused_is_not_proposed_again() -> None:
    interpreter = AccountInterpreter(FORM, Accounts(NUMBER), refused=[NUMBER])
    assert (await meaning(interpreter, SAID)).digits != NUMBER


async def test_an_unknown_number_is_told_as_it_was_heard() -> None:
    assert await meaning(AccountInterpreter(FORM, Accounts()), SAID) == Interpretation(NUMBER)


async def test_without_a_list_the_form_decides() -> None:
    assert (await meaning(AccountInterpreter(FORM, None), SAID)).digits == NUMBER
    assert not (await meaning(AccountInterpreter(FORM, None), "один два три")).understood


async def test_a_store_that_fails_is_an_unknown_list() -> None:
    async def broken(numbers: Sequence[str]) -> frozenset[str]:
        raise OSError

    assert (await meaning(AccountInterpreter(FORM, broken), SAID)).digits == NUMBER


async def test_what_was_looked_up_is_not_looked_up_again() -> None:
    accounts = Accounts(NUMBER)
    interpreter = AccountInterpreter(FORM, accounts)
    for _ in range(10):
        await meaning(interpreter, SAID)
    assert len(accounts.asked) == 1
    assert max(accounts.asked) <= 2000


async def test_other_speech_is_no_account() -> None:
    speech = f"{UNKNOWN} два {UNKNOWN} {UNKNOWN}"
    assert not (await meaning(AccountInterpreter(FORM, Accounts(NUMBER)), speech)).understood


async def test_the_reading_that_fits_the_usual_use_wins() -> None:
    meter = one_zone()
    found = await meaning(reading_of(meter), "девятнадцать тысяч сто пятьдесят", "двенадцать тысяч сто пятьдесят")
    assert found.digits == "12150"


async def test_an_unusual_reading_that_was_clearly_said_is_the_answer() -> None:
    found = await meaning(reading_of(one_zone()), "девяносто тысяч сто пятьдесят")
    assert (found.digits, found.complete) == ("90150", False)


async def test_a_round_number_may_go_on() -> None:
    interpreter = reading_of(one_zone())
    assert not (await meaning(interpreter, "двенадцать тысяч сто пятьдесят")).complete
    assert (await meaning(interpreter, "двенадцать тысяч сто пятьдесят два")).complete


async def test_a_fraction_is_dropped_and_told() -> None:
    found = await meaning(reading_of(one_zone()), "двенадцать тысяч сто пятьдесят запятая шесть")
    assert (found.digits, found.fraction_dropped) == ("12150", True)


async def test_leading_zeros_are_no_part_of_a_reading() -> None:
    assert (await meaning(reading_of(one_zone()), "ноль двенадцать сто пятьдесят")).digits == "12150"


@pytest.mark.parametrize(("words", "command"), [("оператор", Intent.OPERATOR), ("нет света", Intent.HOTLINE)])
async def test_a_command_counts_at_every_question(words: str, command: Intent) -> None:
    interpreters: list[Interpreter] = [
        AccountInterpreter(FORM, Accounts()),
        reading_of(one_zone()),
        ChoiceInterpreter("12", {}),
        GroupInterpreter(["123", "124"], 0, 3),
    ]
    assert [(await meaning(one, words)).intent for one in interpreters] == [command] * 4


@pytest.mark.parametrize(
    ("words", "key"),
    [("да", "1"), ("нет", "2"), ("да нет", "2"), ("нет всё верно", "1"), ("нет двенадцать", "2"), (UNKNOWN, "")],
)
async def test_yes_and_no(words: str, key: str) -> None:
    assert (await meaning(ChoiceInterpreter("12", {}), words)).digits == key


async def test_a_choice_by_its_phrase_or_its_key() -> None:
    menu = ChoiceInterpreter("13", {"передать показания": "1"})
    assert (await meaning(menu, "передать показания")).digits == "1"
    assert (await meaning(menu, "три")).digits == "3"
    assert not (await meaning(menu, "два")).understood


async def test_a_group_chooses_between_numbers() -> None:
    numbers = [NUMBER, "1234567850"]
    start, length = differing_group(numbers)
    assert (start, length) == (6, 4)
    group = GroupInterpreter(numbers, start, length)
    assert (await meaning(group, "семь восемь пять ноль")).digits == "7850"
    assert (await meaning(group, SAID)).digits == "7890"
    assert not (await meaning(group, "один один один один")).understood


@given(st.lists(st.lists(st.sampled_from([*NUMBER_WORDS, *FILLERS, *CORRECTIONS, UNKNOWN, "да"])), max_size=3))
@settings(deadline=None, max_examples=50)
async def test_no_words_are_too_strange(alternatives: list[list[str]]) -> None:
    new = Meter(1, "1", (Register(1, Zone.T1, 5),))
    said = [Hypothesis(tuple(words), float(cost)) for cost, words in enumerate(alternatives)]
    for interpreter in (
        AccountInterpreter(FORM, Accounts(NUMBER)),
        reading_of(new),
        ChoiceInterpreter("12", {}),
        GroupInterpreter([NUMBER, "1234567850"], 6, 4),
    ):
        assert len((await interpreter.interpret(said)).rivals) <= 2
