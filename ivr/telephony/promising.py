"""A caller in the queue pressed the key to be rung back: the dialplan asks the daemon to promise it."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from ivr.domain.callbacks import DANGER, CallbackRequest
from ivr.domain.phones import from_caller_id
from ivr.telephony.agi.server import Incoming

WORD = "promise"

Make = Callable[[CallbackRequest], Awaitable[bool]]
"""Keeps a promise, False if it cannot. Raises nothing of its own: whoever cannot keep it says so."""


def is_wish(incoming: Incoming) -> bool:
    """Whether this is no call to be talked to, but a wish to be rung back."""
    header = incoming.session.header
    return WORD in (header.get("agi_arg_2"), header.get("agi_network_script"))


async def take_wish(incoming: Incoming, make: Make, rings: Callable[[str], bool], now: datetime) -> bool:
    """Read the wish from the channel, promise or not, tell the dialplan; whether it was promised.

    rings: whether a number is one that is rung. now: aware time.
    Raises HungUp and SessionBroken; a promise that was made before then stands.
    """
    session = incoming.session
    if incoming.audio_fd is not None:
        os.close(incoming.audio_fd)
    try:
        phone = from_caller_id(session.header.get("agi_callerid", ""))
        names = ("IVR_QUEUE", "QUEUE_PRIO", "IVR_SINCE", "IVR_CALL", "IVR_ACCOUNT", "IVR_PROMISE")
        queue, priority, since, call_id, account, kept = [await session.variable(name) for name in names]
        promised = False
        if phone and rings(phone):
            wish = CallbackRequest(phone, queue, _urgency(priority), _joined(since, now), call_id, account, kept)
            promised = await make(wish)
        await session.set_variable("IVR_PROMISED", "yes" if promised else "no")
    finally:
        session.close()
    return promised


def _urgency(priority: str) -> int:
    """Of the priority in the queue: that of who was rung back before is theirs for one time only."""
    return DANGER if re.fullmatch("[0-9]{1,3}", priority) and int(priority) >= DANGER else 0


def _joined(seconds: str, now: datetime) -> datetime:
    """When they began to wait; Asterisk's clock may differ, and nobody has waited since tomorrow."""
    return min(datetime.fromtimestamp(int(seconds), UTC), now) if re.fullmatch("[0-9]{9,11}", seconds) else now
