"""A caller who speaks over the real descriptor, in virtual time: prompts stop, keys win, utterances are kept."""

from __future__ import annotations

import asyncio
import os
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from ivr.dialogue.interpretation import ChoiceInterpreter
from ivr.dialogue.ports import Answer, Ending, Expects, Hypothesis, Question
from ivr.domain.journal.steps import AddressRecorded, Said
from ivr.domain.journal.words import TurnEnd
from ivr.language.port import Intent
from ivr.listening.ask import KeyWaits
from ivr.listening.recogniser_port import RecogniserPort
from ivr.listening.speech_turn import SpeechWaits
from ivr.telephony.agi.server import Incoming
from ivr.telephony.agi.session import AgiSession
from ivr.telephony.agi.wire import Wire
from ivr.telephony.call import Hearing, PhoneCall
from ivr.telephony.line import QUIET
from tests.listening.sounding import silence, speech
from tests.listening.written import WrittenEars
from tests.telephony.asterisk_end import HEADER, LIMIT_S, FakeAsterisk, ends, sounds
from tests.telephony.journal import MemoryJournal
from tests.virtual_time import VirtualTime
from tests.voice.ears import OwnEars
from tests.voice.said import said
from tests.waiting import until

event_loop = VirtualTime
USUAL = SpeechWaits()
YES_OR_NO = Question(
    (("ask/one",), ("ask/two",)),
    Expects.CHOICE,
    "12",
    interpreter=ChoiceInterpreter("12", {}),
)


@dataclass
class SpeakingCaller:
    """A call, Asterisk's end of it, and where the caller speaks."""

    call: PhoneCall
    asterisk: FakeAsterisk
    journal: MemoryJournal
    spoken: int
    recordings: Path

    async def says(self, pcm: bytes) -> None:
        """Speak as RTP comes."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for n, at in enumerate(range(0, len(pcm), 320)):
            await asyncio.sleep(max(began + n * 0.02 - loop.time(), 0))
            os.write(self.spoken, pcm[at : at + 320])


async def speaking(folder: Path, ears: RecogniserPort, waits: SpeechWaits = USUAL) -> AsyncIterator[SpeakingCaller]:
    heard, spoken = os.pipe()
    with ends(FakeAsterisk) as (fd, asterisk):
        assert isinstance(asterisk, FakeAsterisk)
        session = AgiSession(Wire(fd, fd))
        asterisk.send(*HEADER)
        await session.read_header(5, 4096)
        voice = sounds(folder, ask__one=30.0, ask__two=30.0, **{QUIET.replace("/", "__"): 60.0})
        journal = MemoryJournal()
        hearing = Hearing(ears, waits, recordings=folder / "recordings")
        call = await PhoneCall.begin(Incoming(session, heard), voice, KeyWaits(), 0.0, journal, hearing=hearing)
        yield SpeakingCaller(call, asterisk, journal, spoken, folder / "recordings")
        await call.close()
    os.close(spoken)


@pytest.fixture
def ears() -> WrittenEars:
    return WrittenEars(final=(Hypothesis(("да",)),))


@pytest.fixture
async def caller(tmp_path: Path, ears: WrittenEars) -> AsyncIterator[SpeakingCaller]:
    async for caller in speaking(tmp_path, ears):
        yield caller


@pytest.fixture
async def slow_caller(tmp_path: Path, ears: WrittenEars) -> AsyncIterator[SpeakingCaller]:
    """One whose silence means nothing yet: only a key ends what is asked."""
    async for caller in speaking(tmp_path, ears, SpeechWaits(choice=LIMIT_S)):
        yield caller


async def test_words_stop_the_prompt_and_answer(caller: SpeakingCaller, ears: WrittenEars) -> None:
    asking = asyncio.create_task(caller.call.ask(YES_OR_NO))
    await caller.asterisk.plays("ask/one")
    talking = asyncio.create_task(caller.says(speech(1)))
    await until(lambda: bool(ears.utterances))
    ears.utterances[0].on_partial(("да",))
    answer = await asking
    await talking
    assert (answer.ended, answer.digits, answer.by_voice) == (Ending.ANSWER, "1", True)
    assert "two" not in [file for file, _ in caller.asterisk.played]
    assert caller.journal.steps[-1][1] == Said(TurnEnd.ANSWER, "1", "да")


async def test_a_key_pressed_while_speaking_wins(slow_caller: SpeakingCaller, ears: WrittenEars) -> None:
    asking = asyncio.create_task(slow_caller.call.ask(YES_OR_NO))
    await slow_caller.asterisk.plays("ask/one")
    await slow_caller.says(speech(0.5))
    await until(lambda: bool(ears.utterances))
    slow_caller.asterisk.press("2")
    answer = await asking
    assert (answer.digits, answer.by_voice) == ("2", False)
    assert ears.utterances[0].abandoned


async def test_a_key_pressed_after_speech_stopped_the_prompt_wins(
    slow_caller: SpeakingCaller, ears: WrittenEars
) -> None:
    asking = asyncio.create_task(slow_caller.call.ask(YES_OR_NO))
    await slow_caller.asterisk.plays("ask/one")
    talking = asyncio.create_task(slow_caller.says(speech(3)))
    await until(lambda: bool(ears.utterances))
    ears.utterances[0].on_partial(("да", "да"))
    await slow_caller.asterisk.plays(QUIET)
    slow_caller.asterisk.press("2")
    answer = await asking
    await talking
    assert (answer.digits, answer.by_voice) == ("2", False)


async def test_the_recogniser_dies_and_the_keys_answer(caller: SpeakingCaller, ears: WrittenEars) -> None:
    ears.fails = True
    asking = asyncio.create_task(caller.call.ask(YES_OR_NO))
    await caller.asterisk.plays("ask/one")
    await caller.says(speech(0.5))
    await until(lambda: bool(ears.utterances) and ears.utterances[0].abandoned)
    caller.asterisk.press("1")
    assert (await asking).digits == "1"


async def test_keys_only_hears_no_answer(caller: SpeakingCaller, ears: WrittenEars) -> None:
    assert caller.call.hears
    caller.call.keys_only()
    assert not caller.call.hears
    asking = asyncio.create_task(caller.call.ask(YES_OR_NO))
    await caller.asterisk.plays("ask/one")
    await caller.says(speech(0.5) + silence(0.8))
    await until(lambda: bool(ears.utterances) and ears.utterances[0].finished)
    caller.asterisk.press("2")
    answer = await asking
    assert (answer.digits, answer.by_voice) == ("2", False)


async def test_keys_only_hears_calls_for_people(caller: SpeakingCaller, ears: WrittenEars) -> None:
    ears.final = (Hypothesis(("нет", "света")),)
    caller.call.keys_only()
    number = Question((("ask/one",),), Expects.ACCOUNT, most_digits=10)
    asking = asyncio.create_task(caller.call.ask(number))
    await caller.asterisk.plays("ask/one")
    await caller.says(speech(0.8) + silence(0.8))
    assert (await asking).ended is Intent.HOTLINE
    assert ears.questions == [Expects.CHOICE]


async def test_what_is_only_said_is_stopped_by_calls_for_people_and_not_by_other_words(
    caller: SpeakingCaller, ears: WrittenEars
) -> None:
    saying = asyncio.create_task(caller.call.say(("ask/one",), ("ask/two",)))
    await caller.asterisk.plays("ask/one")
    await caller.says(speech(0.5) + silence(0.8))
    await until(lambda: bool(ears.utterances) and ears.utterances[0].finished)
    assert not saying.done()
    ears.final = (Hypothesis(("искрит",)),)
    await caller.says(speech(0.5) + silence(0.8))
    assert await saying is Intent.HOTLINE
    assert [file for file, _ in caller.asterisk.played].count("two") == 0


async def test_a_number_begun_into_the_end_of_what_is_said_goes_on_in_the_question(
    caller: SpeakingCaller, ears: WrittenEars
) -> None:
    saying = asyncio.create_task(caller.call.say(("ask/one",)))
    await caller.asterisk.plays("ask/one")
    number = speech(1.5)
    await caller.says(number[:8000])
    await until(lambda: bool(ears.utterances) and len(ears.utterances[0].fed) >= 5000)
    caller.asterisk.plays_out()
    assert await saying is None
    asking = asyncio.create_task(caller.call.ask(YES_OR_NO))
    await caller.says(number[8000:] + silence(0.8))
    assert (await asking).digits == "1"
    assert len(ears.utterances) == 2
    assert ears.utterances[1].fed.startswith(number[:5000])


async def test_what_is_expected_as_an_echo_follows_the_prompt_and_ends_with_it(tmp_path: Path) -> None:
    async for caller in speaking(tmp_path, WrittenEars()):
        header = bytes(44)
        (tmp_path / "ask" / "one.wav").write_bytes(header + silence(10) + speech(20))
        (tmp_path / "ask" / "two.wav").write_bytes(header + speech(30))
        line = caller.call._line
        assert line.hear(lambda pcm, now: None)
        for prompt, expected in (("ask/one", False), ("ask/two", True)):
            playing = asyncio.create_task(line.play(prompt))
            await caller.asterisk.plays(prompt)
            assert (line.prompt_level > 1000) is expected
            line.hush()
            assert await playing is False
        loop = asyncio.get_running_loop()
        stopped = loop.time()
        await until(lambda: line.prompt_level == 0)  # noqa: B023 (asked at once)
        assert loop.time() - stopped < 1, "a prompt that was stopped makes no echo for the rest of its length"


async def test_the_echo_of_a_prompt_is_expected_while_the_next_one_begins(tmp_path: Path) -> None:
    async for caller in speaking(tmp_path, WrittenEars()):
        header = bytes(44)
        (tmp_path / "ask" / "one.wav").write_bytes(header + speech(20))
        (tmp_path / "ask" / "two.wav").write_bytes(header + silence(20))
        line = caller.call._line
        assert line.hear(lambda pcm, now: None)
        loop = asyncio.get_running_loop()
        playing = asyncio.create_task(line.play("ask/one"))
        await caller.asterisk.plays("ask/one")
        await asyncio.sleep(0.5)  # what is spoken takes its time
        ended = loop.time()
        caller.asterisk.plays_out()
        assert await playing is True
        playing = asyncio.create_task(line.play("ask/two"))
        await caller.asterisk.plays("ask/two")
        assert line.prompt_level > 1000
        await until(lambda: line.prompt_level == 0)  # noqa: B023 (asked at once)
        assert 0.3 < loop.time() - ended < 1
        line.hush()
        assert await playing is False


async def test_an_utterance_is_kept_as_wav(caller: SpeakingCaller) -> None:
    name = await caller.call.keep_voice(speech(0.5))
    assert name.startswith("voice/") and name.endswith(f"/{caller.call.id}-1.wav")
    assert date.fromisoformat(name.split("/")[1])
    with wave.open(str(caller.recordings / name)) as kept:
        assert (kept.getframerate(), kept.getsampwidth(), kept.getnchannels()) == (8000, 2, 1)
        assert kept.readframes(8000) == speech(0.5)
    assert (await caller.call.keep_voice(speech(0.5))).endswith("-2.wav")


async def test_an_utterance_that_cannot_be_kept_is_told(
    caller: SpeakingCaller, caplog: pytest.LogCaptureFixture
) -> None:
    caller.recordings.write_text("a file in the way")
    assert await caller.call.keep_voice(speech(0.5)) == ""
    assert "an utterance could not be kept" in caplog.messages
    assert await caller.call.keep_voice(b"") == ""


async def test_a_spoken_yes_over_the_prompt_with_the_shipped_recogniser(tmp_path: Path) -> None:
    async for caller in speaking(tmp_path, OwnEars()):
        asking = asyncio.create_task(caller.call.ask(YES_OR_NO))
        await caller.asterisk.plays("ask/one")
        await caller.says(silence(0.3) + said("yes"))  # and then the telephone sends nothing
        answer = await asking
        assert (answer.ended, answer.digits, answer.words) == (Ending.ANSWER, "1", "да")
        assert len(answer.audio) > len(said("yes")) / 2


async def recorded(caller: SpeakingCaller, pcm: bytes = b"", key: str = "", *, no_input_s: float = LIMIT_S) -> Answer:
    """What is kept where the caller speaks after the prompt, and then presses a key."""
    recording = asyncio.create_task(caller.call.record(("ask/one",), no_input_s=no_input_s, longest_s=LIMIT_S))
    await caller.asterisk.plays("ask/one")
    caller.asterisk.plays_out()
    await caller.asterisk.plays(QUIET)
    await caller.says(pcm)
    if key:
        caller.asterisk.press(key)
    return await recording


async def test_what_is_said_is_kept_without_anybody_who_understands_it(tmp_path: Path) -> None:
    async for caller in speaking(tmp_path, WrittenEars(available=False)):
        answer = await recorded(caller, speech(1) + silence(2.3))
        assert (answer.ended, answer.by_voice) == (Ending.ANSWER, True)
        assert 1 < len(answer.audio) / 16000 < 2
        name = await caller.call.keep_voice(answer.audio)
        with wave.open(str(caller.recordings / name)) as sound:
            assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
            assert sound.getnframes() == len(answer.audio) // 2
        assert caller.journal.steps[-1][1] == AddressRecorded(TurnEnd.ANSWER)


async def test_the_hash_ends_what_is_kept(caller: SpeakingCaller) -> None:
    answer = await recorded(caller, speech(1), "#")
    assert answer.ended is Ending.ANSWER and len(answer.audio) > 12000


@pytest.mark.parametrize(("key", "end"), [("0", Intent.HOTLINE), ("9", Intent.OPERATOR), ("#", Ending.NO_INPUT)])
async def test_keys_for_people_count_while_something_is_kept(
    caller: SpeakingCaller, key: str, end: Ending | Intent
) -> None:
    assert (await recorded(caller, key=key)).ended is end


async def test_a_call_for_help_counts_while_something_is_kept(caller: SpeakingCaller, ears: WrittenEars) -> None:
    ears.final = (Hypothesis(("нет", "света")),)
    assert (await recorded(caller, speech(0.8) + silence(0.8))).ended is Intent.HOTLINE


async def test_nobody_speaks_and_nothing_is_kept(caller: SpeakingCaller) -> None:
    answer = await recorded(caller, no_input_s=1.5)
    assert (answer.ended, answer.audio) == (Ending.NO_INPUT, b"")
