"""The queue by itself, without the daemon: place, keys, danger, hours, and people who come and go by *60 and *61."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ivr.config import REPOSITORY
from ivr.testbed.lab.lab import Lab
from tests.lab.phone import HEARS_S, calling, exchange, global_variable, nobody_answers, telephone
from tests.lab.queueing import hotline_with, queued, waiting
from tests.waiting import until

PIN = "0471"
MEMBER = "ivr-members/101"


@asynccontextmanager
async def member(lab: Lab, pin: str = PIN, **more: str) -> AsyncIterator[None]:
    """The telephone 101 belongs to somebody who may work for the hotline."""
    for key, value in {"pin": pin, "interface": "Local/anna@lab-agent/n", **more}.items():
        lab.command(f"database put {MEMBER} {key} {value}")
    try:
        yield
    finally:
        lab.command(f"database deltree {MEMBER}")
        lab.command("queue remove member Local/anna@lab-agent/n from hotline")


async def test_the_first_is_not_held_up_and_the_second_hears_the_place(lab: Lab) -> None:
    async with nobody_answers(lab), calling(lab) as first:
        await queued(first)  # while the greeting plays: a second call takes longer than that on a busy machine
        assert first.heard == ["fixed/greeting", "fixed/hotline-connecting"]
        async with calling(lab) as second:
            await queued(second)
            assert "fixed/queue-place" in second.heard
            assert waiting(lab) == [first.line, second.line]


async def test_key_two_tells_the_place_and_keeps_it(lab: Lab) -> None:
    async with nobody_answers(lab), calling(lab) as first, calling(lab) as second, calling(lab) as third:
        for phone in (first, second, third):
            await queued(phone)
        await second.presses("2")
        await second.hears("fixed/queue-place")
        await second.sees("QueueCallerJoin", Position="2")
        assert waiting(lab) == [first.line, second.line, third.line]
        await first.presses("2")
        await first.hears("fixed/queue-next")
        await first.sees("QueueCallerJoin", Position="1")


async def test_without_the_daemon_nobody_is_owed_a_call_and_the_place_is_kept(lab: Lab) -> None:
    async with nobody_answers(lab), calling(lab) as first, calling(lab) as second:
        await queued(first)
        await queued(second)
        await first.presses("1")
        await first.hears("fixed/callback-impossible")
        await first.sees("QueueCallerJoin", Position="1")
        assert waiting(lab) == [first.line, second.line]


async def test_a_closed_queue_takes_a_message(lab: Lab) -> None:
    async with global_variable(lab, "IVR_HOURS", "00:00-00:00,*,29,feb"), calling(lab) as phone:
        await phone.hears("fixed/greeting")
        await phone.presses("0")
        await phone.hears_next("fixed/hotline-connecting", "fixed/closed", "fixed/leave-message")


async def test_the_longest_wait_counts_through_the_keys(lab: Lab) -> None:
    async with nobody_answers(lab), calling(lab) as phone, exchange(lab) as ami:
        await queued(phone)
        limit = int((await ami.action("Getvar", Variable="IVR_QUEUE_SECONDS"))["Value"])
        entered = {"Channel": phone.line, "Variable": "IVR_ENTERED"}
        now = int((await ami.action("Getvar", **entered))["Value"])
        await ami.action("Setvar", **entered, Value=str(now - limit + 8))  # eight seconds are left
        await phone.presses("2")
        await phone.hears("fixed/queue-next")
        left = await phone.sees("VarSet", Variable="IVR_LEFT")
        assert int(left["Value"]) < 8, "the announcement takes longer than a second"
        await phone.hears("fixed/leave-message")


async def test_who_waits_is_offered_a_call_back(lab: Lab) -> None:
    offers = lab.folder / "log" / "offers.log"
    lab.command(f"logger add channel {offers} verbose(3)")
    try:
        with hotline_with(lab, "periodic-announce-frequency = 1"):
            async with nobody_answers(lab), calling(lab) as first, calling(lab) as second:
                await queued(first)
                await queued(second)
                offered = re.compile(rf"<{second.line}> Playing '\S*fixed/queue-offer")
                await until(lambda: bool(offered.search(offers.read_text(encoding="utf-8"))))
    finally:
        lab.command(f"logger remove channel {offers}")


def test_a_call_back_is_offered_from_the_30th_second_on_and_each_30_s() -> None:
    shipped = (REPOSITORY / "dialplan" / "queues.example.conf").read_text(encoding="utf-8")
    lab = (REPOSITORY / "ivr" / "testbed" / "lab" / "templates" / "queues.conf").read_text(encoding="utf-8")
    for text in (shipped, lab):
        assert re.findall(r"(?m)^;?periodic-announce-frequency *= *(\d+)$", text) == ["30", "30"]


async def test_who_begins_and_ends_work_by_telephone(lab: Lab) -> None:
    async with member(lab), telephone(lab, "*60", "ivr-members", "101") as anna:
        await anna.hears("fixed/member-pin")
        await anna.presses(f"{PIN}#")
        await anna.hears_next("fixed/member-in")
        assert "Local/anna@lab-agent/n" in lab.command("queue show hotline")
        async with telephone(lab, "*61", "ivr-members", "101") as again:
            await again.hears("fixed/member-pin")
            await again.presses(f"{PIN}#")
            await again.hears_next("fixed/member-out")
        assert "Local/anna@lab-agent/n" not in lab.command("queue show hotline")


@pytest.mark.parametrize("pin", ["471", "04710", ""])
async def test_a_wrong_pin_opens_nothing(lab: Lab, pin: str) -> None:
    async with member(lab), telephone(lab, "*60", "ivr-members", "101") as anna:
        await anna.hears("fixed/member-pin")
        await anna.presses(f"{pin}#")
        await anna.hears_next("fixed/member-wrong", "fixed/member-pin")
        assert "Local/anna@lab-agent/n" not in lab.command("queue show hotline")


async def test_a_telephone_that_is_nobodys_opens_nothing(lab: Lab) -> None:
    async with telephone(lab, "*60", "ivr-members", "102") as stranger:
        await stranger.hears("fixed/member-pin")
        await stranger.presses("#")
        await stranger.hears_next("fixed/member-wrong")


async def test_five_wrong_pins_lock_a_telephone_out(lab: Lab) -> None:
    async with member(lab, failures="4"), telephone(lab, "*60", "ivr-members", "101") as anna:
        await anna.hears("fixed/member-pin")
        await anna.presses("9#")
        await anna.hears_next("fixed/member-wrong", "fixed/member-pin")
        await anna.presses(f"{PIN}#")
        await anna.hears_next("fixed/member-wrong")
        assert "Local/anna@lab-agent/n" not in lab.command("queue show hotline")


async def test_the_manager_never_sees_a_pin(lab: Lab) -> None:
    async with member(lab), exchange(lab) as ami:
        with ami.events("VarSet") as events:
            async with telephone(lab, "*60", "ivr-members", "101") as anna:
                await anna.hears("fixed/member-pin")
                await anna.presses(f"{PIN}#")
                await anna.hears("fixed/member-in")
            seen = [await events.next(HEARS_S)]
            while (seen[-1]["Variable"], seen[-1]["Value"]) != ("IVR_PROMPT", "fixed/member-in"):
                seen.append(await events.next(HEARS_S))
    assert PIN not in {event["Value"] for event in seen}
