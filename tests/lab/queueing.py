"""The hotline's queue in the lab: who waits in it, and what its people do."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from ivr.telephony.manager.ami import AmiRefused
from ivr.testbed.lab.lab import Lab
from tests.lab.phone import Phone, exchange, global_variable
from tests.waiting import until


async def queued(phone: Phone) -> None:
    """Press 0 in the greeting and wait to be in the queue."""
    await phone.presses("0")
    await phone.sees("QueueCallerJoin", Queue="hotline")


def waiting(lab: Lab) -> list[str]:
    """Channels in the hotline's queue, in the order of their places."""
    listed = lab.command("queue show hotline").partition("Callers:")[2]
    return [line.split()[1] for line in listed.splitlines() if line.strip()[:1].isdigit()]


async def order(lab: Lab, *phones: Phone) -> None:
    """Wait until these callers, and nobody else, wait in this order."""
    lines = [phone.line for phone in phones]
    with contextlib.suppress(TimeoutError):
        await until(lambda: waiting(lab) == lines)
    assert waiting(lab) == lines


@asynccontextmanager
async def nobody_at_work(lab: Lab) -> AsyncIterator[None]:
    """The people of the hotline are away for the length of a block."""
    async with exchange(lab) as ami:
        away = {"Queue": "hotline", "Interface": "Local/hotline@lab-agent/n"}
        await ami.action("QueuePause", Paused="true", **away)
        try:
            yield
        finally:
            await ami.action("QueuePause", Paused="false", **away)


@asynccontextmanager
async def agents(lab: Lab, do: str) -> AsyncIterator[None]:
    """What the people of the queues do when it rings, for the length of a block."""
    async with global_variable(lab, "LAB_AGENT", do):
        yield


async def does(lab: Lab, what: str) -> None:
    """What the people of the queues do from their next ring on."""
    async with exchange(lab) as ami:
        await ami.action("Setvar", Variable="LAB_AGENT", Value=what)


async def stops_ringing(lab: Lab) -> None:
    """The telephone of the hotline gives up now, not after its twenty seconds."""
    async with exchange(lab) as ami:
        with contextlib.suppress(AmiRefused):  # it has just stopped
            await ami.action("Hangup", Channel="/^Local.hotline@lab-agent-.*;2$/")


@contextmanager
def hotline_with(lab: Lab, option: str) -> Iterator[None]:
    """The hotline's queue has this line more in Asterisk's queues.conf for the length of a block."""
    state = lab.state
    assert state is not None
    file = state.folder / "etc" / "queues.conf"
    whole = file.read_text(encoding="utf-8")
    member = "member => Local/hotline@lab-agent/n,0,Hotline\n"
    assert member in whole
    file.write_text(whole.replace(member, f"{member}{option}\n"), encoding="utf-8")
    try:
        lab.command("queue reload all")
        yield
    finally:
        file.write_text(whole, encoding="utf-8")
        lab.command("queue reload all")
