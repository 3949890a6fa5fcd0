"""Promises to ring back, on the real Asterisk: made in the queue, kept once, through every fault."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.lab.lab import Lab
from ivr.robot.system import System
from ivr.storage import tables
from tests.asterisk.promises import (
    CALLER,
    called,
    does,
    heard,
    kept,
    lease_of,
    presses,
    promise,
    rung,
    system_of,
    two_daemons,
    variable,
)
from tests.lab.cable import cable
from tests.lab.phone import calling, exchange, global_variable, nobody_answers, telephone
from tests.waiting import until


@pytest.fixture
def system(lab: Lab) -> Iterator[System]:
    with system_of(lab, callbacks={"caller_id": "+74951234567"}) as system:
        yield system


def states(system: System) -> list[tuple[str, str]]:
    return [(state, reason) for _, state, reason, _ in kept(system)]


async def test_who_presses_one_in_the_queue_is_rung_back_once_and_first_in_it(lab: Lab, system: System) -> None:
    system.start_daemon()
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


async def test_who_waited_longer_comes_first_and_danger_before_all(lab: Lab, system: System) -> None:
    urgent = "+79161234568"
    system.start_daemon()
    async with called(lab, "confirms"), nobody_answers(lab), rung(lab) as numbers:
        async with calling(lab) as waits:
            await waits.presses("0")
            await waits.sees("QueueCallerJoin", Queue="hotline")
            promise(system, CALLER)
            promise(system, urgent, priority=10)
            await until(lambda: ("+79161234568", "done", "confirmed", 1) in kept(system))
            await until(lambda: numbers == [urgent])
            lab.command("channel request hangup all")
        await until(lambda: (CALLER, "done", "confirmed", 1) in kept(system))
        await until(lambda: numbers == [urgent, CALLER])


@pytest.mark.parametrize("caller", ["+18005550100", "+78095550100"])
async def test_a_number_that_may_not_be_rung_is_promised_nothing(lab: Lab, system: System, caller: str) -> None:
    system.start_daemon()
    async with nobody_answers(lab), calling(lab, caller) as phone:
        await phone.presses("0")
        await phone.sees("QueueCallerJoin", Queue="hotline")
        await phone.presses("1")
        await phone.hears("fixed/callback-impossible")
        await phone.sees("QueueCallerJoin", Queue="hotline", Position="1")
    assert kept(system) == []


async def test_a_database_that_is_locked_is_told_and_nobody_is_promised_a_call(lab: Lab, system: System) -> None:
    system.start_daemon()
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
    promise(system, CALLER)
    async with called(lab, does), rung(lab) as numbers:
        system.start_daemon()
        await until(lambda: states(system) == [("given-up", reason)])
        await until(lambda: numbers == [CALLER] * 3)
    assert kept(system) == [(CALLER, "given-up", reason, 3)]


async def test_who_rings_before_the_next_try_and_asks_again_is_rung_at_once(lab: Lab) -> None:
    """And not in an hour, for the last time."""
    with system_of(lab, callbacks={"pauses_s": [3600]}) as system:
        promise(system, CALLER)
        async with called(lab, "busy"), nobody_answers(lab), rung(lab) as numbers:
            system.start_daemon()
            await until(lambda: states(system) == [("due", "busy")])
            await does(lab, "confirms")
            async with calling(lab, CALLER) as phone:
                await phone.presses("0")
                await phone.sees("QueueCallerJoin", Queue="hotline")
                await phone.presses("1")
                await phone.hears("fixed/callback-promised")
                await phone.sees("Hangup")
            await until(lambda: states(system) == [("given-up", "asked anew"), ("done", "confirmed")])
            await until(lambda: numbers == [CALLER] * 2)


async def test_who_needs_it_no_more_is_not_rung_again(lab: Lab, system: System) -> None:
    promise(system, CALLER)
    async with called(lab, "declines"):
        system.start_daemon()
        await until(lambda: states(system) == [("given-up", "declined")])


async def test_zero_is_a_yes_of_who_is_rung_back(lab: Lab, system: System) -> None:
    promise(system, CALLER)
    async with called(lab, "person"), nobody_answers(lab), heard(lab) as prompts, rung(lab) as numbers:
        system.start_daemon()
        await until(lambda: states(system) == [("done", "confirmed")])
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        assert (numbers, prompts) == ([CALLER], {CALLER: ["fixed/callback-hello", "fixed/hotline-connecting"]})


async def test_a_machine_that_answers_is_not_put_through(lab: Lab, system: System) -> None:
    promise(system, CALLER)
    async with called(lab, "silent"):
        system.start_daemon()
        await until(lambda: states(system) == [("due", "silent")])
        assert "lab-called" not in lab.command("queue show hotline")


async def test_with_nobody_at_work_nobody_is_rung(lab: Lab, system: System) -> None:
    promise(system, CALLER)
    away = {"Queue": "hotline", "Interface": "Local/hotline@lab-agent/n"}
    async with exchange(lab) as ami, called(lab, "confirms"), rung(lab) as numbers:
        await ami.action("QueuePause", Paused="true", **away)
        try:
            system.start_daemon()
            promise(system, "+79161234568", queue="operator")  # whose people are there
            await until(lambda: ("+79161234568", "done", "confirmed", 1) in kept(system))
            await until(lambda: numbers == ["+79161234568"])
        finally:
            await ami.action("QueuePause", Paused="false", **away)


async def test_daemon_killed_between_originate_and_answer_and_the_caller_answers(lab: Lab, system: System) -> None:
    promise(system, CALLER)
    async with called(lab, "rings"), nobody_answers(lab), rung(lab) as numbers:
        system.start_daemon()
        await until(lambda: numbers == [CALLER])
        system.kill_daemon()
        await does(lab, "confirms")
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        system.start_daemon()
        await until(lambda: states(system) == [("done", "confirmed")])
        assert "lab-called" in lab.command("queue show hotline"), "known while they still wait"
        await until(lambda: numbers == [CALLER])


async def test_who_asks_again_in_the_call_of_their_promise_is_rung_again(lab: Lab) -> None:
    """The manager was lost before they pressed the key: nobody but Asterisk knows that the promise was kept."""
    state = lab.state
    assert state is not None
    async with cable(state.ami_port) as link, called(lab, "rings"), nobody_answers(lab), rung(lab) as numbers:
        # A lease that outlasts the test: what is settled by it alone comes too late.
        with system_of(lab, ami={"port": link.port}, callbacks={"lease_s": 600}) as system:
            promise(system, CALLER)
            await asyncio.to_thread(system.start_daemon)
            await until(lambda: numbers == [CALLER])
            link.cut()
            await until(lambda: "the connection to Asterisk's manager broke" in system.log_file.read_text())
            await does(lab, "confirms")
            await until(lambda: "lab-called" in lab.command("queue show hotline"))
            assert states(system) == [("calling", "")]
            async with heard(lab) as prompts:
                await presses(lab, "1")
                await until(lambda: "fixed/goodbye" in prompts.get(CALLER, []))
                assert prompts[CALLER] == ["fixed/callback-promised", "fixed/goodbye"]
            assert states(system) == [("done", "confirmed"), ("due", "")]
            link.mend()
            await until(lambda: states(system) == [("done", "confirmed")] * 2)
            await until(lambda: numbers == [CALLER] * 2)


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
        promise(system, CALLER, priority=priority, minutes=20)
        system.start_daemon()
        for times in (1, 2, 3):
            await until(lambda: "lab-called" in lab.command("queue show hotline") and len(numbers) == times)  # noqa: B023
            assert await variable(lab, "QUEUE_PRIO") == place, "behind danger, before all others"
            if times < 3:
                await presses(lab, "1")
                await until(lambda: states(system)[times:] != [])  # noqa: B023
        await until(lambda: states(system) == [("done", "confirmed")] * 3)
    seen = waited(system)
    assert [seconds for seconds, _ in seen] == [seen[0][0]] * 3, "who waits since then comes first again"
    assert [stored for _, stored in seen] == [priority] * 3


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
        promise(system, CALLER, minutes=20)
        system.start_daemon()
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        promise(system, waits, minutes=19)
        promise(system, danger, priority=10)
        await until(lambda: (danger, "done", "confirmed", 1) in kept(system))
        await until(lambda: lab.command("queue show hotline").count("lab-called") == 2)
        promise(system, "+79160000003", queue="operator")  # rung after the queue hotline was looked at
        await until(lambda: ("+79160000003", "done", "confirmed", 1) in kept(system))
        await until(lambda: numbers == [CALLER, danger, "+79160000003"])
        lab.command("channel request hangup all")
        await until(lambda: (waits, "done", "confirmed", 1) in kept(system))


async def test_daemon_killed_between_originate_and_answer_and_nobody_answers(lab: Lab, system: System) -> None:
    promise(system, CALLER)
    async with called(lab, "rings"), nobody_answers(lab), rung(lab) as numbers:
        system.start_daemon()
        await until(lambda: numbers == [CALLER])
        system.kill_daemon()
        lab.command("channel request hangup all")
        await does(lab, "confirms")
        system.start_daemon()
        await until(lambda: states(system) == [("done", "confirmed")])
        await until(lambda: numbers == [CALLER] * 2)
    assert kept(system) == [(CALLER, "done", "confirmed", 2)]


async def test_two_daemons_on_one_postgresql_never_ring_the_same_promise_twice(lab: Lab, postgres_url: str) -> None:
    phones = [f"+7916555{number:04d}" for number in range(12)]
    with two_daemons(lab, postgres_url) as (one, other):
        async with called(lab, "declines"), rung(lab) as numbers:
            one.start_daemon()
            other.start_daemon()
            promise(one, *phones)
            await until(lambda: {state for _, state, _, _ in kept(one)} == {"given-up"})
        assert sorted(numbers) == phones
        assert {tries for *_, tries in kept(one)} == {1}


async def test_a_daemon_that_stands_still_while_it_rings_doubles_nothing(lab: Lab, postgres_url: str) -> None:
    with two_daemons(lab, postgres_url) as (one, other):
        async with called(lab, "rings"), rung(lab) as numbers:
            one.start_daemon()
            promise(one, CALLER)
            await until(lambda: numbers == [CALLER])
            os.kill(one.daemon_pid, signal.SIGSTOP)
            held_until = lease_of(one)
            other.start_daemon()
            await until(lambda: lease_of(one) > held_until)
            await does(lab, "declines")
            await until(lambda: states(one) == [("given-up", "declined")])
            os.kill(one.daemon_pid, signal.SIGCONT)
            await until(lambda: "a call-back ended that another daemon had taken over" in one.log_file.read_text())
            await until(lambda: numbers == [CALLER])
        assert kept(one) == [(CALLER, "given-up", "declined", 1)]


async def test_the_manager_is_away_and_promises_wait(lab: Lab) -> None:
    state = lab.state
    assert state is not None
    async with cable(state.ami_port) as link, called(lab, "confirms"), nobody_answers(lab), rung(lab) as numbers:
        with system_of(lab, ami={"port": link.port}) as system:
            await asyncio.to_thread(system.start_daemon)
            await until(lambda: "connected to Asterisk's manager" in system.log_file.read_text())
            link.cut()
            await until(lambda: "the connection to Asterisk's manager broke" in system.log_file.read_text())
            async with calling(lab, CALLER) as phone:
                await phone.presses("0")
                await phone.sees("QueueCallerJoin", Queue="hotline")
                await phone.presses("1")
                await phone.hears("fixed/callback-promised")
            assert (numbers, states(system)) == ([], [("due", "")])
            link.mend()
            await until(lambda: states(system) == [("done", "confirmed")])
            await until(lambda: numbers == [CALLER])


async def test_asterisk_restarted_while_it_rings_loses_no_promise(lab_folder: Path) -> None:
    lab = Lab(lab_folder)
    await asyncio.to_thread(lab.up)
    with system_of(lab, callbacks={"pauses_s": [25]}) as system:
        promise(system, CALLER)
        await does(lab, "rings")
        async with rung(lab) as numbers:
            system.start_daemon()
            await until(lambda: numbers == [CALLER])
            await asyncio.to_thread(lab.restart)
        await does(lab, "declines")
        async with rung(lab) as numbers:
            await until(lambda: states(system) == [("given-up", "declined")])
            await until(lambda: numbers == [CALLER])
        assert kept(system) == [(CALLER, "given-up", "declined", 2)]


async def test_a_wrong_secret_is_said_once_and_calls_go_on(lab: Lab) -> None:
    with system_of(lab, ami={"secret": "wrong"}) as system:
        await asyncio.to_thread(system.start_daemon)
        await until(lambda: "Asterisk's manager refused the login" in system.log_file.read_text())
        async with telephone(lab, "s", "ivr-inbound", CALLER) as phone:
            await phone.hears("fixed/greeting")
            await phone.presses("0")
            await phone.hears("fixed/hotline-connecting")
        assert system.log_file.read_text().count("refused the login") == 1
