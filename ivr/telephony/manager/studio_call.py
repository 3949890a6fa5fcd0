"""Calls a telephone from the pages, so that a speaker records a prompt there without a PIN."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ivr.config import Settings
from ivr.domain.faults import Unavailable
from ivr.domain.takes import TakeFault
from ivr.domain.users import Person
from ivr.storage.database.database import Database
from ivr.storage.prompts import studio_calls
from ivr.telephony.manager.ami import AmiFault, CallFailed, connected
from ivr.telephony.names import Context, Variable
from ivr.telephony.studio_line import same_number

EXTEN = "ring"
RING_S = 30.0


class RangStudio(StrEnum):
    """How ringing a telephone ended."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    FAILED = "failed"


class RingProblem(StrEnum):
    """Reason why the studio cannot call a telephone."""

    NOT_LISTED = "not listed"
    NO_EXCHANGE = "no exchange"


@dataclass(eq=False)
class CannotRing(TakeFault, Unavailable):
    """The studio cannot call a telephone."""

    problem: RingProblem


_REASONS = {1: RangStudio.NO_ANSWER, 3: RangStudio.NO_ANSWER, 5: RangStudio.BUSY}


def telephones(settings: Settings) -> tuple[str, ...]:
    """The numbers that the page may offer to ring; none where ringing is not configured."""
    return settings.studio.phones if settings.ami.user and settings.studio.dial else ()


async def ring_to_record(settings: Settings, database: Database, person: Person, prompt: str, phone: str) -> RangStudio:
    """Ring `phone`, one of `telephones`; whoever answers records `prompt` as `person`, who is logged in to the pages.

    Returns when it is answered or has rung for RING_S: a page does not wait for that in its request. What is recorded
    then appears as takes of the prompt. Raises CannotRing, StoreUnavailable.
    """
    ami, studio = settings.ami, settings.studio
    wanted = same_number(phone)
    number = next((known for known in telephones(settings) if same_number(known) == wanted), None)
    if number is None:
        raise CannotRing(RingProblem.NOT_LISTED)
    now = datetime.now(UTC)
    token = await asyncio.to_thread(studio_calls.give_leave, database, person.id, prompt, number, now)
    try:
        async with connected(ami.port, ami.user, ami.secret, host=ami.host) as manager:
            await manager.originate(
                studio.dial.format(number=number.removeprefix("+")),
                context=Context.STUDIO,
                exten=EXTEN,
                caller_id=settings.callbacks.caller_id,
                variables={Variable.STUDIO_CALL: token},
                ring_s=RING_S,
            )
    except CallFailed as failure:
        return _REASONS.get(failure.reason, RangStudio.FAILED)
    except AmiFault as fault:
        raise CannotRing(RingProblem.NO_EXCHANGE) from fault
    return RangStudio.ANSWERED
