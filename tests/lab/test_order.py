"""Who goes first in the queue: the urgent in the order of their coming, and all others by their turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from ivr.testbed.lab.lab import Lab
from tests.lab.phone import Phone, calling, exchange, nobody_answers, waiting_callers
from tests.lab.queueing import does, order, stops_ringing, waiting
from tests.waiting import until


@asynccontextmanager
async def urgent(lab: Lab, variable: str, value: str) -> AsyncIterator[Phone]:
    """A caller who joins the queue with this variable set."""
    async with calling(lab) as phone, exchange(lab) as ami:
        await ami.action("Setvar", Channel=phone.line, Variable=variable, Value=value)
        await phone.presses("0")
        await phone.sees("QueueCallerJoin", Queue="hotline")
        yield phone


async def place_told(phone: Phone) -> str:
    """The place that the caller hears."""
    place: str = (await phone.sees("VarSet", Variable="IVR_PLACE"))["Value"]
    await phone.hears_next("fixed/queue-place")
    return place


async def test_danger_goes_before_who_was_rung_back_and_both_before_others_each_by_their_coming(lab: Lab) -> None:
    danger, rung_back = ("IVR_DANGER", "yes"), ("QUEUE_PRIO", "5")
    async with waiting_callers(lab, 2) as others, AsyncExitStack() as stack:
        first, in_danger, second, burning, third, shocked = [
            await stack.enter_async_context(urgent(lab, *how)) for how in (rung_back, danger) * 3
        ]
        for phone in (first, in_danger, second, burning, third, shocked):
            assert phone.heard[-1] == "fixed/hotline-connecting", "no place is told to the urgent"
        await order(lab, in_danger, burning, shocked, first, second, third, *others)


async def test_who_come_at_the_same_moment_hear_different_places_and_keep_them(lab: Lab) -> None:
    async with waiting_callers(lab, 1) as (first,), calling(lab) as one, calling(lab) as other, calling(lab) as third:
        phones = (one, other, third)
        for phone in phones:
            await phone.hears("fixed/greeting")
        await asyncio.gather(*(phone.presses("0") for phone in phones))
        places = await asyncio.gather(*(place_told(phone) for phone in phones))
        assert sorted(places) == ["2", "3", "4"]
        came = [phone for _, phone in sorted(zip(places, phones, strict=True), key=lambda pair: pair[0])]
        await order(lab, first, *came)


async def test_who_is_served_or_in_danger_meanwhile_changes_nobodys_turn(lab: Lab) -> None:
    async with waiting_callers(lab, 2) as (first, second), calling(lab) as third:
        await third.presses("0")
        await third.hears("fixed/queue-place")
        async with urgent(lab, "IVR_DANGER", "yes") as danger:
            await third.sees("QueueCallerJoin", Queue="hotline")
            await order(lab, danger, first, second, third)


async def test_who_hangs_up_while_a_place_is_told_is_counted_no_more(lab: Lab) -> None:
    async with waiting_callers(lab, 1) as (first,), calling(lab) as gone, calling(lab) as last:
        await gone.presses("0")
        assert await place_told(gone) == "2"
        await gone.hangs_up()
        await last.presses("0")
        assert await place_told(last) == "2"
        await order(lab, first, last)


@pytest.mark.parametrize(("key", "heard"), [("1", "fixed/callback-impossible"), ("2", "fixed/queue-place")])
async def test_who_comes_back_from_a_key_stands_before_all_who_came_later(lab: Lab, key: str, heard: str) -> None:
    async with waiting_callers(lab, 3) as (first, second, third):
        await second.presses(key)
        await second.hears(heard)
        await first.hangs_up()
        await second.sees("QueueCallerJoin", Queue="hotline")
        await order(lab, second, third)


async def test_who_asks_for_the_place_is_counted_by_who_comes_meanwhile(lab: Lab) -> None:
    async with waiting_callers(lab, 1) as (first,), calling(lab) as second:
        await first.presses("2")
        await first.hears("fixed/queue-next")
        await second.presses("0")
        assert await place_told(second) == "2"
        await order(lab, first, second)


async def test_who_is_in_danger_and_asks_for_the_place_keeps_it(lab: Lab) -> None:
    danger = {"variable": "IVR_DANGER", "value": "yes"}
    async with nobody_answers(lab), urgent(lab, **danger) as first, urgent(lab, **danger) as second:
        await first.presses("2")
        await first.hears("fixed/queue-next")
        await first.sees("QueueCallerJoin", Queue="hotline")
        await order(lab, first, second)


async def test_who_is_dropped_goes_to_the_front_of_their_equals(lab: Lab) -> None:
    danger = {"variable": "IVR_DANGER", "value": "yes"}
    async with waiting_callers(lab, 1) as others, urgent(lab, **danger) as first, urgent(lab, **danger) as second:
        await does(lab, "drops-once")
        await stops_ringing(lab)  # it rang for who is in no danger, and rings for the first now
        await first.sees("AgentConnect")
        await first.hears("fixed/dropped")
        await first.sees("QueueCallerJoin", Queue="hotline")
        await until(lambda: waiting(lab)[:1] == [first.line])
        assert waiting(lab)[-1] == others[0].line != second.line
