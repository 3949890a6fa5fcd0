"""What fails while somebody is rung back, on the real Asterisk: no promise is lost, and nobody is rung twice."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import AT_OUTAGES, import_accounts
from tests.asterisk.callbacks import (
    CALLER,
    called,
    does,
    heard,
    kept,
    lease_of,
    lease_runs_out,
    owed,
    presses,
    rung,
    states,
    system_of,
    two_daemons,
)
from tests.asterisk.lights import FIRST, asked, end, enter, reported
from tests.lab.cable import cable
from tests.lab.phone import calling, exchange, nobody_answers, telephone
from tests.waiting import until


@pytest.fixture
def system(lab: Lab) -> Iterator[System]:
    with system_of(lab) as system:
        yield system


async def test_daemon_killed_between_originate_and_answer_and_the_caller_answers(lab: Lab, system: System) -> None:
    owed(system, CALLER)
    async with called(lab, "rings"), nobody_answers(lab), rung(lab) as numbers:
        system.start_daemon()
        await until(lambda: numbers == [CALLER])
        system.kill_daemon()
        lease_runs_out(system)
        await does(lab, "confirms")
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        system.start_daemon()
        await until(lambda: states(system) == [("done", "confirmed")])
        assert "lab-called" in lab.command("queue show hotline"), "known while they still wait"
        await until(lambda: numbers == [CALLER])


async def test_daemon_killed_between_originate_and_answer_and_nobody_answers(lab: Lab, system: System) -> None:
    owed(system, CALLER)
    async with called(lab, "rings"), nobody_answers(lab), rung(lab) as numbers:
        system.start_daemon()
        await until(lambda: numbers == [CALLER])
        system.kill_daemon()
        lease_runs_out(system)
        lab.command("channel request hangup all")
        await does(lab, "confirms")
        system.start_daemon()
        await until(lambda: states(system) == [("done", "confirmed")])
        await until(lambda: numbers == [CALLER] * 2)
    assert kept(system) == [(CALLER, "done", "confirmed", 2)]


async def test_a_caller_who_asks_again_in_the_call_of_their_callback_is_rung_again(lab: Lab) -> None:
    """The manager was lost before they pressed the key: nobody but Asterisk knows that the promise was kept."""
    state = lab.state
    assert state is not None
    async with cable(state.ami_port) as link, called(lab, "rings"), nobody_answers(lab), rung(lab) as numbers:
        # The lease outlasts the test: what is settled by its end alone comes too late.
        with system_of(lab, ami={"port": link.port}) as system:
            owed(system, CALLER)
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


async def test_two_daemons_on_one_postgresql_never_make_a_callback_twice(lab: Lab, postgres_url: str) -> None:
    phones = [f"+7916555{number:04d}" for number in range(8)]
    with two_daemons(lab, postgres_url) as (one, other):
        async with called(lab, "declines"), rung(lab) as numbers:
            one.start_daemon()
            other.start_daemon()
            owed(one, *phones)
            await until(lambda: {state for _, state, _, _ in kept(one)} == {"given-up"})
        assert sorted(numbers) == phones
        assert {tries for *_, tries in kept(one)} == {1}


async def test_a_daemon_that_stands_still_while_it_rings_doubles_nothing(lab: Lab, postgres_url: str) -> None:
    with two_daemons(lab, postgres_url) as (one, other):
        async with called(lab, "rings"), rung(lab) as numbers:
            one.start_daemon()
            owed(one, CALLER)
            await until(lambda: numbers == [CALLER])
            os.kill(one.daemon_pid, signal.SIGSTOP)
            held_until = lease_of(one)
            lease_runs_out(one)
            other.start_daemon()
            await until(lambda: lease_of(one) > held_until)
            await does(lab, "declines")
            await until(lambda: "lab-called" not in lab.command("core show channels concise"))
            lease_runs_out(one)
            await until(lambda: states(one) == [("given-up", "declined")])
            os.kill(one.daemon_pid, signal.SIGCONT)
            await until(lambda: "a call-back ended that another daemon had taken over" in one.log_file.read_text())
            await until(lambda: numbers == [CALLER])
        assert kept(one) == [(CALLER, "given-up", "declined", 1)]


async def test_the_manager_is_away_and_callbacks_wait(lab: Lab) -> None:
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


async def test_asterisk_restarted_while_it_rings_loses_no_callback(lab_folder: Path) -> None:
    lab = Lab(lab_folder)
    await asyncio.to_thread(lab.up)
    with system_of(lab) as system:
        owed(system, CALLER)
        await does(lab, "rings")
        async with rung(lab) as numbers:
            system.start_daemon()
            await until(lambda: numbers == [CALLER])
            await asyncio.to_thread(lab.restart)
        await does(lab, "declines")
        async with rung(lab) as numbers:
            lease_runs_out(system)
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


async def test_daemon_killed_before_the_answer_and_still_no_light_is_reported_once(lab: Lab, system: System) -> None:
    import_accounts(system, AT_OUTAGES)
    outage = enter(system)
    asked(system, outage, FIRST)
    end(system, outage)
    async with called(lab, "rings"), nobody_answers(lab), rung(lab) as numbers:
        system.start_daemon()
        await until(lambda: numbers == [FIRST])
        system.kill_daemon()
        lease_runs_out(system)
        await does(lab, "declines")
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        assert (kept(system), reported(system)) == ([(FIRST, "calling", "", 1)], [])
        system.start_daemon()
        await until(lambda: kept(system) == [(FIRST, "done", "dark", 1)])
        assert "lab-called" in lab.command("queue show hotline"), "known while they still wait"
        assert len(reported(system)) == 1
        await until(lambda: numbers == [FIRST])
    assert len(reported(system)) == 1


async def test_two_daemons_on_one_postgresql_ring_nobody_twice_and_report_once(lab: Lab, postgres_url: str) -> None:
    phones = [f"+7916555{number:04d}" for number in range(12)]
    with two_daemons(lab, postgres_url) as (one, other):
        import_accounts(one, AT_OUTAGES)
        outage = enter(one)
        asked(one, outage, *phones)
        async with called(lab, "declines"), nobody_answers(lab), rung(lab) as numbers:
            one.start_daemon()
            other.start_daemon()
            end(one, outage)
            await until(lambda: {state for _, state, *_ in kept(one)} == {"done"})
        assert sorted(numbers) == phones
        assert {(reason, tries) for *_, reason, tries in kept(one)} == {("dark", 1)}
        assert sorted(report.caller for report in reported(one)) == phones


async def test_with_nobody_at_work_nobody_is_rung(lab: Lab, system: System) -> None:
    away = {"Queue": "hotline", "Interface": "Local/hotline@lab-agent/n"}
    owed(system, CALLER)
    async with exchange(lab) as ami, called(lab, "confirms"), rung(lab) as numbers:
        await ami.action("QueuePause", Paused="true", **away)
        try:
            system.start_daemon()
            owed(system, "+79161234568", queue="operator")  # whose people are there
            await until(lambda: ("+79161234568", "done", "confirmed", 1) in kept(system))
            await until(lambda: numbers == ["+79161234568"])
        finally:
            await ami.action("QueuePause", Paused="false", **away)
