"""A take that is published while its prompt plays, on a real Asterisk: what plays goes on, the next play is new."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from ivr.domain.takes import How, Take
from ivr.listening.keys import KeyBuffer
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.studio.studio import Studio
from ivr.telephony.agi.session import Streamed
from ivr.telephony.line import AgiLine
from ivr.telephony.manager.ami import Ami
from ivr.telephony.sounds import Sounds
from ivr.testbed.lab.lab import Lab
from tests.lab.phone import exchange
from tests.studio.recordings import recording
from tests.studio.stock import ASK, settings_in
from tests.telephony.handing import taken_call
from tests.waiting import LIMIT_S

LONG = "identify/help"
WHILE_PUBLISHING_S, END_S = 10.0, 0.5
"""So much of the prompt plays while a take is published, on a busy machine too; and to see which take it is."""


async def sent(ami: Ami, channel: str) -> str:
    """In which format a prompt goes to the line, and whether Asterisk translates it."""
    shown = (await ami.action("Command", Command=f"core show channel {channel}"))["Output"]
    return " ".join(re.findall(r"(?:WriteFormat|WriteTranscode): (\w+)", shown))


async def test_a_recording_that_asterisk_cannot_play_is_no_silence(
    lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_in(lab.folder / "unreadable", f"sqlite:///{tmp_path}/ivr.db")
    voice = Sounds.of(settings.sounds.chain)
    own = settings.sounds.own / "own" / f"{ASK}.wav"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(b"no sound" * 2000)
    heard = []
    async with taken_call(lab) as (_, incoming, _):
        stream = incoming.session.stream

        async def watched(file: str, *how: Any, **more: Any) -> Streamed:
            streamed = await stream(file, *how, **more)
            heard.append((file, streamed.endpos))
            return streamed

        incoming.session.stream = watched  # type: ignore[method-assign]
        line = AgiLine(incoming.session, voice, KeyBuffer(0), None)
        assert await line.play(ASK) is True
    shipped = settings.sounds.shipped / ASK
    samples = (shipped.with_suffix(".wav").stat().st_size - 44) // 2
    assert heard[:2] == [(str(own)[:-4], -1), (str(shipped), samples)]
    assert "Asterisk could not play a recording; the next voice is heard" in [record.msg for record in caplog.records]


async def test_what_plays_goes_on_and_the_next_play_is_the_new_take(lab: Lab, tmp_path: Path) -> None:
    settings = settings_in(lab.folder / "studio", f"sqlite:///{tmp_path}/ivr.db")
    upgrade(settings.store.url)
    database = Database(settings.store.url)
    studio = Studio(settings, database)
    voice = Sounds.of(settings.sounds.chain)
    text = studio.catalogue()[LONG].text
    slow, quick = [
        await asyncio.to_thread(
            studio.add_take, LONG, recording(tmp_path, text, filters=f"atempo={tempo}"), how=How.FILE, who="anna"
        )
        for tempo in (0.8, 1.3)
    ]
    await asyncio.to_thread(studio.publish, slow.id, "anna")
    async with taken_call(lab) as (phone, incoming, _):

        async def end_of(take: Take, last_s: float) -> float:
            """Milliseconds at which the prompt ends; the caller hears only the last seconds of a take's length."""
            offset = take.checks.length_ms * 8 - round(last_s * 8000)
            return (await incoming.session.stream(voice.file(LONG), LIMIT_S, offset=offset)).endpos / 8

        playing = asyncio.create_task(end_of(slow, WHILE_PUBLISHING_S))
        await asyncio.sleep(0)  # now the command is on its way
        async with exchange(lab) as ami:
            while (await sent(ami, phone.line)) != "alaw No":
                assert not playing.done()
        await asyncio.to_thread(studio.publish, quick.id, "anna")
        assert not playing.done()
        assert await playing == slow.checks.length_ms
        assert await end_of(quick, END_S) == quick.checks.length_ms
        await asyncio.to_thread(studio.withdraw, LONG, "anna")
        assert await end_of(slow, END_S) == slow.checks.length_ms
    studio.close()
    database.close()
