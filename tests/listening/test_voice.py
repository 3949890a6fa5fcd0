"""One question's ears, fed with sounds and a clock; what the recogniser makes of them is written in the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ivr.dialogue.ports import Ending, Expects, Hypothesis, Interpretation, Question
from ivr.language.port import Intent
from ivr.listening.speech_turn import PAUSE_AHEAD, SpeechTurn, SpeechWaits
from ivr.listening.vad import VoiceActivity
from tests.listening.sounding import click, noise, silence, speech
from tests.listening.written import WrittenEars, WrittenMeanings

TICK_S = 0.08
TICK_BYTES = 1280


MEANINGS = {
    "пять пять пять": Interpretation("555", complete=True),
    "пять": Interpretation("5"),
    "да": Interpretation("1", complete=True),
    "нет пять": Interpretation("2", after_no=(Hypothesis(("пять",)),)),
    "авария": Interpretation(intent=Intent.HOTLINE),
    "повторите": Interpretation(intent=Intent.REPEAT, complete=True),
}


class Caller:
    """A caller in virtual time, in front of one question."""

    def __init__(self, expects: Expects = Expects.READING, *, barge_in: bool = True, only_people: bool = False) -> None:
        self.ears = WrittenEars()
        self.barge_ins = self.decisions = 0
        self.now = 100.0
        self.prompt_level = 0.0
        meanings = None if only_people else WrittenMeanings(MEANINGS)
        question = Question((("ask",),), expects, "12", most_digits=5, interpreter=meanings, barge_in=barge_in)
        self.voice = SpeechTurn(
            question,
            self.ears,
            VoiceActivity(),
            SpeechWaits(),
            on_barge_in=self._barged_in,
            on_decided=self._decided,
        )

    def _barged_in(self) -> None:
        self.barge_ins += 1

    def _decided(self) -> None:
        self.decisions += 1

    async def says(self, pcm: bytes) -> None:
        """Audio in its own time, and what comes of it."""
        for at in range(0, len(pcm), TICK_BYTES):
            self.now += TICK_S
            self.voice.hear(pcm[at : at + TICK_BYTES], self.now, self.prompt_level)
            await self.settles()

    async def sends_nothing(self, seconds: float) -> None:
        """A telephone that sends no packets in silence."""
        for _ in range(round(seconds / TICK_S)):
            self.now += TICK_S
            self.voice.hear(b"", self.now, self.prompt_level)
            await self.settles()

    async def settles(self) -> None:
        for _ in range(6):
            await asyncio.sleep(0)

    async def is_heard(self, words: str) -> None:
        """The recogniser tells what it has heard so far."""
        self.ears.utterances[-1].on_partial(tuple(words.split()))
        await self.settles()

    async def ends_after(self) -> float:
        """Seconds without packets until the utterance has ended."""
        began = self.now
        while self.voice.speaking and self.now - began < 30:
            await self.sends_nothing(TICK_S)
        return self.now - began

    def will_say(self, words: str) -> None:
        self.ears.final = (Hypothesis(tuple(words.split())),)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    caller = Caller()
    yield caller
    caller.voice.close()


@pytest.fixture
async def chooser() -> AsyncIterator[Caller]:
    caller = Caller(Expects.YES_NO, barge_in=False)
    yield caller
    caller.voice.close()


@pytest.fixture
async def keyer() -> AsyncIterator[Caller]:
    """A caller whose answers are keys: only calls for people count."""
    caller = Caller(Expects.CHOICE, only_people=True)
    yield caller
    caller.voice.close()


# End of speech


@pytest.mark.parametrize(
    ("words", "wait_s"), [("пять пять пять", 0.3), ("пять", 1.5), ("авария", 0.6), ("", 0.6), ("[unk]", 1.5)]
)
async def test_speech_ends_by_what_was_said(caller: Caller, words: str, wait_s: float) -> None:
    caller.voice.prompts_over()
    caller.will_say(words)
    await caller.says(speech(1))
    await caller.is_heard(words)
    assert wait_s - TICK_S < await caller.ends_after() <= wait_s + 2 * TICK_S


async def test_a_yes_ends_after_its_own_wait(chooser: Caller) -> None:
    chooser.voice.prompts_over()
    chooser.will_say("да")
    await chooser.says(speech(0.4))
    await chooser.is_heard("да")
    assert 0.5 < await chooser.ends_after() < 0.8
    assert chooser.voice.answer is not None
    assert (chooser.voice.answer.ended, chooser.voice.answer.digits) == (Ending.ANSWER, "1")


async def test_a_number_after_the_no_may_be_said_with_pauses(chooser: Caller) -> None:
    chooser.voice.prompts_over()
    chooser.will_say("нет пять")
    await chooser.says(speech(0.8))
    await chooser.is_heard("нет пять")
    assert 1.4 < await chooser.ends_after() < 1.7


async def test_silence_that_is_sent_ends_speech_as_well(caller: Caller) -> None:
    caller.voice.prompts_over()
    caller.will_say("пять пять пять")
    await caller.says(speech(1))
    await caller.is_heard("пять пять пять")
    await caller.says(silence(0.5))
    assert caller.voice.answer is not None
    assert caller.voice.answer.digits == "555"
    assert caller.decisions == 1


async def test_a_number_goes_on_after_a_pause(caller: Caller) -> None:
    caller.voice.prompts_over()
    await caller.says(speech(0.5))
    await caller.is_heard("пять")
    await caller.says(silence(1.2))
    await caller.says(speech(0.5))
    assert len(caller.ears.utterances) == 1
    assert not caller.ears.utterances[0].finished


async def test_a_number_is_not_cut_at_a_pause_because_the_recogniser_is_behind(caller: Caller) -> None:
    caller.voice.prompts_over()
    caller.will_say("пять пять пять")
    await caller.says(speech(1))
    caller.ears.utterances[0].undecoded = 16000
    await caller.says(silence(1.2))
    assert not caller.ears.utterances[0].finished
    await caller.says(speech(1))
    caller.ears.utterances[0].undecoded = 3200
    await caller.is_heard("пять пять пять")
    await caller.says(silence(0.5))
    assert len(caller.ears.utterances) == 1
    assert caller.voice.answer is not None
    assert caller.voice.answer.digits == "555"


async def test_who_never_stops_talking_is_not_understood_after_twenty_seconds(caller: Caller) -> None:
    caller.voice.prompts_over()
    await caller.says(speech(20.5))
    assert caller.voice.answer is not None
    assert caller.voice.answer.ended is Ending.NOT_UNDERSTOOD
    assert len(caller.voice.answer.audio) <= 21 * 16000


async def test_who_talks_for_so_long_that_nobody_finds_out_what_is_not_understood(caller: Caller) -> None:
    caller.voice.prompts_over()
    caller.ears.fails = True
    await caller.says(speech(20.5))
    assert caller.voice.answer is not None
    assert caller.voice.answer.ended is Ending.NOT_UNDERSTOOD
    assert not caller.voice.lost


async def test_what_they_said_in_twenty_seconds_counts(caller: Caller) -> None:
    caller.voice.prompts_over()
    caller.will_say("пять пять пять")
    await caller.says(speech(20.5))
    assert caller.voice.answer is not None
    assert caller.voice.answer.digits == "555"


# What is decoded


async def test_silence_is_not_decoded(caller: Caller) -> None:
    caller.voice.prompts_over()
    await caller.says(silence(5))
    await caller.says(noise(5, 60))
    assert caller.ears.utterances == []


async def test_an_utterance_is_decoded_from_before_its_first_sound(caller: Caller) -> None:
    caller.voice.prompts_over()
    said = speech(0.8)
    await caller.says(silence(2))
    await caller.says(said)
    fed = caller.ears.utterances[0].fed
    assert fed.endswith(said[-3200:])
    assert len(said) + 0.2 * 16000 < len(fed) <= len(said) + 0.5 * 16000


async def test_a_long_pause_inside_a_number_is_decoded_in_part(caller: Caller) -> None:
    caller.voice.prompts_over()
    await caller.says(speech(0.5))
    await caller.is_heard("пять")
    await caller.says(silence(1.4))
    assert len(caller.ears.utterances[0].fed) < (0.5 + 0.7) * 16000


async def test_the_soft_beginning_of_a_word_after_a_long_pause_is_decoded(caller: Caller) -> None:
    caller.voice.prompts_over()
    await caller.says(speech(0.5))
    await caller.is_heard("пять")
    hiss = noise(0.16, 60)
    await caller.says(silence(1.2) + hiss + speech(0.4))
    assert len(caller.ears.utterances) == 1
    assert hiss in caller.ears.utterances[0].fed


async def test_a_burst_of_seconds_is_heard_whole(caller: Caller) -> None:
    caller.voice.prompts_over()
    caller.will_say("пять пять пять")
    said = speech(2)
    await caller.sends_nothing(2.5)
    caller.voice.hear(said, caller.now, 0.0)
    assert caller.ears.utterances[0].fed[-len(said) :] == said
    await caller.is_heard("пять пять пять")
    await caller.sends_nothing(0.6)
    assert caller.voice.answer is not None
    assert caller.voice.answer.audio.startswith(said[:3200])


async def test_a_line_full_of_noise_is_no_answer_and_no_failure(caller: Caller) -> None:
    caller.voice.prompts_over()
    await caller.says(noise(15, 3000))
    await caller.sends_nothing(1)
    assert not caller.voice.decided
    assert not caller.voice.speaking


async def test_noise_keeps_a_question_open_for_twenty_seconds_at_most(caller: Caller) -> None:
    caller.voice.prompts_over()
    for _ in range(12):
        await caller.says(speech(3))
        await caller.sends_nothing(1)
    assert not caller.voice.decided
    assert caller.voice.spoken_s == 20


# Over the prompt


async def test_words_stop_the_prompt(caller: Caller) -> None:
    await caller.says(speech(0.6))
    await caller.is_heard("пять пять")
    await caller.says(speech(0.08))
    assert caller.barge_ins == 1


async def test_one_word_stops_it_once_it_stands(caller: Caller) -> None:
    await caller.says(speech(0.4))
    await caller.is_heard("пять")
    await caller.says(speech(0.08))
    assert caller.barge_ins == 0
    await caller.says(speech(0.32))
    assert caller.barge_ins == 1


@pytest.mark.parametrize("heard", ["", "[unk]", "[unk] [unk]"])
async def test_a_cough_does_not(caller: Caller, heard: str) -> None:
    caller.will_say(heard)
    await caller.says(speech(0.6, 6000))
    await caller.is_heard(heard)
    await caller.says(silence(3))
    assert caller.barge_ins == 0
    assert not caller.voice.decided


async def test_a_click_is_not_even_decoded(caller: Caller) -> None:
    await caller.says(click() + silence(1))
    assert caller.ears.utterances == []


async def test_the_echo_of_the_prompt_is_not_even_decoded(caller: Caller) -> None:
    caller.prompt_level = 6000.0
    await caller.says(speech(3, 700))
    assert caller.ears.utterances == []


async def test_a_confirmation_is_not_spoken_over(chooser: Caller) -> None:
    chooser.will_say("да")
    await chooser.says(speech(0.6))
    await chooser.is_heard("да")
    await chooser.says(speech(0.4) + silence(1))
    chooser.voice.prompts_over()
    await chooser.sends_nothing(1)
    assert chooser.barge_ins == chooser.decisions == 0


async def test_over_a_confirmation_people_are_called(chooser: Caller) -> None:
    chooser.will_say("нет света")
    await chooser.says(speech(0.8) + silence(1))
    assert chooser.decisions == 1
    assert chooser.voice.answer is not None
    assert chooser.voice.answer.ended is Intent.HOTLINE


async def test_what_was_said_over_a_confirmation_is_no_part_of_its_answer(chooser: Caller) -> None:
    chooser.will_say("пять пять пять да")
    await chooser.says(speech(1))
    await chooser.is_heard("пять пять пять")
    await chooser.says(speech(0.8))
    chooser.voice.prompts_over()
    await chooser.says(speech(0.4))
    await chooser.sends_nothing(1)
    assert chooser.voice.answer is not None
    assert (chooser.voice.answer.ended, chooser.voice.answer.digits) == (Ending.ANSWER, "1")


async def test_talk_over_a_confirmation_that_ends_with_it_is_no_failure(chooser: Caller) -> None:
    chooser.will_say("пять пять пять")
    await chooser.says(speech(1))
    await chooser.is_heard("пять пять пять")
    await chooser.says(speech(0.8))
    chooser.voice.prompts_over()
    await chooser.sends_nothing(1)
    assert not chooser.voice.decided


async def test_a_yes_into_the_end_of_a_confirmation_counts(chooser: Caller) -> None:
    chooser.will_say("да")
    await chooser.says(silence(1))
    await chooser.says(speech(0.24) + silence(0.16))
    chooser.voice.prompts_over()
    assert len(chooser.ears.utterances) == 1
    await chooser.is_heard("да")
    await chooser.sends_nothing(0.8)
    assert chooser.voice.answer is not None
    assert chooser.voice.answer.digits == "1"


async def test_talk_beside_the_prompt_is_no_failure(caller: Caller) -> None:
    caller.will_say("[unk]")
    await caller.says(speech(1))
    await caller.sends_nothing(2)
    assert not caller.voice.decided


async def test_talk_after_the_prompt_is_not_understood(caller: Caller) -> None:
    caller.voice.prompts_over()
    caller.will_say("[unk]")
    await caller.says(speech(1))
    await caller.sends_nothing(2)
    assert caller.voice.answer is not None
    assert caller.voice.answer.ended is Ending.NOT_UNDERSTOOD


# Commands


async def test_an_emergency_over_the_prompt(caller: Caller) -> None:
    caller.will_say("авария")
    await caller.says(speech(0.7))
    await caller.is_heard("авария")
    assert await caller.ends_after() < 0.8
    assert caller.voice.answer is not None
    assert caller.voice.answer.ended is Intent.HOTLINE


# Only calls for people count


@pytest.mark.parametrize("words", ["да", "пять пять пять", "повторите", "[unk] [unk]"])
@pytest.mark.parametrize("prompting", [True, False])
async def test_other_words_stop_nothing_and_are_no_failure(keyer: Caller, words: str, *, prompting: bool) -> None:
    if not prompting:
        keyer.voice.prompts_over()
    keyer.will_say(words)
    await keyer.says(speech(0.6))
    await keyer.is_heard(words)
    await keyer.says(speech(0.6))
    await keyer.sends_nothing(1)
    assert keyer.barge_ins == keyer.decisions == 0
    assert not keyer.voice.decided


async def test_who_never_stops_talking_is_no_failure_where_only_keys_answer(keyer: Caller) -> None:
    await keyer.says(speech(21))
    keyer.voice.prompts_over()
    await keyer.says(speech(21))
    assert not keyer.voice.decided


@pytest.mark.parametrize("prompting", [True, False])
@pytest.mark.parametrize(("words", "intent"), [("нет света", Intent.HOTLINE), ("оператор", Intent.OPERATOR)])
async def test_a_call_for_people_counts(keyer: Caller, words: str, intent: Intent, *, prompting: bool) -> None:
    if not prompting:
        keyer.voice.prompts_over()
    keyer.will_say(words)
    await keyer.says(speech(0.8))
    await keyer.is_heard(words)
    await keyer.sends_nothing(1)
    assert keyer.voice.answer is not None
    assert keyer.voice.answer.ended is intent


# What was begun before the question


async def test_what_was_begun_before_the_question_belongs_to_it(keyer: Caller, caller: Caller) -> None:
    begun = speech(1)
    await keyer.says(begun)
    caller.will_say("пять пять пять")
    caller.voice.goes_on(keyer.voice.unfinished, caller.now)
    await caller.says(speech(0.4))
    await caller.is_heard("пять пять пять")
    assert caller.barge_ins == 0
    await caller.says(silence(0.5))
    assert begun[-8000:] in caller.ears.utterances[0].fed
    assert caller.voice.answer is not None
    assert caller.voice.answer.digits == "555"
    assert len(caller.voice.answer.audio) > 1.4 * 16000


async def test_silence_at_the_end_of_what_is_said_is_nothing_begun(keyer: Caller) -> None:
    await keyer.says(silence(2))
    assert keyer.voice.unfinished == b""
    await keyer.says(speech(1) + silence(2))
    assert keyer.voice.unfinished == b""


async def test_the_wish_to_hear_it_again(caller: Caller) -> None:
    caller.voice.prompts_over()
    caller.will_say("повторите")
    await caller.says(speech(0.7))
    await caller.sends_nothing(1)
    assert caller.voice.repeat
    assert caller.voice.answer is None


# Pauses


async def test_the_rest_of_a_pause_is_fed_ahead_so_that_the_last_word_is_heard_at_once(caller: Caller) -> None:
    await caller.says(speech(1))
    await caller.is_heard("пять")
    before = len(caller.ears.utterances[0].fed)
    await caller.says(silence(0.4))
    fed = caller.ears.utterances[0].fed
    assert len(fed) - before > 0.4 * 16000
    assert fed.endswith(PAUSE_AHEAD)


async def test_what_follows_a_pause_is_fed_with_its_soft_beginning(caller: Caller) -> None:
    await caller.says(speech(1))
    await caller.says(silence(0.4))
    await caller.is_heard("пять")
    before = len(caller.ears.utterances[0].fed)
    soft, loud = noise(0.2, 20), speech(0.5)
    await caller.says(soft + loud)
    assert caller.ears.utterances[0].fed[before:].endswith(soft + loud)


# The recogniser fails


async def test_a_recogniser_that_dies_leaves_the_keys(caller: Caller) -> None:
    caller.voice.prompts_over()
    caller.ears.fails = True
    await caller.says(speech(1))
    await caller.sends_nothing(1)
    assert caller.voice.lost
    assert not caller.voice.decided
    assert not caller.voice.speaking
    assert caller.ears.utterances[0].abandoned


async def test_no_recogniser_free_leaves_the_keys(caller: Caller) -> None:
    caller.ears.full = True
    await caller.says(speech(1))
    assert caller.voice.lost
    assert not caller.voice.speaking


async def test_a_recogniser_that_lets_a_caller_go_leaves_the_keys_at_once(caller: Caller) -> None:
    caller.voice.prompts_over()
    await caller.says(speech(1))
    assert not caller.voice.lost
    caller.ears.utterances[0].lost = True
    await caller.says(speech(0.1))
    assert caller.voice.lost
    assert not caller.voice.speaking


async def test_closing_abandons_what_is_being_said(caller: Caller) -> None:
    await caller.says(speech(1))
    caller.voice.close()
    assert caller.ears.utterances[0].abandoned
    assert not caller.voice.speaking
