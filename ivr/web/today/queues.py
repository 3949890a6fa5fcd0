"""The queues as Asterisk's manager tells them, followed while the pages are served."""

from __future__ import annotations

import asyncio
from enum import Enum

from ivr.config import Settings
from ivr.hotline.queue_board import Queue, QueueBoard
from ivr.telephony.manager.ami import Ami
from ivr.telephony.manager.ami_reconnect import ReconnectingAmi, manager_account
from ivr.telephony.manager.queues import follow


class Link(Enum):
    """How well the queues are known."""

    OFF = "off"  # the settings name no account of the manager
    REFUSED = "refused"
    AWAY = "away"
    CURRENT = "current"


class Queues:
    """Updates the queue board by its own connection; `close` ends it. Nothing here raises while Asterisk is away."""

    def __init__(self, settings: Settings) -> None:
        account = manager_account(settings)
        self._board = QueueBoard()
        self._lasting = ReconnectingAmi(account, self._keep) if account is not None else None
        self._task: asyncio.Task[None] | None = None

    @property
    def link(self) -> Link:
        """Whether what `shown` tells is so."""
        if self._lasting is None:
            return Link.OFF
        if self._board.current:
            return Link.CURRENT
        return Link.REFUSED if self._lasting.refused else Link.AWAY

    def shown(self) -> tuple[Queue, ...]:
        """All queues, as last known."""
        return self._board.queues()

    def start(self) -> None:
        """Begin to follow. Needs a running event loop."""
        if self._lasting is not None:
            self._task = asyncio.create_task(self._lasting.run(), name="queues")

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _keep(self, ami: Ami) -> None:
        await follow(ami, self._board)
