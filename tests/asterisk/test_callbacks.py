"""Call-backs, on the real Asterisk: made in the queue, kept once. What fails: test_callback_faults.py."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import select

from ivr.storage import tables
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.callbacks import (
    CALLER,
    called,
    forgotten,
    heard,
    kept,
    owed,
    presses,
    rung,
    standing,
    states,
    variable,
)
from tests.lab.phone import calling, global_variable, nobody_answers
from tests.waiting import until


@pytest.fixture(scope="module")
def running(lab: Lab) -> Iterator[System]:
    with standing(lab, callbacks={"caller_id": "+74951234567"}) as system:
        yield system


@pytest.fixture
async def system(running: System) -> AsyncIterator[System]:
    """The daemon of the module; nobody is promised a call."""
    yield running
    await forgotten(running)


async def test_who_presses_one_in_the_queue_is_rung_back_once_and_first_in_it(lab: Lab, system: System) -> None:
    async with called(lab, "confirms"), nobody_answers(lab), rung(lab) as numbers:
        async with calling(lab, CALLER) as phone:
            await phone.presses("0")
            await phone.sees("QueueCallerJoin", Queue="hotline")
            await phone.presses("1")
            await phone.hears("fixed/callback-promised")
            await phone.sees("Hangup")
        await until(lambda: states(system) == [("done", "confirmed")])
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        await until(lambda: numbers == [CALLER])
        calls = lab.command("core show channels concise").splitlines()
        (returned,) = (call for call in calls if call.split("!")[5] == "Queue")
        assert returned.split("!")[7] == CALLER, "who takes the call, and a second wish, need the caller's number"
    assert kept(system) == [(CALLER, "done", "confirmed", 1)]


@pytest.mark.parametrize("caller", ["+18005550100", "+78095550100"])
async def test_a_number_that_may_not_be_rung_is_owed_nothing(lab: Lab, system: System, caller: str) -> None:
    async with nobody_answers(lab), calling(lab, caller) as phone:
        await phone.presses("0")
        await phone.sees("QueueCallerJoin", Queue="hotline")
        await phone.presses("1")
        await phone.hears("fixed/callback-impossible")
        await phone.sees("QueueCallerJoin", Queue="hotline", Position="1")
    assert kept(system) == []


async def test_a_database_that_is_locked_is_told_and_nobody_is_owed_a_call(lab: Lab, system: System) -> None:
    lock = sqlite3.connect(system.folder / "ivr.db", isolation_level=None)
    async with called(lab, "confirms"), nobody_answers(lab), calling(lab, CALLER) as phone:
        await phone.presses("0")
        await phone.sees("QueueCallerJoin", Queue="hotline")
        lock.execute("BEGIN IMMEDIATE")
        await phone.presses("1")
        await phone.hears("fixed/callback-impossible")
        await phone.sees("QueueCallerJoin", Queue="hotline", Position="1")
        lock.execute("ROLLBACK")
        lock.close()
        await phone.presses("1")
        await phone.hears("fixed/callback-promised")
    assert len(kept(system)) == 1, "the wish that was refused was not stored afterwards"


@pytest.mark.parametrize(("does", "reason"), [("busy", "busy"), ("", "failed")])
async def test_who_cannot_be_reached_is_tried_again_and_then_given_up(
    lab: Lab, system: System, does: str, reason: str
) -> None:
    async with called(lab, does), rung(lab) as numbers:
        owed(system, CALLER)
        await until(lambda: states(system) == [("given-up", reason)])
        await until(lambda: numbers == [CALLER] * 3)
    assert kept(system) == [(CALLER, "given-up", reason, 3)]


async def test_who_needs_it_no_more_is_not_rung_again(lab: Lab, system: System) -> None:
    async with called(lab, "declines"):
        owed(system, CALLER)
        await until(lambda: states(system) == [("given-up", "declined")])


async def test_zero_is_a_yes_of_who_is_rung_back(lab: Lab, system: System) -> None:
    async with called(lab, "person"), nobody_answers(lab), heard(lab) as prompts, rung(lab) as numbers:
        owed(system, CALLER)
        await until(lambda: states(system) == [("done", "confirmed")])
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        await until(lambda: len(prompts.get(CALLER, [])) >= 2)  # events come by another way than what the queue shows
        assert (numbers, prompts) == ([CALLER], {CALLER: ["fixed/callback-hello", "fixed/hotline-connecting"]})


async def test_a_machine_that_answers_is_not_put_through(lab: Lab, system: System) -> None:
    async with called(lab, "silent"):
        owed(system, CALLER)
        await until(lambda: [reason for _, reason in states(system)] == ["silent"])
        assert "lab-called" not in lab.command("queue show hotline")


@pytest.mark.parametrize(("priority", "place"), [(0, "5"), (10, "15")])
async def test_who_asks_again_keeps_their_place_and_climbs_no_higher(
    lab: Lab, system: System, priority: int, place: str
) -> None:
    """Nor is their first wait, of twenty minutes, counted against the longest one of this call."""
    async with (
        called(lab, "confirms"),
        nobody_answers(lab),
        global_variable(lab, "IVR_QUEUE_SECONDS", "900"),
        rung(lab) as numbers,
    ):
        owed(system, CALLER, priority=priority, minutes=20)
        for times in (1, 2):
            await until(lambda: "lab-called" in lab.command("queue show hotline") and len(numbers) == times)  # noqa: B023
            assert await variable(lab, "QUEUE_PRIO") == place, "behind danger, before all others"
            if times < 2:
                await presses(lab, "1")
                await until(lambda: states(system)[times:] != [])  # noqa: B023
        await until(lambda: states(system) == [("done", "confirmed")] * 2)
    seen = waited(system)
    assert [seconds for seconds, _ in seen] == [seen[0][0]] * 2, "who waits since then comes first again"
    assert [stored for _, stored in seen] == [priority] * 2


def waited(system: System) -> list[tuple[int, int]]:
    """Since when everybody waits who was promised a call, seconds since 1970, and their priority."""
    database = system.open_database()
    callbacks = tables.of(tables.Callback)
    with database.reading() as connection:
        rows = connection.execute(select(callbacks.c.joined_at, callbacks.c.priority).order_by(callbacks.c.id))
        found = [(int(joined_at.timestamp()), priority) for joined_at, priority in rows]
    database.close()
    return found


async def test_not_all_are_rung_back_to_wait_for_the_only_person(lab: Lab, system: System) -> None:
    """One talk of an hour, and everybody promised a call would hear music again."""
    waits, danger = "+79160000001", "+79160000002"
    async with called(lab, "confirms"), nobody_answers(lab), rung(lab) as numbers:
        owed(system, CALLER, minutes=20)
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        owed(system, waits, minutes=19)
        owed(system, danger, priority=10)
        await until(lambda: (danger, "done", "confirmed", 1) in kept(system))
        await until(lambda: lab.command("queue show hotline").count("lab-called") == 2)
        owed(system, "+79160000003", queue="operator")  # rung after the queue hotline was looked at
        await until(lambda: ("+79160000003", "done", "confirmed", 1) in kept(system))
        await until(lambda: numbers == [CALLER, danger, "+79160000003"])
        lab.command("channel request hangup all")
        await until(lambda: (waits, "done", "confirmed", 1) in kept(system))
