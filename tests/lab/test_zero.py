"""The key 0 in a queue: from the operators' to the hotline's, where it does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ivr.hotline.queue_board import QueueBoard
from ivr.telephony.manager.ami import connected
from ivr.testbed.lab.lab import Lab
from tests.lab.boards import following
from tests.lab.phone import HEARS_S, Phone, calling, exchange, global_variable, nobody_answers, waiting_callers
from tests.lab.programs import goes_on
from tests.lab.queueing import hotline_with, order
from tests.waiting import until


@asynccontextmanager
async def in_operators_queue(lab: Lab, **variables: str) -> AsyncIterator[Phone]:
    """A caller whom the daemon sent to the operators, where nobody answers."""
    launcher = global_variable(lab, "IVR_LAUNCHER", goes_on(lab, "operator"))
    async with nobody_answers(lab), launcher, calling(lab) as phone:
        async with exchange(lab) as ami:
            for variable, value in variables.items():
                await ami.action("Setvar", Channel=phone.line, Variable=variable, Value=value)
        await phone.presses("#")
        await phone.sees("QueueCallerJoin", Queue="operator")
        yield phone


async def test_zero_leads_from_the_operators_queue_to_the_end_of_the_hotlines(lab: Lab) -> None:
    board, state = QueueBoard(), lab.state
    assert state is not None
    program_of_operators = connected(state.ami_port, "ivr-screen", state.ami_secret)
    async with following(lab, board), waiting_callers(lab, 1) as others, program_of_operators as ami:
        with ami.events("UserEvent") as screen:
            async with in_operators_queue(lab) as phone:
                assert (await screen.next(HEARS_S))["Queue"] == "operator"
                await until(lambda: len(board.queue("operator").waiting) == 1)
                await phone.presses("0")
                await phone.hears_next("fixed/hotline-connecting", "fixed/queue-place")
                shown = await screen.next(HEARS_S)
                assert (shown["UserEvent"], shown["Queue"], shown["Channel"]) == ("IvrCall", "hotline", phone.line)
                await phone.sees("QueueCallerJoin", Queue="hotline")
                await order(lab, *others, phone)
                await until(lambda: not board.queue("operator").waiting)
                await until(lambda: len(board.queue("hotline").waiting) == 2)


async def test_who_was_rung_back_to_the_operators_is_an_ordinary_caller_of_the_hotline(lab: Lab) -> None:
    async with (
        waiting_callers(lab, 1) as others,
        in_operators_queue(lab, IVR_PROMISE="a-promise", QUEUE_PRIO="5") as returned,
    ):
        await returned.presses("0")
        await returned.sees("QueueCallerJoin", Queue="hotline")
        await order(lab, *others, returned)


async def test_who_is_in_danger_is_so_in_the_hotlines_queue_too(lab: Lab) -> None:
    async with waiting_callers(lab, 1) as others, in_operators_queue(lab, IVR_DANGER="yes") as danger:
        await danger.presses("0")
        await danger.sees("QueueCallerJoin", Queue="hotline")
        await order(lab, danger, *others)


async def test_the_limit_of_the_wait_begins_anew_in_the_hotlines_queue(lab: Lab) -> None:
    async with global_variable(lab, "IVR_QUEUE_SECONDS", "400"), in_operators_queue(lab) as phone:
        async with exchange(lab) as ami:
            await ami.action("Setvar", Channel=phone.line, Variable="IVR_SINCE", Value="1")  # for half a century
        await phone.presses("0")
        left = await phone.sees("VarSet", Variable="IVR_LEFT")
        assert int(left["Value"]) > 300
        await phone.sees("QueueCallerJoin", Queue="hotline")


async def test_zero_changes_nothing_in_the_hotlines_queue(lab: Lab) -> None:
    async with waiting_callers(lab, 2) as (first, second), exchange(lab) as ami:
        with ami.events("VarSet", "QueueCallerLeave") as events:
            await first.presses("02")
            left = 0
            while (event := await events.next(HEARS_S))["Value"] != "fixed/queue-next":
                left += event.name == "QueueCallerLeave"
        assert left == 1, "for the place that they asked for"
        await first.sees("QueueCallerJoin", Queue="hotline")
        await order(lab, first, second)


async def test_zero_costs_no_place_where_the_hotlines_queue_has_the_keys_of_all_queues(lab: Lab) -> None:
    # As before queues.conf was changed: the keys of the other queues.
    with hotline_with(lab, "context=ivr-queue-keys"):
        async with waiting_callers(lab, 2) as (first, second):
            await first.presses("0")
            await first.sees("QueueCallerJoin", Queue="hotline")
            await order(lab, first, second)
            assert first.heard == ["fixed/greeting", "fixed/hotline-connecting"]
