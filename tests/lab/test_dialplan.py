"""The dialplan by itself, without the daemon: every way ends with a person, a kept message or a goodbye."""

from __future__ import annotations

import asyncio
import re
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ivr.config import REPOSITORY
from ivr.testbed.lab.lab import Lab
from tests.lab.messages import half_a_second_recorded
from tests.lab.phone import CALLER, Phone, calling, exchange, global_variable
from tests.lab.programs import goes_on, program
from tests.lab.queueing import nobody_at_work

DIALPLAN = REPOSITORY / "dialplan" / "extensions-ivr.conf"


async def test_zero_in_the_greeting_reaches_the_hotline_with_no_daemon(lab: Lab) -> None:
    async with calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("0")
        await phone.joins("hotline")
        assert phone.heard == ["fixed/greeting", "fixed/hotline-connecting"]


async def test_another_key_in_the_greeting_is_left_for_the_daemon(lab: Lab) -> None:
    async with calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("5")
        await phone.sees("VarSet", Variable="IVR_KEYS", Value="5")
        await phone.sees("VarSet", Variable="AGISTATUS")


async def test_nobody_presses_a_key_while_the_daemon_is_down(lab: Lab) -> None:
    async with calling(lab) as phone:
        await phone.joins("hotline")
        assert phone.heard == ["fixed/greeting", "fixed/fallback", "fixed/fallback", "fixed/hotline-connecting"]


async def test_a_full_menu_is_told_once_without_a_launcher(lab: Lab) -> None:
    async with global_variable(lab, "IVR_CALLS", "0"), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("#")
        await phone.joins("hotline")
        assert phone.heard == ["fixed/greeting", "fixed/fallback", "fixed/hotline-connecting"]
        assert "AGISTATUS" not in lab.command(f"core show channel {phone.line}")


async def test_a_full_menu_tells_of_a_large_outage_while_that_is_news(lab: Lab) -> None:
    soon = str(round(time.time()) + 600)
    async with global_variable(lab, "IVR_CALLS", "0"), global_variable(lab, "IVR_NOTICE_UNTIL", soon):
        async with calling(lab) as phone:
            await phone.hears("fixed/greeting")
            await phone.presses("#")
            await phone.joins("hotline")
            assert phone.heard == [
                "fixed/greeting",
                "fixed/outage-notice",
                "fixed/fallback",
                "fixed/hotline-connecting",
            ]
        async with calling(lab) as phone:
            await phone.hears("fixed/greeting")
            await phone.presses("#")
            await phone.hears("fixed/outage-notice")
            await phone.presses("0")
            await phone.hears_next("fixed/hotline-connecting")
        async with global_variable(lab, "IVR_NOTICE_UNTIL", str(int(time.time()) - 1)), calling(lab) as phone:
            await phone.hears("fixed/greeting")
            await phone.presses("#")
            await phone.hears_next("fixed/fallback")


async def test_zero_in_the_fallback_reaches_the_hotline(lab: Lab) -> None:
    async with calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("#")
        await phone.hears("fixed/fallback")
        await phone.presses("0")
        await phone.joins("hotline")


@pytest.mark.parametrize("launcher", ["/bin/false", "/nonexistent/launcher"])
async def test_a_launcher_that_fails_ends_in_the_fallback(lab: Lab, launcher: str) -> None:
    async with global_variable(lab, "IVR_LAUNCHER", launcher), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("#")
        await phone.hears_next("fixed/fallback")


async def test_a_daemon_that_dies_in_the_middle_ends_in_the_fallback(lab: Lab) -> None:
    async with global_variable(lab, "IVR_LAUNCHER", program(lab, "dies", "exit 0")), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("#")
        await phone.sees("VarSet", Variable="AGISTATUS", Value="SUCCESS")
        await phone.hears_next("fixed/fallback")


@asynccontextmanager
async def leaving_a_message(lab: Lab) -> AsyncIterator[tuple[Phone, Path, int]]:
    """A call that the daemon sent to leave a message, half a second into it; phone, file and number of the message."""
    state = lab.state
    assert state is not None
    before = set(state.messages.iterdir())
    launcher = global_variable(lab, "IVR_LAUNCHER", goes_on(lab, "message"))
    async with launcher, calling(lab, hums=True) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("#")
        await phone.hears_next("fixed/message")
        number = int((await phone.sees("VarSet", Variable="IVR_MESSAGE"))["Value"])
        yield phone, await asyncio.to_thread(half_a_second_recorded, state.messages, before), number


def seconds(place: Path) -> float:
    """Length of a finished recording."""
    with wave.open(str(place)) as sound:
        return sound.getnframes() / sound.getframerate()


@pytest.mark.parametrize("queue", ["hotline", "operator"])
async def test_the_daemon_hands_over_to_people(lab: Lab, queue: str) -> None:
    async with global_variable(lab, "IVR_LAUNCHER", goes_on(lab, queue)), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("#")
        await phone.joins(queue)
        assert phone.heard == ["fixed/greeting"]  # the daemon has announced the transfer itself


async def test_the_daemon_has_said_goodbye(lab: Lab) -> None:
    async with global_variable(lab, "IVR_LAUNCHER", goes_on(lab, "hangup")), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("#")
        await phone.sees("Hangup")
        assert phone.heard == ["fixed/greeting"]


async def test_a_call_of_half_an_hour_ends_with_a_person(lab: Lab) -> None:
    async with exchange(lab) as ami, calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await ami.action("AbsoluteTimeout", Channel=phone.line, Timeout="1")
        await phone.joins("hotline")


async def test_a_caller_who_hangs_up_in_the_greeting_is_gone(lab: Lab) -> None:
    async with calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.hangs_up()
        assert phone.line not in lab.command("core show channels concise")


@pytest.mark.parametrize("number", ["5", "+78001234567", "help"])
async def test_whatever_is_dialled_is_answered(lab: Lab, number: str) -> None:
    async with calling(lab, number=number) as phone:
        await phone.hears_next("fixed/greeting")


async def test_nobody_at_the_hotline_and_the_caller_may_leave_a_message(lab: Lab) -> None:
    async with nobody_at_work(lab), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("0")
        await phone.hears_next("fixed/hotline-connecting", "fixed/leave-message")


async def test_messages_are_kept_however_they_end_each_under_its_number(lab: Lab) -> None:
    async with leaving_a_message(lab) as (phone, hung_up, first):
        await phone.hangs_up()
    async with leaving_a_message(lab) as (phone, ended, second):
        await phone.presses("#")
        await phone.hears_next("fixed/message-saved", "fixed/message-number", "fixed/goodbye")
        await phone.sees("Hangup")
    assert second == first + 1 > 1001
    for message, number in ((hung_up, first), (ended, second)):
        assert seconds(message) > 0.4
        assert message.name.startswith(f"{number}-")
        kept = lab.command(f"database get ivr-messages {number}")
        assert re.search(rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d \{CALLER}", kept)


@asynccontextmanager
async def no_message_can_be_kept(lab: Lab) -> AsyncIterator[None]:
    """The disk is full, or somebody took the right to write, for the length of a block."""
    async with global_variable(lab, "IVR_MESSAGES", "/dev/null"):
        yield


async def test_who_chose_a_message_that_cannot_be_kept_is_led_to_a_person(lab: Lab) -> None:
    launcher = global_variable(lab, "IVR_LAUNCHER", goes_on(lab, "message"))
    async with launcher, no_message_can_be_kept(lab), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("#")
        await phone.joins("hotline")
        assert phone.heard == ["fixed/greeting", "fixed/message", "fixed/hotline-connecting"]


async def test_a_message_that_cannot_be_kept_is_not_promised(lab: Lab) -> None:
    launcher = global_variable(lab, "IVR_LAUNCHER", goes_on(lab, "message"))
    async with launcher, no_message_can_be_kept(lab), nobody_at_work(lab), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("#")
        await phone.hears_next("fixed/message", "fixed/hotline-connecting", "fixed/message-not-saved", "fixed/goodbye")
        await phone.sees("Hangup")


async def test_a_message_of_who_found_nobody_is_not_promised_either(lab: Lab) -> None:
    async with no_message_can_be_kept(lab), nobody_at_work(lab), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("0")
        await phone.hears_next("fixed/hotline-connecting", "fixed/leave-message", "fixed/message-not-saved")
        await phone.hears_next("fixed/goodbye")
        await phone.sees("Hangup")


def test_every_fixed_sound_is_published() -> None:
    named = set(re.findall(r"fixed/[a-z-]*[a-z]\b(?!-\$)", DIALPLAN.read_text(encoding="utf-8")))
    published = {f"fixed/{sound.stem}" for sound in (REPOSITORY / "prompts" / "ru" / "fixed").glob("*.wav")}
    assert named <= published
