"""Keeps the queue board by one manager connection: the list at its beginning, then events."""

from __future__ import annotations

import asyncio
import logging

from ivr.hotline.queue_board import EVENTS, QueueBoard
from ivr.telephony.manager.ami import ACTION_S, Ami, AmiUnavailable, EventsLost

log = logging.getLogger(__name__)

MOST_EVENTS = 10_000
REBUILD_S = 60.0
"""The board is built anew so often, in case an event went astray."""


async def follow(ami: Ami, board: QueueBoard, *, rebuild_s: float = REBUILD_S, at_most: int = MOST_EVENTS) -> None:
    """Keep `board` until the connection breaks; raises AmiUnavailable or AmiRefused then.

    Events come in at the reader's pace; `at_most` of them wait. If more come the list is asked for again.
    """
    loop = asyncio.get_running_loop()
    try:
        while True:
            with ami.events("FullyBooted", *EVENTS, at_most=at_most) as events:
                board.begin()
                await ami.action("QueueStatus")
                until = loop.time() + ACTION_S
                try:
                    while (left := until - loop.time()) > 0:
                        event = await events.next(left)
                        board.take(event)
                        if event.name == "QueueStatusComplete":
                            until = loop.time() + rebuild_s
                        elif event.name == "FullyBooted":
                            break  # what was listed before may have lacked queues
                except EventsLost:
                    log.warning("events of the queues came too fast; the board is built again")
                except TimeoutError:
                    if not board.current:
                        raise AmiUnavailable("the list of queues was not complete in time") from None
    finally:
        board.lost()
