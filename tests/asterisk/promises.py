"""Promises in the database of a system, and who is rung by the lab's Asterisk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from ivr.domain.promises import Wish
from ivr.lab.lab import Lab
from ivr.robot.system import System
from ivr.storage import tables
from ivr.storage.promises import Promises
from ivr.telephony.ami import AmiUnavailable
from tests.lab.phone import exchange

LIMIT_S = 40.0
CALLER = "+79161234567"
PACE = {"dial": "Local/{phone}@lab-called/n", "quiet_from": 0, "quiet_to": 0, "pauses_s": [1, 1], "lease_s": 3.0}


def rings_back(lab: Lab, **ami: Any) -> dict[str, dict[str, Any]]:
    """Settings of a daemon that rings back over this lab."""
    state = lab.state
    assert state is not None
    account = {"port": state.ami_port, "user": "ivr", "secret": state.ami_secret, **ami}
    return {"ami": account, "callbacks": dict(PACE), "speech": {"model": "none"}}


def promise(system: System, *phones: str, queue: str = "hotline", priority: int = 0) -> None:
    """Promise to ring these numbers back, as callers in the queue would be promised."""
    database = system.open_database()
    for phone in phones:
        assert Promises(database).make(Wish(phone, queue, priority, datetime.now(UTC)), datetime.now(UTC))
    database.close()


def kept(system: System) -> list[tuple[str, str, str, int]]:
    """Phone, state, reason and tries of all promises."""
    database = system.open_database()
    callbacks = tables.of(tables.Callback)
    columns = (callbacks.c.phone, callbacks.c.state, callbacks.c.reason, callbacks.c.tries)
    with database.reading() as connection:
        found = [tuple(row) for row in connection.execute(select(*columns).order_by(callbacks.c.id))]
    database.close()
    return found


def lease_of(system: System) -> datetime:
    """Until when the one promise is held."""
    database = system.open_database()
    with database.reading() as connection:
        lease = connection.scalar(select(tables.of(tables.Callback).c.lease_until))
    database.close()
    assert lease is not None
    return lease


async def until(true: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    """Wait until something is so. Raises TimeoutError."""
    async with asyncio.timeout(limit_s):
        while not await asyncio.to_thread(true):  # noqa: ASYNC110 - what is waited for lies in another program
            await asyncio.sleep(0.1)


@contextlib.asynccontextmanager
async def rung(lab: Lab) -> AsyncIterator[list[str]]:
    """Numbers that are rung, as it happens."""
    numbers: list[str] = []
    async with exchange(lab) as ami:
        with ami.events("VarSet") as events:

            async def listen() -> None:
                with contextlib.suppress(AmiUnavailable):
                    while True:
                        event = await events.next(3600)
                        if event["Variable"] == "IVR_RUNG":
                            numbers.append(event["Value"])

            listening = asyncio.create_task(listen())
            yield numbers
            listening.cancel()
            await asyncio.wait({listening})
