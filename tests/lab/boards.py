"""A board that follows the lab's queues, as the daemon keeps it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ivr.concurrency.backoff import Pauses
from ivr.hotline.queue_board import QueueBoard
from ivr.telephony.manager.ami import Ami
from ivr.telephony.manager.ami_reconnect import ManagerAccount, Patience, ReconnectingAmi, WithAmi
from ivr.telephony.manager.queues import follow
from ivr.testbed.lab.lab import Lab
from ivr.testbed.lab.state import LabState

QUICK = Patience(Pauses(first=0.05, longest=0.4, steady=0.4, spread=0.5), refused=0.6)
"""It comes back soon; how long Asterisk may take to answer is the product's own."""


def state_of(lab: Lab) -> LabState:
    state = lab.state
    assert state is not None
    return state


@contextlib.asynccontextmanager
async def following(
    lab: Lab, board: QueueBoard, port: int = 0, secret: str = "", patience: Patience = QUICK
) -> AsyncIterator[ReconnectingAmi]:
    """The board is kept for the length of a block."""

    async def visit(ami: Ami) -> None:
        await follow(ami, board)

    async with lasting_with(lab, visit, port, secret, patience) as lasting:
        yield lasting


@contextlib.asynccontextmanager
async def lasting_with(
    lab: Lab, work: WithAmi, port: int = 0, secret: str = "", patience: Patience = QUICK
) -> AsyncIterator[ReconnectingAmi]:
    """A connection that lasts for the length of a block and does `work`."""
    state = state_of(lab)
    account = ManagerAccount("127.0.0.1", port or state.ami_port, state.ami_user, secret or state.ami_secret)
    lasting = ReconnectingAmi(account, work, patience)
    running = asyncio.create_task(lasting.run())
    try:
        yield lasting
    finally:
        running.cancel()
        await asyncio.wait({running})


def waits(board: QueueBoard) -> int:
    return len(board.queue("hotline").waiting) if board.current else -1
