"""One question and its answer by keys, over a line in virtual time: prompts last a second each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.dialogue.ports import Answer, Ending, Expects, HungUp, Phrase, Question
from ivr.language.port import Intent
from ivr.listening.ask import KeyWaits, Listener
from ivr.listening.keys import Key
from tests.dialogue.scripted import ScriptedLine, Step
from tests.listening.sounding import speech
from tests.listening.written import WrittenEars, WrittenMeanings

ASK: tuple[Phrase, ...] = (("ask",),)


class Caller:
    """A caller who follows a script, and the listener who asks."""

    def __init__(self, *script: Step) -> None:
        self.line = ScriptedLine(list(script))
        self.listener = Listener(self.line, KeyWaits(), self.line.prompt_begins)

    @property
    def heard(self) -> list[str]:
        return self.line.heard

    async def choice(self, choices: str = "12", no_input_s: float = 7, prompts: tuple[Phrase, ...] = ASK) -> Answer:
        return await self.listener.ask(Question(prompts, Expects.CHOICE, choices, no_input_s=no_input_s))

    async def yes_no(self) -> Answer:
        return await self.listener.ask(Question(ASK, Expects.YES_NO, "12", type_ahead=False))

    async def number(
        self,
        most_digits: int = 5,
        *,
        expects: Expects = Expects.READING,
        may_start_with_zero: bool = True,
        prompts: tuple[Phrase, ...] = ASK,
    ) -> Answer:
        return await self.listener.ask(
            Question(prompts, expects, most_digits=most_digits, may_start_with_zero=may_start_with_zero, no_input_s=15)
        )


def presses(keys: str, gap_s: float = 0.5) -> Caller:
    """A caller who presses keys from the beginning of the question on."""
    return Caller(Step("ask", keys, gap_s))


def given(digits: str) -> Answer:
    return Answer(Ending.ANSWER, digits)


# One key


async def test_a_choice_acts_at_once() -> None:
    caller = presses("1")
    assert await caller.choice(prompts=(("ask",), ("more",), ("and more",))) == given("1")
    assert caller.heard == ["ask"]


async def test_a_choice_after_the_prompts() -> None:
    caller = presses("2", gap_s=6)
    assert await caller.choice(prompts=(("ask",), ("more",))) == given("2")
    assert caller.heard == ["ask", "more"]


async def test_a_key_stops_a_phrase_in_its_middle() -> None:
    caller = Caller(Step("ask", "1", gap_s=1.5))
    assert await caller.choice(prompts=(("ask", "of", "many", "words"), ("more",))) == given("1")
    assert caller.heard == ["ask"]


async def test_silence() -> None:
    assert await presses("").choice() == Answer(Ending.NO_INPUT)


async def test_a_key_after_the_wait_is_too_late() -> None:
    assert await presses("1", gap_s=8.5).choice() == Answer(Ending.NO_INPUT)


async def test_a_key_at_the_end_of_the_wait_is_in_time() -> None:
    assert await presses("1", gap_s=7.5).choice() == given("1")


async def test_a_question_that_waits_for_nothing_still_takes_a_key_pressed_during_it() -> None:
    assert await presses("1").choice(no_input_s=0) == given("1")
    assert await presses("1", gap_s=2).choice(no_input_s=0) == Answer(Ending.NO_INPUT)


async def test_zero_is_the_hotline() -> None:
    assert await presses("0").choice() == Answer(Intent.HOTLINE)


async def test_nine_is_a_person() -> None:
    assert await presses("9").choice() == Answer(Intent.OPERATOR)


async def test_nine_may_be_a_choice() -> None:
    assert await presses("9").choice(choices="19") == given("9")


async def test_another_key_is_not_understood() -> None:
    assert await presses("7").choice() == Answer(Ending.NOT_UNDERSTOOD, "7")


async def test_a_hash_is_no_choice_and_no_mistake() -> None:
    assert await presses("#1").choice() == given("1")
    assert await presses("#").choice() == Answer(Ending.NO_INPUT)


async def test_a_hash_may_be_a_choice() -> None:
    assert await presses("#").choice(choices="1#") == given("#")


# A number


async def test_a_number_ends_by_its_length() -> None:
    assert await presses("123456").number(5) == given("12345")


async def test_a_hash_ends_a_shorter_number() -> None:
    assert await presses("123#").number(5) == given("123")


async def test_a_pause_ends_a_shorter_number() -> None:
    assert await presses("123").number(5) == given("123")


async def test_the_next_digit_may_take_almost_four_seconds() -> None:
    assert await presses("123", gap_s=3.9).number(5) == given("123")


async def test_a_digit_after_four_seconds_is_not_of_this_number() -> None:
    assert await presses("123", gap_s=4.1).number(5) == given("1")


async def test_leading_zeros_are_kept() -> None:
    assert await presses("00123").number(5) == given("00123")


async def test_a_number_is_begun_during_the_prompts() -> None:
    caller = presses("12345", gap_s=0.9)
    assert await caller.number(5, prompts=(("ask",), ("more",))) == given("12345")
    assert caller.heard == ["ask"]


async def test_no_number() -> None:
    assert await presses("").number() == Answer(Ending.NO_INPUT)


async def test_a_hash_alone_is_no_number() -> None:
    assert await presses("#").number() == Answer(Ending.NOT_UNDERSTOOD, "#")


async def test_thirteen_digits_instead_of_ten() -> None:
    caller = presses("1234567890123", gap_s=0.2)
    assert await caller.number(10, expects=Expects.ACCOUNT) == given("1234567890")
    assert await caller.yes_no() == Answer(Ending.OVERRUN)
    assert caller.line.keys.digits == ""


# Zero and nine where a number is asked for


@pytest.mark.parametrize("expects", [Expects.ACCOUNT, Expects.READING])
async def test_a_lone_zero_is_the_hotline(expects: Expects) -> None:
    assert await presses("0").number(expects=expects) == Answer(Intent.HOTLINE)


async def test_a_zero_waits_two_seconds_for_its_number() -> None:
    assert await presses("012", gap_s=1.9).number(3) == given("012")
    assert await presses("012", gap_s=2.1).number(3) == Answer(Intent.HOTLINE)


async def test_a_second_digit_waits_longer() -> None:
    assert await Caller(Step("ask", "001", gap_s=1.9)).number(3) == given("001")


async def test_zero_acts_at_once_where_no_number_begins_with_it() -> None:
    caller = presses("0123")
    assert await caller.number(may_start_with_zero=False) == Answer(Intent.HOTLINE)
    assert caller.line.keys.digits == ""


async def test_a_zero_within_a_number_is_a_digit() -> None:
    assert await presses("1023").number(4, may_start_with_zero=False) == given("1023")


async def test_a_reading_of_zero_is_ended_by_a_hash() -> None:
    assert await presses("0#").number() == given("0")


async def test_no_account_is_zero() -> None:
    assert await presses("0#").number(expects=Expects.ACCOUNT) == Answer(Intent.HOTLINE)


@pytest.mark.parametrize("expects", [Expects.ACCOUNT, Expects.READING])
async def test_a_lone_nine_is_a_person(expects: Expects) -> None:
    assert await presses("9").number(expects=expects) == Answer(Intent.OPERATOR)


async def test_a_reading_of_nine_is_ended_by_a_hash() -> None:
    assert await presses("9#").number() == given("9")


async def test_no_account_is_nine() -> None:
    assert await presses("9#").number(expects=Expects.ACCOUNT) == Answer(Intent.OPERATOR)


async def test_a_nine_may_begin_a_number() -> None:
    assert await presses("98765").number(5) == given("98765")


# Hearing the question again


async def test_a_star_repeats_a_choice() -> None:
    caller = Caller(Step("ask", "*"), Step("ask", "1"))
    assert await caller.choice() == given("1")
    assert caller.heard == ["ask", "ask"]


async def test_a_star_repeats_a_number_and_forgets_what_was_typed() -> None:
    caller = Caller(Step("ask", "12*"), Step("ask", "345#"))
    assert await caller.number() == given("345")


async def test_a_question_is_repeated_twice_and_no_more() -> None:
    caller = Caller(Step("ask", "*"), Step("ask", "*"), Step("ask", "*"))
    assert await caller.number() == Answer(Ending.NOT_UNDERSTOOD)
    assert caller.heard == ["ask", "ask", "ask"]


async def test_only_stars_typed_ahead_end_too() -> None:
    assert await presses("*" * 20, gap_s=0.1).number() == Answer(Ending.NOT_UNDERSTOOD)


# Keys pressed before the question


async def test_a_key_typed_ahead_answers_without_a_prompt() -> None:
    caller = Caller(Step("news", "1"))
    await caller.listener.say((("news",),))
    assert await caller.choice() == given("1")
    assert caller.heard == ["news"]


async def test_a_number_may_be_begun_ahead() -> None:
    caller = Caller(Step("news", "12345"))
    await caller.listener.say((("news",), ("more",)))
    assert await caller.number(5) == given("12345")
    assert caller.heard == ["news"]


async def test_nobody_confirms_what_they_have_not_heard() -> None:
    caller = Caller(Step("news", "1"), Step("ask", "2"))
    await caller.listener.say((("news",),))
    assert await caller.yes_no() == given("2")
    assert caller.heard == ["news", "ask"]


async def test_the_hotline_may_be_asked_for_ahead() -> None:
    caller = Caller(Step("news", "0"))
    await caller.listener.say((("news",),))
    assert await caller.yes_no() == Answer(Intent.HOTLINE)


# The tail of a number


async def test_a_hash_after_a_full_number_disturbs_nothing() -> None:
    caller = Caller(Step("ask", "12345#", gap_s=0.2), Step("ask", "1"))
    assert await caller.number(5) == given("12345")
    assert await caller.yes_no() == given("1")
    assert caller.heard == ["ask", "ask"]


async def test_a_number_typed_too_long_is_no_answer_to_the_next_choice() -> None:
    caller = presses("123451", gap_s=0.2)
    assert await caller.number(5) == given("12345")
    assert await caller.choice() == Answer(Ending.OVERRUN)
    assert await caller.choice() == Answer(Ending.NO_INPUT)


async def test_the_tail_of_a_number_is_not_the_beginning_of_the_next() -> None:
    caller = Caller(Step("ask", "1234567", gap_s=0.2), Step("next", "54321", gap_s=1.0))
    assert await caller.number(5) == given("12345")
    assert await caller.number(5, prompts=(("next",),)) == given("54321")


async def test_a_quick_answer_after_a_pause_is_no_tail() -> None:
    caller = Caller(Step("ask", "123451", gap_s=0.4))
    assert await caller.number(5) == given("12345")
    assert await caller.choice() == given("1")


# Telling


async def test_what_is_said_is_heard_to_its_end() -> None:
    caller = Caller()
    await caller.listener.say((("one", "two"), ("three",)))
    assert caller.heard == ["one", "three"]


async def test_a_key_ends_what_is_said_and_waits_for_the_next_question() -> None:
    caller = Caller(Step("one", "1"))
    await caller.listener.say((("one",), ("two",)))
    assert caller.heard == ["one"]
    assert caller.line.keys.digits == "1"


async def test_nothing_stops_what_is_announced_and_its_keys_are_forgotten() -> None:
    caller = Caller(Step("one", "1", gap_s=1.5))
    await caller.listener.announce((("one",), ("two",)))
    assert caller.heard == ["one", "two"]
    assert caller.line.keys.digits == ""


async def test_a_hang_up_ends_a_question() -> None:
    with pytest.raises(HungUp):
        await Caller(Step("ask", hangs_up=True)).number()


# Speech that is lost


class Speaking(ScriptedLine):
    """A line whose caller begins to speak when the prompts are over."""

    hushed = False
    on_audio: Callable[[bytes, float], None] | None = None

    def hear(self, on_audio: Callable[[bytes, float], None] | None) -> bool:
        self.on_audio = on_audio
        return True

    def hush(self) -> None:
        self.hushed = True

    async def wait_for_key(self, limit_s: float) -> Key | None:
        if self.on_audio is not None:
            self.on_audio(speech(1), self._now)
        return await super().wait_for_key(0 if self.hushed else limit_s)


@pytest.mark.parametrize("expects", [Expects.READING, Expects.CHOICE])
async def test_who_speaks_and_finds_no_recogniser_free_does_not_wait_in_vain(expects: Expects) -> None:
    line = Speaking([])
    listener = Listener(line, KeyWaits(), line.prompt_begins, WrittenEars(full=True))
    question = Question(ASK, expects, "12", most_digits=5, no_input_s=15, interpreter=WrittenMeanings({}))
    before = line._now
    assert await listener.ask(question) == Answer(Ending.NO_RECOGNISER)
    assert line._now - before == 1.0  # the prompt's length
