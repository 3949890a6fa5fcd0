"""There is still no light, says who was rung at the end of an outage: the dialplan asks for their report's number."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable

from ivr.telephony.agi.server import Incoming

WORD = "dark"

Numbered = Callable[[str], Awaitable[str]]
"""The number of the report that a promise (by its token) has led to, "" if it is not known in time. Raises nothing."""


def is_still_dark(incoming: Incoming) -> bool:
    """Whether this is no call to be talked to, but the question for the number of a report."""
    header = incoming.session.header
    return WORD in (header.get("agi_arg_2"), header.get("agi_network_script"))


async def tell_report(incoming: Incoming, numbered: Numbered) -> None:
    """Tell the dialplan the number, if there is one. Raises HungUp and SessionBroken."""
    session = incoming.session
    if incoming.audio_fd is not None:
        os.close(incoming.audio_fd)
    try:
        number = await numbered(await session.variable("IVR_PROMISE"))
        if number:
            await session.set_variable("IVR_REPORT", number)
    finally:
        session.close()
