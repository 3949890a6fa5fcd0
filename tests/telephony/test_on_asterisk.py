"""Session, line and audio against a real Asterisk, where the scripted one of the other tests could be wrong."""

from __future__ import annotations

import asyncio
import wave
from array import array
from functools import partial
from pathlib import Path

import pytest

from ivr.dialogue.ports import HungUp
from ivr.listening.keys import KeyBuffer
from ivr.telephony.agi.session import Streamed
from ivr.telephony.line import QUIET, AgiLine
from ivr.telephony.sounds import Sounds
from ivr.testbed.lab.lab import Lab
from tests.telephony.handing import taken_call
from tests.waiting import until

LONG_S = 120
KEY_GAP_S = 0.06  # Asterisk takes keys less than 45 ms apart for one (AST_MIN_DTMF_GAP); no finger is as quick


@pytest.fixture
def voice(lab: Lab) -> Sounds:
    """Silence under two names, where Asterisk can read it."""
    folder = lab.folder / "voice"
    for prompt in ("long", QUIET):
        file = folder / f"{prompt}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(file), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(LONG_S * 16000))
    return Sounds(folder)


def has(keys: KeyBuffer, count: int) -> bool:
    return len(keys) >= count


async def test_a_prompt_stops_at_once_whenever_it_is_interrupted(lab: Lab, voice: Sounds) -> None:
    async with taken_call(lab) as (_, incoming, _), asyncio.timeout(LONG_S / 2):
        session = incoming.session
        for pause_s in (0, 0, 0, 0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.1) * 3:
            playing = asyncio.create_task(session.stream(voice.file("long"), LONG_S))
            await asyncio.sleep(0)  # now the command is on its way
            if pause_s:
                await asyncio.sleep(pause_s)
            session.interrupt()
            assert await playing == Streamed("", 0)
            assert (await session.run("GET FULL VARIABLE", f"{pause_s}")).value == f"{pause_s}"


async def test_keys_sound_and_the_end_of_a_call(lab: Lab, voice: Sounds) -> None:
    async with taken_call(lab) as (phone, incoming, audio):
        line = AgiLine(incoming.session, voice, KeyBuffer(straggler_s=0.35), audio)
        assert await line.expand("${IVR_DIALLED}") != ""
        said = bytearray()
        line.hear(lambda pcm, now: said.extend(pcm))
        await until(lambda: max(array("h", bytes(said[: len(said) // 2 * 2])), default=0) > 1000)
        line.hear(None)
        for count, key in enumerate("159*0#", start=1):  # the dialogue thinks, and the caller is quicker
            await asyncio.sleep(KEY_GAP_S)
            await phone.presses(key)
            await until(partial(has, line.keys, count))
        assert line.keys.digits == "159*0#"
        await line.set_variables({"X": 'a "quoted" \\ «word» (in brackets)'})
        assert await line.expand("${X}") == 'a "quoted" \\ «word» (in brackets)'
        await phone.hangs_up()
        with pytest.raises(HungUp):
            await line.play("long")
        await line.close()


async def test_a_prompt_that_is_not_there_is_told_from_a_hang_up(lab: Lab, tmp_path: Path) -> None:
    async with taken_call(lab) as (_, incoming, _):
        assert await incoming.session.stream(str(tmp_path / "nothing"), 1) == Streamed("", -1)
        assert await incoming.session.variable("NOT_SET_ANYWHERE") == ""
