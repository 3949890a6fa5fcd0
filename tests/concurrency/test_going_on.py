"""What goes on beside calls: jobs that are repeated, pauses between tries, tasks that end with their owner."""

from __future__ import annotations

import asyncio

import pytest

from ivr.concurrency.background import Background
from ivr.concurrency.backoff import Backoff, Pauses
from ivr.concurrency.periodic import Periodic, within
from ivr.domain.faults import StoreUnavailable
from tests.waiting import until

AWAY, FAULT = "the database does not answer", "a fault in a round"


async def test_rounds_go_on_after_faults_and_an_absent_database_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    stop, rounds = asyncio.Event(), 0
    fates = {1: StoreUnavailable(), 2: StoreUnavailable(), 3: ValueError(), 5: StoreUnavailable()}

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 6:
            stop.set()
        if rounds in fates:
            raise fates[rounds]

    await Periodic(work, 0, away=AWAY, fault=FAULT).run_until(stop)
    assert rounds == 6
    assert caplog.messages == [AWAY, FAULT, AWAY]


async def test_a_round_that_runs_is_finished_before_the_end() -> None:
    stop, goes_on, finished = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        stop.set()
        await goes_on.wait()
        finished.append("round")

    running = asyncio.create_task(Periodic(work, 0, fault=FAULT).run_until(stop))
    await stop.wait()
    goes_on.set()
    await running
    assert finished == ["round"]


async def test_a_call_for_the_next_round_during_one_is_not_lost() -> None:
    wake, rounds = asyncio.Event(), 0

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            wake.set()

    running = asyncio.create_task(Periodic(work, 3600, fault=FAULT).run_on(wake))
    await until(lambda: rounds == 2)
    running.cancel()
    await asyncio.wait((running,))


def test_pauses_double_up_to_the_longest_and_are_short_again_after_a_long_life() -> None:
    backoff = Backoff(Pauses(first=1, longest=5, steady=60))
    assert [backoff.due(lived) for lived in (0, 0, 0, 0, 61, 0)] == [1, 2, 4, 5, 1, 2]


def test_a_part_of_a_pause_is_left_to_chance() -> None:
    dues = [Backoff(Pauses(first=1, longest=5, steady=60, spread=0.5)).due(0) for _ in range(100)]
    assert all(0.5 <= due <= 1 for due in dues)
    assert len(set(dues)) > 1


async def test_tasks_end_with_their_owner_and_a_fault_of_one_is_told(caplog: pytest.LogCaptureFixture) -> None:
    background, stop, ended = Background(), asyncio.Event(), []

    async def broken() -> None:
        raise ValueError

    async def finishing() -> None:
        await stop.wait()
        ended.append("finishing")

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("endless")

    background.start("broken", broken())
    background.start("endless", endless())
    background.start("finishing", finishing(), finishes=True)
    await until(lambda: caplog.messages == ["a part of the program ended; restart it"])
    stop.set()
    await background.close()
    assert ended == ["finishing", "endless"]


async def test_a_cancellation_ends_a_wait_whatever_else_comes_in_the_same_turn() -> None:
    """`asyncio.wait_for` of Python 3.11 swallows one that comes when its wait has just ended."""
    event = asyncio.Event()
    event.set()
    outcomes = []
    for turns in range(6):
        waiting = asyncio.create_task(within(event, 30))
        for _ in range(turns):
            await asyncio.sleep(0)
        came_in_time = waiting.cancel()
        await asyncio.wait({waiting})
        outcomes.append((came_in_time, waiting.cancelled()))
    assert outcomes == [(came, came) for came, _ in outcomes]
