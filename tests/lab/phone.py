"""A telephone on the lab's own line: rings the phone line, hears what begins, presses keys."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

from ivr.telephony.manager.ami import Ami, AmiRefused, Events, Message, Originated, connected
from ivr.testbed.lab.lab import Lab

CALLER = "+79161234567"
HEARS_S = 60.0  # the longest prompt, and then some, on a busy machine
LIMIT_S = 60.0  # for what happens at once, on a busy machine
KEY_MS = "80"

_numbers = count(88001000000)


class Phone:
    """One call. `line` is the name of the channel at the other end: what the dialplan works on."""

    def __init__(self, ami: Ami, events: Events, own: Originated, line: str) -> None:
        self._ami = ami
        self._events = events
        self._own = own
        self.line = line
        self.heard: list[str] = []

    async def sees(self, name: str, limit_s: float = HEARS_S, **headers: str) -> Message:
        """The next event of this call with these headers; notes the prompts that began before it."""
        while True:
            try:
                event = await self._events.next(limit_s)
            except TimeoutError:
                wanted = " ".join((name, *(f"{header}={value}" for header, value in headers.items())))
                raise TimeoutError(f"{wanted} did not come within {limit_s:.0f} s; heard: {self.heard}") from None
            if event["Channel"] != self.line:
                continue
            if event.name == "VarSet" and event["Variable"] == "IVR_PROMPT":
                self.heard.append(event["Value"])
            if event.name == name and all(event[header] == value for header, value in headers.items()):
                return event

    async def hears(self, prompt: str) -> None:
        """Wait until a prompt begins."""
        await self.sees("VarSet", Variable="IVR_PROMPT", Value=prompt)

    async def hears_next(self, *prompts: str) -> None:
        """Wait for prompts that begin one after the other, with none between them."""
        for prompt in prompts:
            event = await self.sees("VarSet", Variable="IVR_PROMPT")
            assert event["Value"] == prompt

    async def presses(self, keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self._ami.action("PlayDTMF", Channel=self._own.channel, Digit=key, Duration=KEY_MS)

    async def hangs_up(self) -> None:
        """Hang up and wait until the line knows."""
        await self._ami.action("Hangup", Channel=self._own.channel)
        await self.sees("Hangup")

    async def joins(self, queue: str) -> None:
        """Wait until the call waits in a queue and a person has taken it."""
        await self.sees("QueueCallerJoin", Queue=queue)
        await self.sees("AgentConnect", Queue=queue)


@asynccontextmanager
async def exchange(lab: Lab) -> AsyncIterator[Ami]:
    """The lab's manager."""
    state = lab.state
    assert state is not None
    async with connected(state.ami_port, state.ami_user, state.ami_secret) as ami:
        yield ami


@asynccontextmanager
async def calling(lab: Lab, caller: str = CALLER, number: str = "", hums: bool = False) -> AsyncIterator[Phone]:
    """A call to the phone line from beginning to end, over SIP and RTP. hums: the caller makes a sound."""
    number = number or str(next(_numbers))
    async with exchange(lab) as ami:
        with ami.events("VarSet", "Hangup", "QueueCallerJoin", "AgentConnect", "AgentCalled") as events:
            own = await ami.originate(
                f"PJSIP/{number}@loop",
                context="lab-caller",
                caller_id=caller,
                variables={"LAB_HUMS": "yes" if hums else "no"},
            )
            line = ""
            try:
                begun = await events.wait_for("VarSet", HEARS_S, Variable="IVR_DIALLED", Value=number)
                line = begun["Channel"]
                yield Phone(ami, events, own, line)
            finally:
                await _end(ami, own.channel, line)


async def _end(ami: Ami, *channels: str) -> None:
    """Hang up, and wait until these channels are gone: whoever rang or waited for them is free for the next test."""
    for channel in filter(None, channels):
        with contextlib.suppress(AmiRefused):  # it is gone
            await ami.action("Hangup", Channel=channel)
            async with asyncio.timeout(HEARS_S):
                while await ami.action("Getvar", Channel=channel, Variable="CHANNEL(name)"):  # noqa: ASYNC110 - Asterisk's own
                    await asyncio.sleep(0.01)


@asynccontextmanager
async def global_variable(lab: Lab, name: str, value: str | Path) -> AsyncIterator[None]:
    """Another value of one of the dialplan's global variables for the length of a block."""
    async with exchange(lab) as ami:
        before = (await ami.action("Getvar", Variable=name))["Value"]
        await ami.action("Setvar", Variable=name, Value=str(value))
        try:
            yield
        finally:
            await ami.action("Setvar", Variable=name, Value=before)


@asynccontextmanager
async def nobody_answers(lab: Lab) -> AsyncIterator[None]:
    """The people of the queues are there and let it ring for the length of a block."""
    async with global_variable(lab, "LAB_AGENT", "rings"):
        yield


@asynccontextmanager
async def waiting_callers(lab: Lab, count: int) -> AsyncIterator[list[Phone]]:
    """Callers who wait in the hotline's queue, since nobody answers for the length of a block."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(nobody_answers(lab))
        callers = []
        for number in range(count):
            phone = await stack.enter_async_context(calling(lab, f"+7916123450{number}"))
            await phone.presses("0")
            await phone.sees("QueueCallerJoin", Queue="hotline")
            callers.append(phone)
        yield callers


@asynccontextmanager
async def telephone(lab: Lab, dials: str, context: str, number: str) -> AsyncIterator[Phone]:
    """A telephone of the house with a number of its own, which dials something in a context of the dialplan."""
    async with exchange(lab) as ami:
        with ami.events("VarSet", "Hangup") as events:
            call = f"Local/{dials}@{context}/n"
            own = await ami.originate(call, context="lab-caller", caller_id=number)
            line = f"{own.channel[:-1]}2"
            try:
                yield Phone(ami, events, own, line)
            finally:
                await _end(ami, own.channel, line)
