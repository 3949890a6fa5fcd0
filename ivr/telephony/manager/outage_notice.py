"""Lets the dialplan tell of a large outage by itself, to callers for whom the menu has no room.

The dialplan is told for how long the news holds (`ivr-notice`), counted by Asterisk's own clock, and again before
that is over. So a daemon that dies leaves no old news behind, and neither does a restart of Asterisk, which forgets it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ivr.telephony.manager.ami import Ami, AmiFault, AmiRefused, AmiUnavailable
from ivr.telephony.names import Context

log = logging.getLogger(__name__)

HOLDS_S, AGAIN_S, LOOK_S = 180, 60.0, 2.0


class OutageNotice:
    """`run` is a task of its owner. ami: raises AmiUnavailable while down. wanted: whether there is news."""

    def __init__(self, ami: Callable[[], Ami], wanted: Callable[[], bool]) -> None:
        self._ami = ami
        self._wanted = wanted

    async def run(self) -> None:
        """Tell each new connection, each change, and again while there is news, until cancelled."""
        loop = asyncio.get_running_loop()
        told: tuple[Ami, bool] | None = None
        again = 0.0
        while True:
            try:
                now = (self._ami(), self._wanted())
                if now != told or loop.time() >= again:
                    told, again = now, loop.time() + AGAIN_S if now[1] else float("inf")
                    await _tell(*now)
            except AmiUnavailable:
                told = None
            except AmiRefused:
                log.warning("the dialplan could not be told of a large outage")
                again = loop.time() + AGAIN_S
            except AmiFault:
                told = None
            await asyncio.sleep(LOOK_S)


async def _tell(ami: Ami, wanted: bool) -> None:
    """The extension is the number of seconds; no right beyond Originate is needed."""
    await ami.originate(f"Local/{HOLDS_S if wanted else 0}@{Context.NOTICE}/n", context=Context.NOTICE, ring_s=5)
