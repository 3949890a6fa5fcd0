"""What the dialplan asks of the daemon: one handler for each word that it sends, and calls to be talked to.

A word without a handler begins a call, so that every caller reaches the line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from ivr.domain.callbacks import DANGER, CallbackRequest
from ivr.domain.phones import from_caller_id
from ivr.telephony.agi.server import Handler, Incoming
from ivr.telephony.names import Request, Variable

OVER_NETWORK = frozenset({Request.CALLBACK, Request.STILL_DARK})
"""Requests that also come by FastAGI. A recording in the studio needs the daemon's own machine."""

Ask = Callable[[CallbackRequest], Awaitable[bool]]
"""Asks for a call-back; False if nobody will ring. Raises nothing of its own."""

ReportNumber = Callable[[str], Awaitable[str]]
"""Number of the report that a call-back (by its token) has led to, "" if it is not known in time. Raises nothing."""


class AgiRequests:
    """Finds the handler of an AGI session by its argument; `answer` is the handler of the call server."""

    def __init__(self, call: Handler, requests: Mapping[Request, Handler]) -> None:
        """call: answers a call to be talked to. requests: what answers each of the others."""
        self._call = call
        self._requests = dict(requests)

    async def answer(self, incoming: Incoming) -> None:
        """Let the handler of this session answer it. Raises what the handler raises."""
        request = request_of(incoming)
        await (self._call if request is None else self._requests.get(request, self._call))(incoming)


def request_of(incoming: Incoming) -> Request | None:
    """What the dialplan asks, None for a call to be talked to."""
    header = incoming.session.header
    by_launcher, by_network = header.get("agi_arg_2", ""), header.get("agi_network_script", "")
    if by_launcher in set(Request):
        return Request(by_launcher)
    return Request(by_network) if by_network in OVER_NETWORK else None


async def answer_callback_request(incoming: Incoming, ask: Ask, rings: Callable[[str], bool], now: datetime) -> bool:
    """A caller in a queue requests a call-back by key; tell the dialplan whether they get one.

    rings: whether the line may call a number. now: aware time.
    Raises HungUp and SessionBroken; a call-back that was agreed before then stands.
    """
    session = incoming.session
    _close_audio(incoming)
    try:
        phone = from_caller_id(session.header.get("agi_callerid", ""))
        names = (
            Variable.QUEUE,
            Variable.PRIORITY,
            Variable.SINCE,
            Variable.CALL,
            Variable.ACCOUNT,
            Variable.CALLBACK,
        )
        queue, priority, since, call_id, account, kept = [await session.variable(name) for name in names]
        agreed = False
        if phone and rings(phone):
            agreed = await ask(
                CallbackRequest(phone, queue, _urgency(priority), _joined(since, now), call_id, account, kept)
            )
        await session.set_variable(Variable.CALLBACK_AGREED, "yes" if agreed else "no")
    finally:
        session.close()
    return agreed


async def answer_still_dark(incoming: Incoming, report_number: ReportNumber) -> None:
    """The answer to a call-back says that the power is still off; reply with the number of the report.

    Raises HungUp and SessionBroken.
    """
    session = incoming.session
    _close_audio(incoming)
    try:
        number = await report_number(await session.variable(Variable.CALLBACK))
        if number:
            await session.set_variable(Variable.REPORT, number)
    finally:
        session.close()


def _close_audio(incoming: Incoming) -> None:
    if incoming.audio_fd is not None:
        os.close(incoming.audio_fd)


def _urgency(priority: str) -> int:
    """The emergency part of a priority in the queue; a call-back's own priority counts only once."""
    return DANGER if re.fullmatch("[0-9]{1,3}", priority) and int(priority) >= DANGER else 0


def _joined(seconds: str, now: datetime) -> datetime:
    """When they began to wait; Asterisk's clock may differ, and nobody has waited since tomorrow."""
    return min(datetime.fromtimestamp(int(seconds), UTC), now) if re.fullmatch("[0-9]{9,11}", seconds) else now
