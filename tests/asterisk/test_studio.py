"""Recording prompts by telephone, on the real Asterisk: what is recorded, kept, published, and then heard."""

from __future__ import annotations

import asyncio
import audioop
import contextlib
import re
import tempfile
import wave
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from ivr.config import REPOSITORY
from ivr.domain.takes import How, Reason, Take, TakeState
from ivr.domain.users import Person, Role
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.prompts import studio_calls, takes
from ivr.storage.users import credentials
from ivr.storage.users import users as people
from ivr.studio.studio import Studio
from ivr.telephony.manager.studio_call import CannotRing, RangStudio, ring_to_record
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.scenario import parse
from ivr.testbed.robot.scripted_call import Result, Robot
from ivr.testbed.robot.system import System
from tests.asterisk.callbacks import forgotten
from tests.asterisk.conftest import ringing
from tests.asterisk.steps import Steps, patient, story
from tests.lab.phone import calling, global_variable
from tests.studio.likeness import likeness
from tests.waiting import until

STAFF, STRANGER = "+79165550000", "+79169999999"
PIN = "471108"
PROMPT = "identify/ask"
SAID = str(Path(__file__).parent / "wavs" / "account-is-needed.wav")
"""As said into a telephone, after three seconds."""


@pytest.fixture(scope="module")
def running(lab: Lab) -> Iterator[System]:
    with tempfile.TemporaryDirectory(prefix="system-", dir=REPOSITORY / "var") as name:
        folder = Path(name)
        lab.up()
        state = lab.state
        assert state is not None
        changes: dict[str, dict[str, Any]] = {
            "speech": {"model": "none"},
            "line": {"header_s": 30},
            "sounds": {"own": str(folder / "voices")},
            "studio": {
                "takes": str(folder / "takes"),
                "phones": [STAFF, "101"],
                "dial": "Local/{number}@lab-house-phone/n",
            },
            "ami": {"port": state.ami_port, "user": "ivr", "secret": state.ami_secret},
        }
        system = System(folder, lab, changes=changes)
        system.prepare()
        system.start_daemon()
        yield system
        system.kill_daemon()


@pytest.fixture
async def system(running: System) -> AsyncIterator[System]:
    """The studio with one person who may record, and nothing recorded."""
    with opened(running) as database:
        anna = people.add(database, "anna", Role.VOICE, None, "test", datetime.now(UTC))
        people.set_pin(database, anna.id, credentials.hashed(PIN), "test", datetime.now(UTC))
    yield running
    await forgotten(running)
    with opened(running) as database, database.writing() as connection:
        for table in (tables.Take, tables.StudioCall, tables.Audit, tables.User):
            connection.execute(delete(tables.of(table)))


@pytest.fixture
async def robot(system: System) -> AsyncIterator[Robot]:
    async with ringing(system) as robot:
        yield robot


@contextlib.contextmanager
def opened(system: System) -> Iterator[Database]:
    database = system.open_database()
    try:
        yield database
    finally:
        database.close()


def person(system: System) -> Person:
    with opened(system) as database:
        return people.find(database, "anna")


def number(system: System, prompt: str = PROMPT) -> int:
    with opened(system) as database:
        studio = Studio(system.settings, database)
        return studio.prompt(prompt).number


def recorded(system: System) -> list[Take]:
    with opened(system) as database:
        return takes.listed(database)


def audits(system: System) -> list[str]:
    audit = tables.of(tables.Audit)
    with opened(system) as database, database.reading() as connection:
        return list(connection.execute(select(audit.c.action).order_by(audit.c.id)).scalars())


def entering(system: System, pin: str = PIN) -> Steps:
    return [
        {"hears": "studio/user"},
        {"keys": f"{person(system).id}#"},
        {"hears": "studio/pin"},
        {"keys": f"{pin}#"},
    ]


def choosing(system: System) -> Steps:
    return [{"hears": "studio/number"}, {"keys": f"{number(system)}#"}, {"hears": "studio/menu"}]


async def ring(robot: Robot, steps: Steps, heard: list[str], caller: str = STAFF, code: str = "*77") -> Result:
    scenario = parse({"title": "the studio", "from": caller, "step": steps, "expect": {"heard": heard}}, Path("/"))
    result = await robot.ring(patient(scenario), code=code)
    assert not result.faults, story(result)
    return result


def samples(file: Path, channel: int | None = None) -> bytes:
    with wave.open(str(file), "rb") as sound:
        data = sound.readframes(sound.getnframes())
        assert sound.getframerate() == 8000
    return data if channel is None else audioop.tomono(data, 2, 1 - channel, channel)


async def test_what_is_recorded_and_published_by_phone_is_what_the_next_caller_hears(
    system: System, robot: Robot
) -> None:
    steps: Steps = [
        *entering(system),
        *choosing(system),
        {"keys": "1"},
        {"hears": "studio/record"},
        {"wav": SAID},
        {"keys": "#"},
        {"hears": "studio/as-heard", "timeout": 90},
        {"hears": "studio/menu-draft"},
        {"keys": "4"},
        {"hears": "studio/published"},
        {"hears": "studio/menu"},
        {"keys": "0"},
        {"hears": "studio/number"},
        {"keys": "0"},
        {"hears": "common/goodbye"},
    ]
    result = await ring(robot, steps, ["studio/record", "studio/checking", "studio/as-heard", "studio/published"])
    (take,) = recorded(system)
    assert (take.prompt_id, take.state, take.how, take.made_by) == (PROMPT, TakeState.PUBLISHED, How.PHONE, "anna")
    assert take.refusals == ()
    with opened(system) as database:
        studio = Studio(system.settings, database)
        with wave.open(str(studio.master(take.id)), "rb") as master:
            assert master.getframerate() == 16000
            assert master.getnframes() / 16000 > 1.0
        sound = samples(studio.preview_file(take.id))
    assert result.recording is not None
    assert likeness(samples(result.recording, 1), sound) > 0.95, "the preview is the processed take"
    shipped = samples(system.settings.sounds.shipped / f"{PROMPT}.wav")
    assert likeness(sound, shipped) < 0.9, "the two are told from each other"

    caller: Steps = [{"hears": PROMPT}, {"waits": 4}, {"hangs_up": True}]
    again = await ring(robot, caller, [PROMPT], code="7")
    assert again.recording is not None
    assert likeness(samples(again.recording, 1), sound) > 0.95
    assert list(system.settings.studio.calls.glob("*.wav16")) == []
    with opened(system) as database, database.reading() as connection:
        steps_ = tables.of(tables.CallStep)
        details = " ".join(connection.execute(select(steps_.c.detail)).scalars())
    for text in (details, system.log_file.read_text()):
        assert re.search(rf"(?<![\w.]){PIN}(?!\w)", text) is None  # ids and parts of a second may hold any digits


async def test_silence_is_refused_in_words_and_can_be_neither_heard_nor_published(system: System, robot: Robot) -> None:
    steps: Steps = [
        *entering(system),
        *choosing(system),
        {"keys": "1"},
        {"hears": "studio/record"},
        {"waits": 4},
        {"keys": "#"},
        {"hears": "studio/silence", "timeout": 90},
        {"hears": "studio/menu"},
        {"keys": "4"},
        {"hears": "studio/no-draft"},
        {"hangs_up": True},
    ]
    await ring(robot, steps, ["studio/silence", "studio/no-draft"])
    (take,) = recorded(system)
    assert take.state is TakeState.DRAFT
    assert [refusal.reason for refusal in take.refusals] == [Reason.SILENCE]


async def test_closing_the_entrance_ends_a_call_that_goes_on(system: System, robot: Robot) -> None:
    steps: Steps = [
        *entering(system),
        *choosing(system),
        {"keys": "1"},
        {"hears": "studio/record"},
        {"wav": SAID},
        {"keys": "#"},
        {"hears": "studio/wrong", "timeout": 60},
        {"hears": "common/goodbye"},
    ]

    async def close() -> None:
        """While they are asked for the prompt."""
        await until(lambda: "studio.call" in audits(system))
        with opened(system) as database:
            people.set_active(database, people.find(database, "anna").id, False, "test", datetime.now(UTC))

    closing = asyncio.create_task(close())
    await ring(robot, steps, ["studio/checking", "studio/wrong", "common/goodbye"])
    await closing
    assert recorded(system) == []
    assert list(system.settings.studio.calls.glob("*.wav16")) == []


async def test_hanging_up_while_recording_keeps_what_was_said_as_a_draft_that_the_next_call_publishes(
    system: System, robot: Robot
) -> None:
    steps: Steps = [
        *entering(system),
        *choosing(system),
        {"keys": "1"},
        {"hears": "studio/record"},
        {"wav": SAID},
        {"hangs_up": True},
    ]
    await ring(robot, steps, ["studio/record"])
    await until(lambda: bool(recorded(system)))
    (take,) = recorded(system)
    assert take.state is TakeState.DRAFT
    assert take.refusals == ()
    steps = [
        *entering(system),
        {"hears": "studio/number"},
        {"keys": f"{number(system)}#"},
        {"hears": "studio/draft"},
        {"hears": "studio/menu-draft"},
        {"keys": "4"},
        {"hears": "studio/published"},
        {"hangs_up": True},
    ]
    await ring(robot, steps, ["studio/draft", "studio/published"])
    assert [take.state for take in recorded(system)] == [TakeState.PUBLISHED]


async def test_wrong_pins_lock_the_person_out_and_sound_like_an_unknown_number(system: System, robot: Robot) -> None:
    wrong: Steps = [
        {"hears": "studio/user"},
        {"keys": f"{person(system).id}#"},
        {"hears": "studio/pin"},
        {"keys": "112233#"},
        {"hears": "studio/wrong"},
    ]
    end: Steps = [{"hears": "common/goodbye"}]
    await ring(robot, [*wrong * 3, *end], ["studio/wrong", "studio/wrong", "studio/wrong", "common/goodbye"])
    await ring(robot, [*wrong * 2, {"hangs_up": True}], ["studio/wrong"])
    locked = person(system).locked_until
    assert locked is not None
    assert "user.lock" in audits(system)
    # The right PIN is refused too, and an unknown person sounds the same.
    right = [*entering(system), {"hears": "studio/wrong"}]
    unknown = [
        {"hears": "studio/user"},
        {"keys": "999#"},
        {"hears": "studio/pin"},
        {"keys": f"{PIN}#"},
        {"hears": "studio/wrong"},
    ]
    await ring(robot, [*right, *unknown, {"hangs_up": True}], ["studio/wrong", "studio/wrong"])


async def test_a_telephone_that_is_not_listed_is_sent_away_before_any_pin(system: System, robot: Robot) -> None:
    result = await ring(
        robot, [{"hears": "studio/not-from-here"}], ["studio/not-from-here", "common/goodbye"], caller=STRANGER
    )
    assert "studio/user" not in result.heard


async def test_a_telephone_rung_from_the_pages_begins_at_the_prompt_without_a_pin_and_once_only(
    system: System, lab: Lab
) -> None:
    anna = person(system)
    with opened(system) as database:
        with pytest.raises(CannotRing):
            await ring_to_record(system.settings, database, anna, PROMPT, STRANGER)
        answered = await ring_to_record(system.settings, database, anna, PROMPT, "101")
        assert answered is RangStudio.ANSWERED
        steps, calls = tables.of(tables.CallStep), tables.of(tables.Call)

        def prompts() -> list[str]:
            with database.reading() as connection:
                return list(connection.execute(select(steps.c.prompt).order_by(steps.c.seq)).scalars())

        await until(lambda: "studio/menu" in prompts())
        begun = prompts()
        heard = [prompt for prompt in begun if prompt]
        assert heard[:2] == ["studio/prompt", "studio/text"]
        assert "studio/user" not in heard
        with database.reading() as connection:
            assert list(connection.execute(select(tables.of(tables.StudioCall).c.token)).scalars()) == []
            assert list(connection.execute(select(calls.c.called)).scalars()) == ["*77"]
        token = studio_calls.give_leave(database, anna.id, PROMPT, "101", datetime.now(UTC))
        assert studio_calls.take_leave(database, token, datetime.now(UTC)) is not None
        assert studio_calls.take_leave(database, token, datetime.now(UTC)) is None
        late = studio_calls.give_leave(database, anna.id, PROMPT, "101", datetime.now(UTC) - studio_calls.LEAVE)
        assert studio_calls.take_leave(database, late, datetime.now(UTC)) is None
    assert "studio.ring" in audits(system)
    lab.command("channel request hangup all")


async def test_a_dead_daemon_is_told_by_the_dialplan(lab: Lab) -> None:
    """Nobody answers at the socket that this global variable names."""
    async with (
        global_variable(lab, "IVR_SOCKET", lab.folder / "nobody.sock"),
        calling(lab, STAFF, "*775550001") as phone,
    ):
        await phone.hears("fixed/studio-away")
        await phone.sees("Hangup")
