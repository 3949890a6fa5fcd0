"""How a wait in the queue ends: people who drop, refuse or talk, callers who give up, no room, nobody there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivr.testbed.lab.lab import Lab
from tests.lab.phone import calling, global_variable, nobody_answers, waiting_callers
from tests.lab.queueing import agents, does, hotline_with, queued, stops_ringing

TALKS_S = "8"  # longer than the five seconds in which who hangs up has spoken with nobody


async def test_who_is_dropped_at_once_comes_back_to_the_front(lab: Lab) -> None:
    async with waiting_callers(lab, 3) as (first, *_):
        before = lab.command("queue show hotline").count("wait:")
        await does(lab, "drops-once")
        await stops_ringing(lab)
        await first.sees("AgentConnect")
        await first.hears("fixed/dropped")
        await first.sees("QueueCallerJoin", Queue="hotline", Position="1")
        assert before == 3
        assert lab.command("queue show hotline").count("wait:") >= 2


async def test_who_is_dropped_again_and_again_may_leave_a_message(lab: Lab) -> None:
    async with agents(lab, "drops"), calling(lab) as phone:
        await queued(phone)
        for _ in range(3):
            await phone.sees("AgentConnect")
            await phone.hears_next("fixed/dropped")
        await phone.sees("AgentConnect")
        await phone.hears_next("fixed/leave-message")


async def test_a_person_who_refuses_is_passed_over_and_the_caller_waits_on(lab: Lab) -> None:
    async with agents(lab, "rejects"), calling(lab) as phone:
        await queued(phone)
        await phone.sees("AgentCalled")
        await phone.sees("AgentCalled")
        assert phone.line in lab.command("queue show hotline")
        await does(lab, "")
        await phone.sees("AgentConnect")
        assert "fixed/dropped" not in phone.heard


async def test_a_conversation_that_is_over_ends_the_call(lab: Lab) -> None:
    async with global_variable(lab, "LAB_TALKS", TALKS_S), calling(lab) as phone:
        await phone.presses("0")
        await phone.joins("hotline")
        await phone.sees("Hangup")
        assert phone.heard[-1] == "fixed/hotline-connecting"


async def test_who_hangs_up_in_the_queue_is_gone_from_it(lab: Lab) -> None:
    async with nobody_answers(lab), calling(lab) as phone:
        await queued(phone)
        await phone.hangs_up()
        assert phone.line not in lab.command("queue show hotline")


async def test_a_full_queue_takes_a_message(lab: Lab) -> None:
    with hotline_with(lab, "maxlen=1"):
        async with waiting_callers(lab, 1), calling(lab, "+79169999999") as phone:
            await phone.presses("0")
            await phone.hears("fixed/leave-message")
            assert phone.heard[:2] == ["fixed/greeting", "fixed/hotline-connecting"]


@asynccontextmanager
async def closed(lab: Lab) -> AsyncIterator[None]:
    async with global_variable(lab, "IVR_HOURS", "00:00-00:00,*,29,feb"):
        yield


async def test_another_number_is_told_before_a_message_is_asked_for(lab: Lab) -> None:
    async with global_variable(lab, "IVR_OTHER_PHONE", "8-800-200-00-00"), closed(lab), calling(lab) as phone:
        await phone.presses("0")
        await phone.hears("fixed/closed")
        await phone.hears_next("fixed/other-phone", "fixed/leave-message")
