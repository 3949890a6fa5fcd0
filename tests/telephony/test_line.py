"""The line over AGI: no key is lost, stragglers, pauses of the dialogue, the caller's audio."""

from __future__ import annotations

import asyncio
import logging
import os
import select
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ivr.dialogue.ports import HungUp
from ivr.listening.keys import Key, KeyBuffer
from ivr.telephony.agi.audio import AudioTap
from ivr.telephony.agi.session import AgiSession, SessionBroken
from ivr.telephony.agi.wire import Wire
from ivr.telephony.line import GAP_S, QUIET, AgiLine
from ivr.telephony.sounds import Sounds
from tests.telephony.asterisk_end import FakeAsterisk, descriptors, ends, sounds
from tests.waiting import until

ALWAYS_S, NEVER_S = 60.0, 0.0
"""Time in which a key counts as a straggler."""


@dataclass
class Phone:
    """A line, Asterisk's end of it, and its voice."""

    line: AgiLine
    asterisk: FakeAsterisk
    sounds: Sounds

    def play(self, *prompts: str, heed_keys: bool = True) -> asyncio.Task[bool]:
        return asyncio.create_task(self.line.play(*prompts, heed_keys=heed_keys))

    def wait_for_key(self, limit_s: float = 60) -> asyncio.Task[Key | None]:
        return asyncio.create_task(self.line.wait_for_key(limit_s))

    async def thinks(self) -> None:
        """The dialogue thinks for so long that silence plays."""
        await self.asterisk.plays(QUIET)

    def digits(self) -> str:
        return self.line.keys.digits


async def silence_would_play() -> None:
    """The dialogue thinks for longer than the line waits before silence: timers of a loop end in their order."""
    await asyncio.sleep(4 * GAP_S)


@pytest.fixture
async def phone(tmp_path: Path, straggler_s: float) -> AsyncIterator[Phone]:
    voice = sounds(tmp_path, ask__one=1.0, ask__two=1.0, **{QUIET.replace("/", "__"): 5.0})
    with ends(FakeAsterisk) as (fd, asterisk):
        assert isinstance(asterisk, FakeAsterisk)
        line = AgiLine(AgiSession(Wire(fd, fd)), voice, KeyBuffer(straggler_s), None)
        yield Phone(line, asterisk, voice)
        await line.close()


@pytest.fixture
def straggler_s() -> float:
    return NEVER_S


# Prompts


async def test_a_prompt_plays_to_its_end(phone: Phone) -> None:
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.plays_out()
    assert await playing is True


async def test_a_key_stops_a_prompt_and_counts(phone: Phone) -> None:
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    assert phone.asterisk.press("5")
    assert await playing is False
    assert phone.digits() == "5"


async def test_nothing_stops_what_must_be_heard(phone: Phone) -> None:
    playing = phone.play("ask/one", heed_keys=False)
    await phone.asterisk.plays("ask/one")
    assert not phone.asterisk.press("5")
    phone.asterisk.plays_out()
    assert await playing is True


async def test_a_prompt_without_audio_is_left_out(phone: Phone, caplog: pytest.LogCaptureFixture) -> None:
    assert await phone.line.play("ask/nothing") is True
    assert [record.__dict__["prompt"] for record in caplog.records] == ["ask/nothing"]
    assert phone.asterisk.played == []


async def test_a_prompt_that_asterisk_cannot_play_is_left_out(phone: Phone, caplog: pytest.LogCaptureFixture) -> None:
    phone.asterisk.missing.add("one")
    assert await phone.line.play("ask/one") is True
    assert [record.__dict__["prompt"] for record in caplog.records] == ["ask/one"]
    playing = phone.play("ask/two")
    await phone.asterisk.plays("ask/two")
    phone.asterisk.plays_out()
    assert await playing is True


async def test_the_pieces_of_a_phrase_play_one_after_the_other(phone: Phone) -> None:
    playing = phone.play("ask/one", "ask/nothing", "ask/two", "ask/one")
    for piece in ("ask/one", "ask/two", "ask/one"):
        await phone.asterisk.plays(piece)
        phone.asterisk.plays_out()
    assert await playing is True
    assert [file for file, _ in phone.asterisk.played] == ["one", "two", "one"]


async def test_a_key_in_a_later_piece_stops_the_phrase(phone: Phone) -> None:
    playing = phone.play("ask/one", "ask/two", "ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.plays_out()
    await phone.asterisk.plays("ask/two")
    assert phone.asterisk.press("5")
    assert await playing is False
    assert phone.digits() == "5"
    assert [file for file, _ in phone.asterisk.played] == ["one", "two"]


async def test_a_piece_that_asterisk_cannot_play_is_left_out_of_its_phrase(
    phone: Phone, caplog: pytest.LogCaptureFixture
) -> None:
    phone.asterisk.missing.add("two")
    playing = phone.play("ask/one", "ask/two", "ask/one")
    for _ in range(2):
        await phone.asterisk.plays("ask/one")
        phone.asterisk.plays_out()
    assert await playing is True
    assert [file for file, _ in phone.asterisk.played] == ["one", "two", "one"]
    assert [record.__dict__["prompt"] for record in caplog.records] == ["ask/two"]


async def test_where_asterisk_cannot_read_a_recording_the_next_voice_is_heard_and_it_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sounds(tmp_path / "ru", ask__one=1.0, ask__two=1.0)
    sounds(tmp_path / "own", ask__two=2.0)
    voice = Sounds.of((tmp_path / "own", tmp_path / "none", tmp_path / "ru"))
    with ends(FakeAsterisk) as (fd, asterisk):
        assert isinstance(asterisk, FakeAsterisk)
        line = AgiLine(AgiSession(Wire(fd, fd)), voice, KeyBuffer(NEVER_S), None)
        asterisk.missing.add(str(tmp_path / "own" / "ask" / "two"))
        for _ in range(2):
            playing = asyncio.create_task(line.play("ask/one", "ask/two", "ask/one"))
            for piece in ("ru/ask/one", "ru/ask/two", "ru/ask/one"):
                await asterisk.plays(piece)
                asterisk.plays_out()
            assert await playing is True
        told = [(record.msg, record.__dict__["prompt"]) for record in caplog.records]
        assert told == [("Asterisk could not play a recording; the next voice is heard", "ask/two")]
        asterisk.missing.add(str(tmp_path / "ru" / "ask" / "two"))
        assert await line.play("ask/two") is True
        assert caplog.records[-1].msg == "Asterisk could not play a prompt"
        await line.close()


async def test_a_newly_published_take_counts_at_once(phone: Phone) -> None:
    sounds(phone.sounds.folder, ask__new=2.0)
    assert phone.sounds.seconds("ask/new") == 2.0
    sounds(phone.sounds.folder, ask__new=3.0)
    assert phone.sounds.seconds("ask/new") == 3.0


# Keys


async def test_a_key_that_waits_is_taken_first(phone: Phone) -> None:
    phone.line.keys.push(Key("1", 0.0))
    phone.line.keys.push(Key("2", 0.0))
    first, second = await phone.line.wait_for_key(60), await phone.line.wait_for_key(60)
    assert first is not None
    assert second is not None
    assert first.digit + second.digit == "12"


async def test_the_next_key_is_waited_for(phone: Phone) -> None:
    waiting = phone.wait_for_key()
    await phone.asterisk.asks_for_key()
    phone.asterisk.press("7")
    key = await waiting
    assert key is not None
    assert key.digit == "7"


async def test_no_key_in_time(phone: Phone) -> None:
    waiting = phone.wait_for_key(0.1)  # longer than a busy machine takes to ask once
    await phone.asterisk.asks_for_key()
    while not waiting.done():  # it asks again if Asterisk was too quick
        if phone.asterisk.waits_for_key:
            phone.asterisk.silence()
        await asyncio.sleep(0)
    assert await waiting is None


async def test_no_time_to_wait_asks_nothing(phone: Phone) -> None:
    assert await phone.line.wait_for_key(0) is None
    assert not phone.asterisk.waits_for_key


# Keys between commands


async def test_a_key_while_the_dialogue_thinks_is_not_lost(phone: Phone) -> None:
    await phone.line.expand("${IVR_KEYS}")
    await phone.thinks()
    assert phone.asterisk.press("4")
    await until(lambda: phone.digits() == "4")


async def test_many_keys_while_the_dialogue_thinks_are_not_lost(phone: Phone) -> None:
    await phone.line.expand("${IVR_KEYS}")
    for key in "1234567890*#":
        await phone.thinks()
        assert phone.asterisk.press(key)
    await phone.thinks()
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.plays_out()
    await playing
    assert phone.digits() == "1234567890*#"


@pytest.mark.parametrize("after", ["play", "wait_for_key", "set_variables", "expand"])
async def test_silence_listens_after_every_command(phone: Phone, after: str) -> None:
    match after:
        case "play":
            playing = phone.play("ask/one")
            await phone.asterisk.plays("ask/one")
            phone.asterisk.plays_out()
            await playing
        case "wait_for_key":
            phone.line.keys.push(Key("1", 0.0))
            await phone.line.wait_for_key(60)
        case "set_variables":
            await phone.line.set_variables({"A": "1", "B": "2"})
        case "expand":
            await phone.line.expand("${A}")
    await phone.thinks()
    assert phone.asterisk.press("3")


async def test_silence_that_played_out_plays_again(phone: Phone) -> None:
    await phone.line.expand("${A}")
    for _ in range(3):
        await phone.thinks()
        phone.asterisk.plays_out()
    await phone.thinks()
    assert phone.asterisk.press("3")


async def test_a_key_in_the_moment_the_dialogue_goes_on_is_not_lost(phone: Phone) -> None:
    await phone.line.expand("${A}")
    await phone.thinks()
    phone.asterisk.press("3")  # its reply lies there unread when the next command interrupts the silence
    key = await phone.line.wait_for_key(60)
    assert key is not None
    assert key.digit == "3"


async def test_silence_ends_when_the_dialogue_goes_on(phone: Phone) -> None:
    await phone.line.expand("${A}")
    await phone.thinks()
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.plays_out()
    assert await playing is True


async def test_without_silence_the_call_goes_on(tmp_path: Path) -> None:
    with ends(FakeAsterisk) as (fd, asterisk):
        line = AgiLine(AgiSession(Wire(fd, fd)), sounds(tmp_path), KeyBuffer(NEVER_S), None)
        assert await line.expand("a") == "a"
        await silence_would_play()
        assert await line.expand("b") == "b"
        await line.close()
        assert asterisk.silent


async def test_silence_that_asterisk_cannot_play_is_not_asked_for_again_and_again(phone: Phone) -> None:
    phone.asterisk.missing.add("listening")
    await phone.line.expand("a")
    await until(lambda: phone.asterisk.played != [])
    await silence_would_play()
    assert await phone.line.expand("b") == "b"
    assert len(phone.asterisk.played) == 1


# Stragglers: the tail of a number that ended by its length


@pytest.mark.parametrize("straggler_s", [ALWAYS_S])
async def test_a_hash_after_a_full_number_lets_the_prompt_go_on_where_it_was(phone: Phone) -> None:
    phone.line.keys.number_full(asyncio.get_running_loop().time())
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.press("#", at=4321)
    await phone.asterisk.plays("ask/one")
    assert phone.asterisk.played == [("one", 0), ("one", 4321)]
    phone.asterisk.plays_out()
    assert await playing is True
    assert phone.digits() == ""
    assert not phone.line.keys.overrun


@pytest.mark.parametrize("straggler_s", [ALWAYS_S])
async def test_a_hash_in_a_phrase_lets_it_go_on_where_it_was(phone: Phone) -> None:
    phone.line.keys.number_full(asyncio.get_running_loop().time())
    playing = phone.play("ask/one", "ask/two", "ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.plays_out()
    await phone.asterisk.plays("ask/two")
    phone.asterisk.press("#", at=4321)
    for piece in ("ask/two", "ask/one"):
        await phone.asterisk.plays(piece)
        phone.asterisk.plays_out()
    assert await playing is True
    assert phone.asterisk.played == [("one", 0), ("two", 0), ("two", 4321), ("one", 0)]


@pytest.mark.parametrize("straggler_s", [ALWAYS_S])
async def test_a_second_hash_is_a_key(phone: Phone) -> None:
    phone.line.keys.number_full(asyncio.get_running_loop().time())
    playing = phone.play("ask/one")
    for _ in range(2):
        await phone.asterisk.plays("ask/one")
        phone.asterisk.press("#")
    assert await playing is False
    assert phone.digits() == "#"


@pytest.mark.parametrize("straggler_s", [ALWAYS_S])
async def test_a_digit_after_a_full_number_is_an_overrun(phone: Phone) -> None:
    phone.line.keys.number_full(asyncio.get_running_loop().time())
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.press("5")
    assert await playing is False
    assert phone.digits() == ""
    assert phone.line.keys.overrun


async def test_a_digit_long_after_a_full_number_is_a_key(phone: Phone) -> None:
    phone.line.keys.number_full(asyncio.get_running_loop().time())
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.press("5")
    assert await playing is False
    assert phone.digits() == "5"
    assert not phone.line.keys.overrun


@pytest.mark.parametrize("straggler_s", [ALWAYS_S])
async def test_an_overrun_ends_waiting_for_a_key(phone: Phone) -> None:
    phone.line.keys.number_full(asyncio.get_running_loop().time())
    waiting = phone.wait_for_key()
    await phone.asterisk.asks_for_key()
    phone.asterisk.press("5")
    assert await waiting is None
    assert phone.line.keys.overrun


@pytest.mark.parametrize("straggler_s", [ALWAYS_S])
async def test_a_hash_in_the_moment_the_dialogue_goes_on_holds_nothing_up(phone: Phone) -> None:
    phone.line.keys.number_full(asyncio.get_running_loop().time())
    await phone.line.expand("${A}")
    await phone.thinks()
    phone.asterisk.press("#")
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    assert [name for name, _ in phone.asterisk.played] == ["listening", "one"]
    phone.asterisk.plays_out()
    assert await playing is True


# The end


async def test_a_hang_up_while_the_dialogue_thinks_is_found_by_the_next_command(phone: Phone) -> None:
    await phone.line.expand("${A}")
    await phone.thinks()
    phone.asterisk.hang_up()
    with pytest.raises(HungUp):
        await phone.line.play("ask/one")


async def test_a_hang_up_in_a_prompt(phone: Phone) -> None:
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.hang_up()
    with pytest.raises(HungUp):
        await playing


async def test_a_fault_while_the_dialogue_thinks_ends_the_line(phone: Phone) -> None:
    await phone.line.expand("${A}")
    await phone.thinks()
    phone.asterisk.send("nonsense")
    await phone.asterisk.closed()
    with pytest.raises(HungUp):
        await phone.line.play("ask/one")


async def test_a_fault_in_a_prompt_is_told(phone: Phone) -> None:
    playing = phone.play("ask/one")
    await phone.asterisk.plays("ask/one")
    phone.asterisk.send("nonsense")
    with pytest.raises(SessionBroken):
        await playing


async def test_closing_while_silence_plays_leaves_no_task(phone: Phone) -> None:
    await phone.line.expand("${A}")
    await phone.thinks()
    await phone.line.close()
    await phone.asterisk.closed()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_closing_before_silence_begins_plays_none(phone: Phone) -> None:
    await phone.line.expand("${A}")
    await phone.line.close()
    await silence_would_play()
    assert phone.asterisk.played == []
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_being_cancelled_while_silence_is_stopped_leaves_no_task(phone: Phone) -> None:
    await phone.line.expand("${A}")
    await phone.thinks()
    playing = phone.play("ask/one")
    await asyncio.sleep(0)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    await phone.line.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


# The caller's audio


@pytest.fixture
async def audio() -> AsyncIterator[tuple[AudioTap, int]]:
    """A tap, and where the caller speaks into it."""
    heard, spoken = os.pipe()
    tap = AudioTap(heard)
    yield tap, spoken
    tap.close()
    try:
        os.close(spoken)
    except OSError as error:
        assert "Bad file descriptor" in str(error)  # the test has hung up


class Ear:
    """Keeps what a tap hands on."""

    def __init__(self) -> None:
        self.heard = b""
        self.ticks = 0

    def __call__(self, pcm: bytes, now: float) -> None:
        self.heard += pcm
        self.ticks += 1


async def test_what_is_said_while_somebody_listens_is_handed_on(audio: tuple[AudioTap, int]) -> None:
    tap, spoken = audio
    os.write(spoken, b"before")
    ear = Ear()
    tap.listen(ear)
    os.write(spoken, b"the ")
    os.write(spoken, b"answer")
    await until(lambda: ear.heard == b"the answer")
    tap.listen(None)
    os.write(spoken, b"after")
    assert ear.heard == b"the answer"


async def test_a_silent_telephone_ticks_on(audio: tuple[AudioTap, int]) -> None:
    tap, _ = audio
    ear = Ear()
    tap.listen(ear)
    await until(lambda: ear.ticks >= 3)
    assert ear.heard == b""


async def test_the_tap_drains_what_nobody_asked_for(audio: tuple[AudioTap, int]) -> None:
    _, spoken = audio
    os.set_blocking(spoken, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(spoken, bytes(4096))
    await until(lambda: select.select((), (spoken,), (), 0)[1])
    assert os.write(spoken, bytes(4096)) == 4096


async def test_a_burst_longer_than_the_pipe_is_heard_whole(audio: tuple[AudioTap, int]) -> None:
    tap, spoken = audio
    os.set_blocking(spoken, False)
    ear = Ear()
    tap.listen(ear)
    sent = 0
    for _ in range(3):
        with pytest.raises(BlockingIOError):
            while True:
                sent += os.write(spoken, bytes(4096))
        await until(lambda: len(ear.heard) == sent)  # noqa: B023 (asked at once)


async def test_what_was_said_before_a_hang_up_is_heard(audio: tuple[AudioTap, int]) -> None:
    tap, spoken = audio
    ear = Ear()
    tap.listen(ear)
    os.write(spoken, b"last words")
    os.close(spoken)
    await until(lambda: ear.heard == b"last words")


async def test_missing_audio_is_told(tmp_path: Path) -> None:
    with ends(FakeAsterisk) as (fd, _):
        line = AgiLine(AgiSession(Wire(fd, fd)), sounds(tmp_path), KeyBuffer(NEVER_S), None)
        assert line.hear(Ear()) is False
        await line.close()


async def test_audio_that_ends_in_the_middle_gives_its_descriptor_back_and_the_line_goes_on(tmp_path: Path) -> None:
    heard, spoken = os.pipe()
    with ends(FakeAsterisk) as (fd, _):
        before = descriptors()
        tap = AudioTap(heard)
        line = AgiLine(AgiSession(Wire(fd, fd)), sounds(tmp_path), KeyBuffer(NEVER_S), tap)
        assert line.hear(Ear())
        os.close(spoken)
        await until(lambda: descriptors() == before - 2)
        assert await line.expand("still here") == "still here"
        await line.close()


async def test_a_line_gives_its_descriptors_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    before = descriptors()
    heard, spoken = os.pipe()
    with ends(FakeAsterisk) as (fd, asterisk), caplog.at_level(logging.WARNING):
        line = AgiLine(AgiSession(Wire(fd, fd)), sounds(tmp_path), KeyBuffer(NEVER_S), AudioTap(heard))
        await line.close()
        await line.close()
        await asterisk.closed()
    os.close(spoken)
    assert descriptors() == before
    assert caplog.records == []


# Recording


async def record(phone: Phone, *ends: str) -> asyncio.Task[bool]:
    """A recording that ends so."""
    recording = asyncio.create_task(phone.line.record("/calls/7-101-ab", "wav16", 120))
    await phone.asterisk.asks_for_key()
    phone.asterisk.silence()  # the tone is over
    await phone.asterisk.until(lambda: bool(phone.asterisk.recording))
    phone.asterisk.send(*ends)
    return recording


async def test_a_recording_is_over_once_asterisk_takes_another_command_and_has_closed_the_file(phone: Phone) -> None:
    before = phone.asterisk.noops
    recording = await record(phone, "200 result=35 (dtmf) endpos=32000")
    assert await recording
    assert phone.asterisk.recording == ["/calls/7-101-ab", "wav16", "#", "120000"]
    assert phone.asterisk.noops == before + 1


@pytest.mark.parametrize("reply", ["200 result=-1 (writefile)", "200 result=-1 (randomerror) endpos=0"])
async def test_what_cannot_be_recorded_is_told(phone: Phone, reply: str) -> None:
    assert not await (await record(phone, reply))


async def test_a_hang_up_while_recording_is_known_when_asterisk_has_ended_the_session(phone: Phone) -> None:
    recording = await record(phone, "200 result=-1 (hangup) endpos=32000", "HANGUP")
    await phone.asterisk.until(lambda: phone.asterisk.noops > 0)
    phone.asterisk.hang_up()
    with pytest.raises(HungUp):
        await recording


@pytest.mark.parametrize("straggler_s", [ALWAYS_S])
async def test_keys_pressed_before_the_tone_do_not_end_a_recording(phone: Phone) -> None:
    phone.line.keys.push(Key("#", 0.0))
    assert await (await record(phone, "200 result=0 (timeout) endpos=32000"))
    assert phone.digits() == ""
