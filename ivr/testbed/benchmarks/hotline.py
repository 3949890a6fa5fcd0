"""`ivr bench hotline`: from the answer to the first ring at a person's telephone, and call-backs in a minute."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ivr.domain.callbacks import CallbackRequest
from ivr.intake.callbacks import ask
from ivr.storage.callbacks.repository import CallbackRepository
from ivr.telephony.manager.ami import Ami, AmiRefused, connected
from ivr.telephony.names import QueueName, Variable
from ivr.testbed.lab.state import LabState
from ivr.testbed.robot.system import System, SystemFault

SEES_S, KEY_MS = 20.0, "80"
CALLBACK_LIMIT_S = 300.0
TALKS_S = "1"
MEMBER = "Local/bench{number}@lab-agent/n"


@dataclass(frozen=True, slots=True)
class CallbackFigures:
    """Call-backs of one queue, all due at once. people: agents at work, and also the call-backs rung at once.

    kept: confirmed by the key 1, and so in the queue again, within `seconds`.
    """

    callbacks: int
    people: int
    kept: int
    seconds: float

    @property
    def a_minute(self) -> float:
        """Call-backs confirmed in a minute."""
        return self.kept * 60 / self.seconds if self.seconds else 0.0


async def first_rings(state: LabState, calls: int) -> tuple[float, ...]:
    """Milliseconds by Asterisk's clock from the answer to the first ring, 0 pressed as soon as the line answers.

    The person is free, and their telephone is a channel of the same Asterisk. Raises SystemFault, AmiFault.
    """
    found = []
    async with connected(state.ami_port, state.ami_user, state.ami_secret) as ami, _agents(ami, "rings"):
        for _ in range(calls):
            try:
                found.append(await _first_ring(ami))
            except TimeoutError:
                raise SystemFault("a benchmark call did not reach the person's telephone") from None
    return tuple(found)


async def _first_ring(ami: Ami) -> float:
    dialled = f"7{secrets.randbelow(10**12):012d}"
    with ami.events("VarSet", "Newstate", "Hangup") as events:
        own = await ami.originate(f"PJSIP/{dialled}@loop", context="lab-caller", caller_id="+79161234567")
        await ami.action("PlayDTMF", Channel=own.channel, Digit="0", Duration=KEY_MS)
        began: dict[str, float] = {}  # channel -> answer
        line, person, rings = "", "", 0.0
        while not rings:
            event = await events.next(SEES_S)
            if event.name == "Newstate" and event["ChannelStateDesc"] == "Up":
                began.setdefault(event["Channel"], float(event["Timestamp"]))
            elif event["Variable"] == Variable.DIALLED and event["Value"] == dialled:
                line = event["Channel"]
            elif event["Variable"] == "LAB_RINGS":
                person, rings = event["Channel"], float(event["Timestamp"])
        await ami.action("Hangup", Channel=own.channel)
        ending = {line, person}  # only then the next call finds the person free
        while ending:
            event = await events.next(SEES_S)
            if event.name == "Hangup":
                ending.discard(event["Channel"])
    return (rings - began[line]) * 1000


async def callbacks(system: System, state: LabState, count: int, people: int) -> CallbackFigures:
    """Make call-backs; the daemon runs with `callbacks.at_once` = people. Raises SystemFault, AmiFault."""
    async with connected(state.ami_port, state.ami_user, state.ami_secret) as ami, _called(ami), _at_work(ami, people):
        with ami.events("VarSet", at_most=100_000) as events:
            await asyncio.to_thread(_ask, system, count)
            loop = asyncio.get_running_loop()
            began = ended = loop.time()
            kept = 0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CALLBACK_LIMIT_S):
                    while kept < count:
                        event = await events.next(CALLBACK_LIMIT_S)
                        if (event["Variable"], event["Value"]) == (Variable.RETURN, "confirmed"):
                            kept, ended = kept + 1, loop.time()
    return CallbackFigures(count, people, kept, ended - began)


def _ask(system: System, count: int) -> None:
    database, now = system.open_database(), datetime.now(UTC)
    try:
        for number in range(count):
            request = CallbackRequest(f"+7916{number:07d}", QueueName.HOTLINE, 0, now)
            CallbackRepository(database).change(partial(ask, request=request, now=now))
    finally:
        database.close()


@contextlib.asynccontextmanager
async def _agents(ami: Ami, do: str) -> AsyncIterator[None]:
    """What the people of the queues do, for the length of a block; see the lab's extensions.conf."""
    await ami.action("Setvar", Variable="LAB_AGENT", Value=do)
    yield
    await ami.action("Setvar", Variable="LAB_AGENT", Value="")


@contextlib.asynccontextmanager
async def _called(ami: Ami) -> AsyncIterator[None]:
    """The caller answers the call-back and presses 1."""
    await ami.action("Setvar", Variable="LAB_CALLED", Value="confirms")
    yield
    await ami.action("Setvar", Variable="LAB_CALLED", Value="")


@contextlib.asynccontextmanager
async def _at_work(ami: Ami, people: int) -> AsyncIterator[None]:
    """Log in so many hotline agents, beside the lab's own one; each talks for TALKS_S.

    The line rings no caller who would wait again for busy agents, so longer talks would distort the measurement.
    """
    await ami.action("Setvar", Variable="LAB_TALKS", Value=TALKS_S)
    places = [MEMBER.format(number=number) for number in range(people - 1)]
    for place in places:
        await ami.action("QueueAdd", Queue=QueueName.HOTLINE, Interface=place)
    yield
    for place in places:
        with contextlib.suppress(AmiRefused):
            await ami.action("QueueRemove", Queue=QueueName.HOTLINE, Interface=place)
    await ami.action("Setvar", Variable="LAB_TALKS", Value="")
