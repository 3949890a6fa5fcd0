"""Work in threads: what is refused, what comes too late, and what a caller who leaves takes along."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from ivr.concurrency.bounded_threads import BoundedThreads, NoAnswer, Why


@pytest.fixture
async def gate() -> AsyncIterator[threading.Event]:
    """Work waits for it; it opens at the end of each test, so that no thread stays."""
    event = threading.Event()
    yield event
    event.set()


async def refusal(threads: BoundedThreads) -> Why:
    with pytest.raises(NoAnswer) as refused:
        await threads.run(lambda: None)
    return refused.value.why


async def test_an_answer_and_a_fault_of_the_work_come_back() -> None:
    threads = BoundedThreads("test", threads=1, limit_s=30)
    assert await threads.run(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 // 0)
    await threads.close()


async def test_so_many_may_wait_and_one_more_is_refused(gate: threading.Event) -> None:
    threads = BoundedThreads("test", threads=1, limit_s=30, waiting=2)
    waiting = [asyncio.create_task(threads.run(gate.wait)) for _ in range(2)]
    await asyncio.sleep(0)  # both have begun
    assert await refusal(threads) is Why.FULL
    gate.set()
    assert await asyncio.gather(*waiting) == [True, True]
    assert await threads.run(lambda: 7) == 7, "there is room again"
    await threads.close()


async def test_an_answer_that_comes_too_late_is_not_waited_for(gate: threading.Event) -> None:
    threads = BoundedThreads("test", threads=1, limit_s=0.01)
    with pytest.raises(NoAnswer) as refused:
        await threads.run(gate.wait)
    assert refused.value.why is Why.LATE
    gate.set()
    await threads.close()


async def test_what_nobody_waits_for_any_more_is_never_begun(gate: threading.Event) -> None:
    threads, begun = BoundedThreads("test", threads=1, limit_s=30), []
    first = asyncio.create_task(threads.run(gate.wait))
    second = asyncio.create_task(threads.run(lambda: begun.append("second")))
    await asyncio.sleep(0)  # both have begun
    second.cancel()
    await asyncio.wait((second,))
    gate.set()
    await first
    await threads.close()
    assert begun == []


async def test_closed_threads_take_no_work() -> None:
    threads = BoundedThreads("test", threads=1, limit_s=30)
    await threads.close()
    assert await refusal(threads) is Why.CLOSED
