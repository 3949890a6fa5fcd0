"""The light is back, on the real Asterisk: who asked is rung, hears so, and can say that it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from ivr.domain.outages import Place
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import AT_OUTAGES
from tests.asterisk.callbacks import called, forgotten, heard, kept, rung, standing, told
from tests.asterisk.conftest import ringing
from tests.asterisk.lights import FIRST, SECOND, asked, end, enter, reported
from tests.asterisk.steps import Steps, ring
from tests.lab.phone import exchange, global_variable, nobody_answers, waiting_callers
from tests.waiting import LIMIT_S, until


@pytest.fixture(scope="module")
def running(lab: Lab) -> Iterator[System]:
    with standing(lab, AT_OUTAGES) as system:
        yield system


@pytest.fixture
async def system(running: System) -> AsyncIterator[System]:
    """The daemon of the module; no outage is known, and nobody is promised a call."""
    yield running
    await forgotten(running)


async def test_the_light_is_back_for_one_caller_and_not_for_the_other(lab: Lab, system: System) -> None:
    outage = enter(system)
    steps: Steps = [{"hears": "outage/choices", "keys": "1"}, {"hears": "menu/else", "keys": "2"}]
    expect = {"outcome": "nothing", "heard": ["outage/known", "outage/choices", "outage/promised"]}
    async with ringing(system) as robot:
        await asyncio.gather(*(ring(robot, steps, expect, caller=caller) for caller in (FIRST, SECOND)))
    async with (
        called(lab, "confirms"),
        global_variable(lab, f"LAB_CALLED_{SECOND[1:]}", "declines"),
        nobody_answers(lab),
        rung(lab) as numbers,
        heard(lab) as prompts,
        told(lab, "IVR_REPORT") as told_numbers,
    ):
        said: list[str] = []
        told_numbers.append(lambda _channel, number: said.append(number) if number else None)
        assert numbers == []
        end(system, outage)
        await until(lambda: {state for _, state, *_ in kept(system)} == {"done"})
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
        # One of them may have been rung seconds before the other, and events come a moment later.
        await until(lambda: sorted(numbers) == [FIRST, SECOND] and "fixed/goodbye" in prompts.get(FIRST, []))
        assert prompts[FIRST] == ["fixed/power-hello", "fixed/power-thanks", "fixed/goodbye"]
        await until(lambda: "fixed/hotline-connecting" in prompts.get(SECOND, []))
        last_words = ["fixed/power-dark", "fixed/message-number", "fixed/hotline-connecting"]
        assert prompts[SECOND] == ["fixed/power-hello", *last_words]
        (waits,) = (
            call for call in lab.command("core show channels concise").splitlines() if call.split("!")[5] == "Queue"
        )
        assert waits.split("!")[7] == SECOND, "who takes the call needs the number"
    assert sorted(kept(system)) == [(FIRST, "done", "confirmed", 1), (SECOND, "done", "dark", 1)]
    (report,) = reported(system)
    assert (report.caller, report.account, report.trouble) == (SECOND, "1000000002", "house")
    assert set(said) == {str(report.number)}
    assert (report.place, report.outage_id, report.rung_after) == (Place("Север", "Ленина", "1"), None, outage)


async def test_who_is_still_without_light_waits_behind_who_waits_already(lab: Lab, system: System) -> None:
    outage = enter(system)
    asked(system, outage, FIRST)
    async with waiting_callers(lab, 1), called(lab, "declines"), exchange(lab) as ami:
        with ami.events("QueueCallerJoin") as events:
            end(system, outage)  # now, and not before somebody answers at that number
            joined = await events.wait_for("QueueCallerJoin", LIMIT_S, Queue="hotline")
            assert joined["Position"] == "2"


async def test_who_wants_a_person_gets_one_and_reports_nothing(lab: Lab, system: System) -> None:
    outage = enter(system)
    asked(system, outage, FIRST)
    async with called(lab, "person"), nobody_answers(lab):
        end(system, outage)  # now, and not before somebody answers at that number
        await until(lambda: kept(system) == [(FIRST, "done", "person", 1)])
        await until(lambda: "lab-called" in lab.command("queue show hotline"))
    assert reported(system) == []


async def test_who_says_nothing_is_rung_and_told_again(lab: Lab, system: System) -> None:
    async with called(lab, "silent"), heard(lab) as prompts:
        outage = enter(system)
        asked(system, outage, FIRST)
        end(system, outage)
        await until(lambda: kept(system)[0][2] == "silent" and kept(system)[0][3] >= 2)
        assert prompts[FIRST][:2] == ["fixed/power-hello"] * 2
    assert reported(system) == []
