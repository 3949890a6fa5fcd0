"""A manager connection that reconnects after every break and never repeats an action from before the break.

An action fails at once with AmiUnavailable while the connection is down. If the connection breaks during an action, its
effect is unknown; the code must check it (a list, a channel's id) before it repeats the action.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ivr.concurrency.backoff import Backoff, Pauses
from ivr.config import Settings
from ivr.telephony.manager.ami import CONNECT_S, Ami, AmiFault, AmiRefused, AmiUnavailable, connect

log = logging.getLogger(__name__)

PAUSES = Pauses(first=0.5, longest=30.0, steady=30.0, spread=0.5)

WithAmi = Callable[[Ami], Awaitable[None]]
"""Works with one connection until it breaks (AmiFault), or until cancelled."""


@dataclass(frozen=True, slots=True)
class ManagerAccount:
    """Where Asterisk's manager listens and who we are there."""

    host: str
    port: int
    user: str
    secret: str = field(repr=False)


def manager_account(settings: Settings) -> ManagerAccount | None:
    """Our account of Asterisk's manager, None if the settings have none."""
    ami = settings.ami
    return ManagerAccount(ami.host, ami.port, ami.user, ami.secret) if ami.user else None


@dataclass(frozen=True, slots=True)
class Patience:
    """Timeouts of a connection, seconds.

    pauses: between two tries, each drawn between half and all of it, so that many daemons do not come at once.
    refused: pause after a refused login; long, since a wrong secret stays wrong and Asterisk's log and fail2ban count
    it. ping: between two questions whether Asterisk is there. answer: longest wait for the answer.
    """

    pauses: Pauses = PAUSES
    refused: float = 300.0
    ping: float = 10.0
    answer: float = 5.0


class ReconnectingAmi:
    """Runs one `WithAmi` for each connection, one after the other. `run` is a task of its owner."""

    def __init__(self, account: ManagerAccount, work: WithAmi, patience: Patience = Patience()) -> None:
        self._account = account
        self._with = work
        self._patience = patience
        self._ami: Ami | None = None
        self._refused = False

    @property
    def refused(self) -> bool:
        """Whether the last login was refused."""
        return self._refused

    @property
    def ami(self) -> Ami:
        """The connection. Raises AmiUnavailable while there is none."""
        if self._ami is None or self._ami.broken:
            raise AmiUnavailable("no connection to Asterisk's manager")
        return self._ami

    async def run(self) -> None:
        """Connect, work, connect again, until cancelled."""
        backoff = Backoff(self._patience.pauses)
        told = False
        while True:
            try:
                ami = await self._connected()
            except AmiRefused:
                self._refused = True
                log.error("Asterisk's manager refused the login; wrong ami.user, ami.secret or permit")
                await asyncio.sleep(self._patience.refused)
                continue
            except AmiUnavailable:
                if not told:
                    log.warning("Asterisk's manager does not answer; it is tried again")
                told = True
            except Exception:  # nobody else would connect again
                log.exception("a fault while Asterisk's manager was followed")
            else:
                self._refused = False
                log.info("connected to Asterisk's manager")
                await self._use(ami)
                log.warning("the connection to Asterisk's manager broke; it is tried again")
                told = True
            await backoff.pause()

    async def _connected(self) -> Ami:
        account = self._account
        return await connect(account.port, account.user, account.secret, host=account.host, limit_s=CONNECT_S)

    async def _use(self, ami: Ami) -> None:
        """Work and ping until one of them finds the connection broken."""
        self._ami = ami
        tasks = {asyncio.ensure_future(self._with(ami)), asyncio.create_task(self._ping(ami))}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ami = None
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            await ami.close()
            for fault in ended:
                if isinstance(fault, Exception) and not isinstance(fault, AmiFault):
                    log.error("a fault while Asterisk's manager was followed", exc_info=fault)

    async def _ping(self, ami: Ami) -> None:
        """Returns never. Raises AmiUnavailable when Asterisk does not answer in time."""
        while True:
            await asyncio.sleep(self._patience.ping)
            await ami.action("Ping", limit_s=self._patience.answer)
