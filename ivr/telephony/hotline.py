"""The hotline of one daemon: its connection to Asterisk's manager, the queue board, call-backs asked for and made."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ivr.config import Settings
from ivr.dialogue.ports import HungUp
from ivr.domain.callbacks import CallbackRequest, CallbackTerms
from ivr.domain.faults import StoreUnavailable
from ivr.hotline.callback_dialer import CallbackDialer, DialerLimits
from ivr.hotline.queue_board import QueueBoard
from ivr.intake.callbacks import Callbacks
from ivr.storage.callbacks.repository import CallbackRepository
from ivr.telephony.agi.server import Incoming
from ivr.telephony.agi.session import SessionBroken
from ivr.telephony.agi_requests import answer_callback_request, answer_still_dark
from ivr.telephony.manager.ami import Ami
from ivr.telephony.manager.ami_reconnect import ManagerAccount, ReconnectingAmi
from ivr.telephony.manager.exchange import AsteriskExchange, Dialling
from ivr.telephony.manager.outage_notice import OutageNotice
from ivr.telephony.manager.queues import follow

log = logging.getLogger(__name__)

REPORT_S, REPORT_LOOK_S = 1.5, 0.1
"""Longest silence of somebody still without light before they are put through without a number; between two looks."""

AGAIN_S = 5.0
"""Between the end of a part that failed and its next beginning."""


@dataclass(frozen=True, slots=True)
class DialerSettings:
    """Settings of call-backs.

    exchange: name of this Asterisk, one for all daemons beside it. numbers: those that the line may call.
    """

    exchange: str
    dialling: Dialling
    numbers: str
    terms: CallbackTerms
    pace: DialerLimits


def dialer_settings(settings: Settings) -> DialerSettings | None:
    """Settings of call-backs, None for no call-backs."""
    ami, calls = settings.ami, settings.callbacks
    if not calls.dial:
        return None
    host = socket.gethostname() if ami.host in {"127.0.0.1", "::1", "localhost"} else ami.host
    pauses = tuple(timedelta(seconds=pause) for pause in calls.pauses_s)
    fresh = timedelta(seconds=calls.fresh_s)
    return DialerSettings(
        exchange=f"{host}:{ami.port}",
        dialling=Dialling(calls.dial, calls.caller_id, calls.ring_s),
        numbers=calls.numbers,
        terms=CallbackTerms(settings.zone, pauses, calls.quiet_from, calls.quiet_to, fresh),
        pace=DialerLimits(calls.at_once, timedelta(seconds=calls.lease_s), calls.power_per_minute),
    )


class Hotline:
    """`run` is a task of its owner. account None: no manager; ringing None: no call-backs."""

    def __init__(
        self,
        account: ManagerAccount | None,
        ringing: DialerSettings | None,
        owed: CallbackRepository,
        callbacks: Callbacks,
        board: QueueBoard,
        now: Callable[[], datetime],
        large_outage: Callable[[], bool] = lambda: False,
    ) -> None:
        """owed: call-backs to be made. callbacks: where callers ask for them. now: aware time.

        large_outage: whether an outage is so large that callers hear of it even when the menu is full.
        """
        self.board = board
        self._owed = owed
        self._callbacks = callbacks
        self._now = now
        self._large_outage = large_outage
        self._lasting = ReconnectingAmi(account, self._with) if account is not None else None
        self._ringing = ringing if account is not None else None

    async def run(self) -> None:
        """Follow the queues and ring people back, until cancelled.

        A part that fails ends no other, and begins again.
        """
        lasting, ringing = self._lasting, self._ringing
        if lasting is None:
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_lasts(lasting.run))
            tasks.create_task(_lasts(OutageNotice(lambda: lasting.ami, self._large_outage).run))
            if ringing is not None:
                exchange = AsteriskExchange(ringing.exchange, lambda: lasting.ami, ringing.dialling)
                dialer = CallbackDialer(self._owed, exchange, self.board, ringing.terms, ringing.pace, self._now)
                tasks.create_task(_lasts(dialer.run))

    def rings(self, phone: str) -> bool:
        """Whether the line makes call-backs and may call this number."""
        return self._ringing is not None and re.fullmatch(self._ringing.numbers, phone) is not None

    async def answer_callback_request(self, incoming: Incoming) -> None:
        """A caller in the queue requests a call-back."""
        try:
            if await answer_callback_request(incoming, self.ask, self.rings, self._now()):
                log.info("a call-back is agreed")
        except (HungUp, SessionBroken):
            log.info("a caller who asked for a call-back hung up")

    async def ask(self, request: CallbackRequest) -> bool:
        """Request a call-back. False if there will be none.

        What is not stored within a call's limit never will be.
        """
        try:
            return await self._callbacks.ask(request)
        except StoreUnavailable:
            log.error("the database does not answer; nobody can be rung back")
            return False

    async def answer_still_dark(self, incoming: Incoming) -> None:
        """The answer to a call-back says that the power is still off; the caller hears the number of the report."""
        with contextlib.suppress(HungUp, SessionBroken):
            await answer_still_dark(incoming, self._numbered)

    async def _numbered(self, token: str) -> str:
        """The number of the report, once whoever watches the call has stored it; "" if that takes too long."""
        try:
            async with asyncio.timeout(REPORT_S):
                while not (number := await asyncio.to_thread(self._owed.report_number, token)):  # noqa: ASYNC110 - perhaps stored by another daemon
                    await asyncio.sleep(REPORT_LOOK_S)
                return number
        except (StoreUnavailable, TimeoutError):
            return ""

    async def _with(self, ami: Ami) -> None:
        await follow(ami, self.board)


async def _lasts(run: Callable[[], Awaitable[None]]) -> None:
    """A part that never ends by itself, begun again after a fault of this program or of a library."""
    task = asyncio.current_task()
    while True:
        try:
            await run()
        except asyncio.CancelledError:
            if task is None or task.cancelling():
                raise
            log.error("a part of the hotline was cancelled by nobody; it begins again")
        except Exception:
            log.exception("a part of the hotline failed; it begins again")
        await asyncio.sleep(AGAIN_S)
