"""A call as the dialogue sees it: how it begins, what the dialplan gets back, what the journal is told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.dialogue.ports import Answer, Ending, Expects, HungUp, Next, Question
from ivr.domain.accounts import Account
from ivr.domain.journal.steps import PromptBegan, ReadingJudged, YesOrNoPressed
from ivr.domain.journal.words import TurnEnd
from ivr.domain.judgement import Verdict
from ivr.domain.meters import Zone
from ivr.domain.outages import Cause, Kind, Outage, Place, State, Trouble
from ivr.listening.ask import KeyWaits
from ivr.telephony.agi.server import Incoming
from ivr.telephony.agi.session import AgiSession, SessionBroken
from ivr.telephony.agi.wire import Wire
from ivr.telephony.call import PhoneCall
from ivr.telephony.sounds import Sounds
from tests.telephony.asterisk_end import HEADER, FakeAsterisk, ends, sounds
from tests.telephony.journal import MemoryJournal

NOON = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@dataclass
class Ring:
    """A call that comes in: its session with the header read, and Asterisk's end."""

    session: AgiSession
    asterisk: FakeAsterisk
    voice: Sounds
    journal: MemoryJournal

    async def begin(self, audio_fd: int | None = None) -> PhoneCall:
        incoming = Incoming(self.session, audio_fd)
        return await PhoneCall.begin(incoming, self.voice, KeyWaits(), 0.0, self.journal, now=lambda: NOON)


@pytest.fixture
async def ring(tmp_path: Path) -> AsyncIterator[Ring]:
    with ends(FakeAsterisk) as (fd, asterisk):
        assert isinstance(asterisk, FakeAsterisk)
        session = AgiSession(Wire(fd, fd))
        asterisk.send(*HEADER)
        await session.read_header(5, 4096)
        yield Ring(session, asterisk, sounds(tmp_path, ask__one=1.0), MemoryJournal())
        session.close()


async def test_a_call_is_opened_with_what_the_dialplan_knows(ring: Ring) -> None:
    ring.asterisk.variables = {"IVR_DIALLED": "100", "IVR_KEYS": ""}
    call = await ring.begin()
    assert ring.journal.calls == [(call.id, NOON, "+79161234567", "100", "PJSIP/trunk-00000001")]
    assert call.caller_number == "+79161234567"
    assert ring.asterisk.variables["IVR_CALL"] == call.id
    await call.close()


async def test_the_extension_stands_in_for_a_dialplan_that_does_not_tell_the_number(ring: Ring) -> None:
    call = await ring.begin()
    assert ring.journal.calls[0][3] == "s"
    await call.close()


async def test_a_key_pressed_in_the_dialplans_greeting_answers_the_first_question(ring: Ring) -> None:
    ring.asterisk.variables = {"IVR_DIALLED": "100", "IVR_KEYS": "1"}
    call = await ring.begin()
    assert call.waiting_keys == "1"
    answer = await call.ask(Question((("ask/one",),), Expects.CHOICE, choices="12"))
    assert answer == Answer(Ending.ANSWER, "1")
    assert ring.asterisk.played == []
    await call.close()


async def test_every_step_is_told_to_the_journal(ring: Ring) -> None:
    call = await ring.begin()
    asking = asyncio.create_task(call.ask(Question((("ask/one",),), Expects.YES_NO, choices="12")))
    await ring.asterisk.plays("ask/one")
    ring.asterisk.press("2")
    assert await asking == Answer(Ending.ANSWER, "2")
    call.note(ReadingJudged(Zone.T1, Verdict.ACCEPTED))
    assert ring.journal.steps == [
        (1, PromptBegan("ask/one")),
        (2, YesOrNoPressed(TurnEnd.ANSWER, "2")),
        (3, ReadingJudged(Zone.T1, Verdict.ACCEPTED)),
    ]
    await call.close()


async def test_the_dialplan_learns_where_the_call_goes_and_whose_it_is(ring: Ring) -> None:
    call = await ring.begin()
    call.identified(Account(7, "0012345678", "Центр", "Ленина", "5", "12"))
    call.in_danger()
    call.reported(Trouble.DANGER, "1007")
    known = Outage(3, Kind.EMERGENCY, State.OPEN, Place("Центр"), Cause.CABLE, NOON)
    call.told_of(known, "cable no-end")
    await call.hand_back(Next.HOTLINE, queue="hotline")
    assert ring.journal.accounts == [(call.id, 7)]
    assert ring.asterisk.variables == {
        "IVR_CALL": call.id,
        "IVR_QUEUE": "hotline",
        "IVR_ACCOUNT": "0012345678",
        "IVR_CONFIRMED": "yes",
        "IVR_DISTRICT": "Центр",
        "IVR_ADDRESS": "Ленина, 5, 12",
        "IVR_WHERE": r"District: Центр,Address: Ленина\, 5\, 12",
        "IVR_DANGER": "yes",
        "IVR_TROUBLE": "danger",
        "IVR_REPORT": "1007",
        "IVR_OUTAGE": "3",
        "IVR_TOLD": "cable no-end",
        "IVR_NEXT": "hotline",
    }
    await call.close()
    await ring.asterisk.closed()


async def test_whose_number_calls_is_told_as_not_confirmed_and_taken_back_if_denied(ring: Ring) -> None:
    call = await ring.begin()
    call.about(Account(7, "0012345678", "Центр", "Ленина", "5", "12"))
    await call.hand_back(Next.HOTLINE)
    assert ring.asterisk.variables["IVR_CONFIRMED"] == "no"
    assert ring.asterisk.variables["IVR_ACCOUNT"] == "0012345678"
    assert ring.journal.accounts == []
    await call.close()
    await ring.asterisk.closed()


async def test_a_denied_account_is_not_told(ring: Ring) -> None:
    call = await ring.begin()
    call.about(Account(7, "0012345678", "Центр", "Ленина", "5", "12"))
    call.about(None)
    await call.hand_back(Next.HOTLINE)
    assert ring.asterisk.variables == {"IVR_CALL": call.id, "IVR_NEXT": "hotline"}
    await call.close()
    await ring.asterisk.closed()


@pytest.mark.parametrize(
    ("district", "told"), [("a\nHANGUP", "a HANGUP"), ("a\r\n\0b", "a   b"), ("я" * 2000, "я" * 200)]
)
async def test_no_district_keeps_a_caller_from_the_hotline(ring: Ring, district: str, told: str) -> None:
    call = await ring.begin()
    call.identified(Account(7, "0012345678", district=district))
    await call.hand_back(Next.HOTLINE)
    assert ring.asterisk.variables["IVR_DISTRICT"] == told
    assert ring.asterisk.variables["IVR_NEXT"] == "hotline"
    await call.close()


@pytest.mark.parametrize("end", [HungUp, SessionBroken])
async def test_a_call_that_does_not_begin_leaves_nothing_open(ring: Ring, end: type[Exception]) -> None:
    heard, spoken = os.pipe()
    if end is HungUp:
        ring.asterisk.hang_up()
    else:
        ring.asterisk.send("nonsense")
    with pytest.raises(end):
        await ring.begin(heard)
    with pytest.raises(BrokenPipeError):
        os.write(spoken, b"x")
    os.close(spoken)
    with pytest.raises(HungUp):
        await ring.session.run("NOOP")
    assert ring.journal.calls == []  # or nobody would close it there


async def test_a_call_cancelled_as_it_begins_leaves_nothing_open(ring: Ring) -> None:
    heard, spoken = os.pipe()
    beginning = asyncio.create_task(ring.begin(heard))
    await asyncio.sleep(0)
    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning
    await ring.asterisk.closed()
    with pytest.raises(BrokenPipeError):
        os.write(spoken, b"x")
    os.close(spoken)
    assert ring.journal.calls == []
