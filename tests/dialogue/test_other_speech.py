"""Speech that is no answer, told from answers by how likely the recogniser finds it."""

from __future__ import annotations

import pytest

from ivr.dialogue.interpretation import AccountInterpreter, ChoiceInterpreter
from ivr.dialogue.ports import Hypothesis, Interpretation
from ivr.domain.accounts import AccountFormat
from ivr.language.port import Intent
from ivr.speech.recogniser import MOST_HYPOTHESES, ranked

FORM = AccountFormat((10,))
TEN = "один два три четыре пять шесть семь восемь девять ноль"


def heard(*alternatives: tuple[str, float]) -> list[Hypothesis]:
    return [Hypothesis(tuple(words.split()), cost) for words, cost in alternatives]


async def account(*alternatives: tuple[str, float]) -> Interpretation:
    return await AccountInterpreter(FORM, None).interpret(heard(*alternatives))


async def menu(*alternatives: tuple[str, float]) -> Interpretation:
    return await ChoiceInterpreter("12", {}).interpret(heard(*alternatives))


async def test_a_number_far_likelier_than_other_speech_is_taken() -> None:
    assert (await account((TEN, 0.0), ("[unk]", 7.0))).digits == "1234567890"


async def test_a_number_hardly_likelier_than_other_speech_is_refused() -> None:
    assert await account((TEN, 0.0), ("[unk]", 1.5)) == Interpretation()


async def test_alternatives_of_a_number_that_is_far_likelier_all_count() -> None:
    eleven = f"{TEN} один"
    assert (await account((eleven, 0.0), (TEN, 3.0), ("[unk]", 4.0))).digits == "1234567890"


@pytest.mark.parametrize("words", ["повторите", "назад", "помощь", "отмена", "[unk] повторите"])
async def test_a_command_is_held_against_other_speech_too(words: str) -> None:
    assert (await menu((words, 0.0), ("[unk]", 0.3))).intent is None
    assert (await menu((words, 0.0), ("[unk]", 2.0))).intent is not None


async def test_a_call_for_help_counts_although_other_speech_is_a_little_likelier() -> None:
    for interpreter in (AccountInterpreter(FORM, None), ChoiceInterpreter("12", {})):
        near = await interpreter.interpret(heard(("[unk]", 0.0), ("[unk] нет света", 0.5)))
        assert near.intent is Intent.HOTLINE
        far = await interpreter.interpret(heard(("[unk]", 0.0), ("[unk] нет света", 2.0)))
        assert far.intent is None
        strange = await interpreter.interpret(heard(("[unk]", 0.0), ("второй горит", 0.5)))
        assert strange.intent is None


def test_other_speech_stays_among_the_best_hypotheses() -> None:
    numbers = [((*TEN.split(), word), 0.01 * at) for at, word in enumerate(("два", "три", "пять", "шесть") * 4)]
    many = [((*words, *words[:at]), cost) for at, (words, cost) in enumerate(numbers)]
    found = ranked([*many, (("[unk]",), 3.0)])
    assert len(found) == MOST_HYPOTHESES + 1
    assert found[-1] == Hypothesis(("[unk]",), 3.0)
