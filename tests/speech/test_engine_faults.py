"""What becomes of callers when recogniser processes die, hang, fall behind or grow."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop

from ivr.listening.recogniser_port import RecogniserLost
from ivr.speech import process
from tests.speech.engines import MANY, MODEL, READING, SAID, heard, ignore, running
from tests.waiting import until


@pytest.mark.parametrize("fault", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_process_that_dies_or_hangs_costs_its_callers_one_question(
    speech: bytes, fault: signal.Signals
) -> None:
    async with running(workers=2) as engine:
        await until(lambda: len(engine.pids) == 2 and engine.speakers == 2 * MANY)
        before = engine.pids
        one, other = engine.listen(READING, ignore), engine.listen(READING, ignore)
        assert one is not None
        assert other is not None
        one.feed(speech[:8000])
        other.feed(speech)
        os.kill(before[0], fault)
        assert " ".join((await other.finish())[0].words) == SAID
        with pytest.raises(RecogniserLost):
            await one.finish()
        await until(lambda: len({*engine.pids} - {*before}) == 1 and engine.speakers == 2 * MANY)
        assert [await heard(engine, speech) for _ in range(2)] == [SAID, SAID]


@pytest.mark.parametrize("run", [uvloop.run, pytest.param(asyncio.run, marks=pytest.mark.nightly)])
def test_a_daemon_that_was_held_up_itself_takes_no_process_for_hanging(
    speech: bytes, run: Callable[[Coroutine[Any, Any, None]], None]
) -> None:
    async def once() -> None:
        async with running() as engine:
            before = engine.pids
            assert await heard(engine, speech) == SAID
            time.sleep((process.MOST_SILENT_PINGS + 2) * process.PING_S)  # noqa: ASYNC251 - the hold-up
            assert await heard(engine, speech) == SAID
            assert engine.pids == before

    run(once())


async def test_a_process_that_falls_behind_takes_nobody_else_on_and_gives_up_who_spoke_last(speech: bytes) -> None:
    async with running(result_s=20) as engine:  # given up after 2 s, before it is held to hang
        taken = [utterance for _ in range(8) if (utterance := engine.listen(READING, ignore)) is not None]
        os.kill(engine.pids[0], signal.SIGSTOP)
        taken[0].feed(speech)
        for utterance in taken[1:]:
            utterance.feed(speech[:16000])

        def given_up() -> bool:
            for utterance in taken:
                utterance.feed(bytes(16))
            return taken[-1].lost

        await until(given_up)
        assert engine.pids, "it is late, and not held to hang"
        assert engine.listen(READING, ignore) is None
        os.kill(engine.pids[0], signal.SIGCONT)
        lost = [utterance.lost for utterance in taken]
        assert lost == sorted(lost)
        assert not lost[0]
        assert " ".join((await taken[0].finish())[0].words) == SAID
        await until(lambda: engine.available)


async def test_audio_faster_than_it_can_be_taken_loses_the_utterance_and_costs_no_memory() -> None:
    async with running() as engine:
        utterance = engine.listen(READING, ignore)
        assert utterance is not None
        for _ in range(1000):
            utterance.feed(bytes(160_000))
        with pytest.raises(RecogniserLost):
            await utterance.finish()


async def test_a_process_that_grows_too_large_is_replaced(speech: bytes) -> None:
    async with running(memory_mb=0) as engine:
        before = engine.pids
        opened = [engine.listen(READING, ignore) for _ in range(20)]
        for utterance in opened:
            assert utterance is not None
            utterance.feed(speech)
        await until(lambda: engine.available and engine.pids not in (before, []))


async def test_signals_for_the_daemon_leave_its_processes_alone(speech: bytes) -> None:
    async with running() as engine:
        before = engine.pids
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(before[0], number)
        assert await heard(engine, speech) == SAID
        assert engine.pids == before


DAEMON = """
import asyncio, sys
from pathlib import Path
from ivr.speech.engine import Engine

async def main():
    engine = Engine(Path(sys.argv[1]), 2, 1)
    await engine.start()
    while engine.speakers < 2:  # both understand: one that just begins has not yet asked to end with us
        await asyncio.sleep(0.01)
    print(*engine.pids, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_processes_end_with_a_killed_daemon_even_if_they_hang() -> None:
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DAEMON, str(MODEL), stdout=asyncio.subprocess.PIPE
    )
    assert daemon.stdout is not None
    pids = [int(pid) for pid in (await daemon.stdout.readline()).split()]
    assert len(pids) == 2
    os.kill(pids[0], signal.SIGSTOP)
    daemon.kill()
    await daemon.wait()
    await until(lambda: not any(_lives(pid) for pid in pids))


def _lives(pid: int) -> bool:
    """Whether it is there and no mere entry of the process table."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
