"""How many events of the queues the board takes in a second without falling behind.

The events are the lab's own: one is taken from Asterisk, and sent again and again by a socket that speaks as its
manager does, at rates that double. Every MARK_S one carries a mark; how long until the board shows it is its lag.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import re
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from ivr.hotline.ports import Event
from ivr.hotline.queue_board import QueueBoard
from ivr.telephony.manager.ami import connect, connected
from ivr.telephony.manager.queues import follow
from ivr.telephony.names import QueueName
from ivr.testbed.lab.state import LabState
from ivr.testbed.robot.system import SystemFault

MARK, MARK_S, BATCH_S = "Mark", 0.1, 0.02
START_S, LATE_S = 20.0, 10.0
MOST_LAG_S = 1.0
FIRST_RATE, LAST_RATE = 500, 256_000
MEMBER = "Local/hotline@lab-agent/n"


@dataclass(frozen=True, slots=True)
class Held:
    """One rate: events in a second as they were really sent, and the longest lag of the board, seconds."""

    rate: float
    lag_s: float


async def rates(state: LabState, seconds: float) -> tuple[Held, ...]:
    """Each rate for so many seconds, up to the first that the board cannot follow. Raises AmiFault."""
    event = await _event(state)
    found: list[Held] = []
    rate = FIRST_RATE
    while rate <= LAST_RATE and (not found or found[-1].lag_s <= MOST_LAG_S):
        found.append(await _held(event, rate, seconds))
        rate *= 2
    return tuple(found)


async def _event(state: LabState) -> bytes:
    """An event of a person of the queue, as this Asterisk writes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", state.ami_port)
    try:
        login = f"Action: Login\r\nUsername: {state.ami_user}\r\nSecret: {state.ami_secret}\r\n\r\n"
        writer.write(login.encode("ascii"))
        async with connected(state.ami_port, state.ami_user, state.ami_secret) as ami:
            for paused in ("true", "false"):
                await ami.action("QueuePause", Queue=QueueName.HOTLINE, Interface=MEMBER, Paused=paused)
        async with asyncio.timeout(10):
            while True:
                event = await reader.readuntil(b"\r\n\r\n")
                if event.startswith(b"Event: QueueMemberPause\r\n"):
                    return event
    finally:
        writer.close()


class _Timed(QueueBoard):
    """A board that knows how late each mark was, seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.lags: list[float] = []

    def take(self, event: Event) -> None:
        """Take an event in."""
        super().take(event)
        if event["MemberName"].startswith(MARK):
            self.lags.append(time.monotonic() - int(event["MemberName"].removeprefix(MARK)) / 1e9)


async def _held(event: bytes, rate: int, seconds: float) -> Held:
    """One rate, from a process of its own, as Asterisk is."""
    processes = multiprocessing.get_context("spawn")
    here, there = processes.Pipe()
    sender = processes.Process(target=_send_all, args=(there, event, rate, seconds), daemon=True)
    sender.start()
    try:
        port = await asyncio.to_thread(_told, here, START_S)
        board = _Timed()
        ami = await connect(port, "bench", "bench")
        following = asyncio.create_task(follow(ami, board, rebuild_s=3600))
        sent, marks, took_s = await asyncio.to_thread(_told, here, seconds + LATE_S)
        await asyncio.wait({following}, timeout=LATE_S if len(board.lags) < marks else 0)
        lags = list(board.lags)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await ami.close()
        # Marks that never came were thrown away with what came too fast.
        return Held(sent / took_s, max(lags) if len(lags) == marks else LATE_S)
    finally:
        sender.kill()
        sender.join()


def _told(pipe: Connection, limit_s: float) -> Any:
    if not pipe.poll(limit_s):
        raise SystemFault("the sender of events did not answer")
    return pipe.recv()


def _send_all(pipe: Connection, event: bytes, rate: int, seconds: float) -> None:
    """The sender's process: tells its port, then what it sent: events, marks, seconds."""
    asyncio.run(_serve(pipe, event, rate, seconds))


async def _serve(pipe: Connection, event: bytes, rate: int, seconds: float) -> None:
    over = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        listed = asyncio.Event()
        answering = asyncio.create_task(_answer(reader, writer, listed))
        await listed.wait()
        pipe.send(await _send(writer, event, rate, seconds))
        await answering
        over.set()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await over.wait()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listed: asyncio.Event) -> None:
    """Login and QueueStatus succeed; no queue has anybody in it."""
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        while True:
            action = (await reader.readuntil(b"\r\n\r\n")).decode()
            named = re.search(r"^ActionID: (.*?)\r?$", action, re.MULTILINE | re.IGNORECASE)
            own = f"ActionID: {named[1]}\r\n" if named else ""
            said = "Authentication accepted" if "login" in action.lower() else "Queue status will follow"
            writer.write(f"Response: Success\r\n{own}Message: {said}\r\n\r\n".encode())
            if "QueueStatus" in action:
                writer.write(f"Event: QueueStatusComplete\r\n{own}\r\n".encode())
                listed.set()


async def _send(writer: asyncio.StreamWriter, event: bytes, rate: int, seconds: float) -> tuple[int, int, float]:
    began = time.monotonic()
    sent = marks = 0
    with contextlib.suppress(OSError):  # the reader's socket is full for long: it lags, and its marks tell
        while (passed := time.monotonic() - began) < seconds:
            due = min(int(passed * rate) - sent, rate)
            writer.write(event * due)
            sent += due
            if passed >= marks * MARK_S:
                mark = f"MemberName: {MARK}{time.monotonic_ns()}".encode()
                writer.write(re.sub(rb"MemberName: [^\r]*", mark, event))
                marks += 1
            await writer.drain()
            await asyncio.sleep(BATCH_S)
    return sent, marks, time.monotonic() - began
