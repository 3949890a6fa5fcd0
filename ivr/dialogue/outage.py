"""A known or suspected outage at the caller's place: what is the matter, then what they want to do about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ivr.dialogue.conversation import Conversation, HandOver
from ivr.dialogue.menus import spoken_keys
from ivr.dialogue.ports import Callbacks, Next, Phrase
from ivr.dialogue.prompts import Prompt
from ivr.domain.callbacks import OutageCallbackRequest
from ivr.domain.faults import StoreUnavailable
from ivr.domain.journal.steps import CallbackAgreed, Failed, OutageTold
from ivr.domain.journal.words import Failure
from ivr.domain.outages import Cause, Outage, Scope, State
from ivr.intake.ports import Clock
from ivr.language.port import Intent, Menu
from ivr.language.selected import LANGUAGE

RING, MESSAGE, PERSON, ON = "1", "2", "3", "4"
WORDS = {
    **dict.fromkeys(LANGUAGE.words(Intent.OPERATOR), PERSON),
    **spoken_keys(Menu.OUTAGE, {"ring-me": RING, "message": MESSAGE, "readings": ON}),
}

_WHERE = {
    Scope.DISTRICT: Prompt.OUTAGE_DISTRICT,
    Scope.STREET: Prompt.OUTAGE_STREET,
    Scope.HOUSE: Prompt.OUTAGE_HOUSE,
}
_WHY = {
    Cause.WORKS: Prompt.OUTAGE_WORKS,
    Cause.CABLE: Prompt.OUTAGE_CABLE,
    Cause.LINE: Prompt.OUTAGE_LINE,
    Cause.SUBSTATION: Prompt.OUTAGE_SUBSTATION,
    Cause.WEATHER: Prompt.OUTAGE_WEATHER,
    Cause.UNKNOWN: Prompt.OUTAGE_UNKNOWN,
}


async def tell(
    conversation: Conversation,
    callbacks: Callbacks,
    clock: Clock,
    outage: Outage,
    account_id: int | None,
    rings: Callable[[str], bool],
    *,
    told_already: bool = False,
) -> bool:
    """Tell of an outage and do what the caller chooses; True if they get a call-back, False: go on.

    told_already: only the choices are left (`noted` was called then).

    Nothing of the account is said, neither district nor street by name: whoever calls need not be its owner.
    Raises HungUp, and HandOver for a message or a person.
    """
    call = conversation.call
    now = clock.now()
    if not told_already:
        noted(conversation, outage, now)
    # Nobody can call back a hidden number, so such a caller gets no offer.
    offers_ring = bool(call.caller_number) and rings(call.caller_number)
    choices = Prompt.OUTAGE_CHOICES if offers_ring else Prompt.OUTAGE_CHOICES_WITHOUT_NUMBER
    keys = (RING if offers_ring else "") + MESSAGE + PERSON + ON
    what = () if told_already else phrases(outage, now)
    match await conversation.choose(*what, (choices,), keys=keys, spoken=WORDS):
        case "1":
            request = OutageCallbackRequest(call.id, call.caller_number, outage.id, account_id)
            await _ask_for_callback(conversation, callbacks, request)
            return True
        case "2":
            raise HandOver(Next.MESSAGE)
        case "3":
            raise HandOver(Next.HOTLINE)
    return False


def noted(conversation: Conversation, outage: Outage, now: datetime) -> None:
    """Record what the caller hears of an outage, for the journal and the operator."""
    suspected = outage.state is State.SUSPECTED
    what = State.SUSPECTED if suspected else outage.cause
    conversation.call.note(OutageTold(outage.id, outage.place.scope, None if suspected else outage.cause))
    until = ""
    if not suspected:
        end = outage.expected_end
        until = " no-end" if end is None else " late" if outage.is_late(now) else f" until {_minute(end, now)}"
    conversation.call.told_of(outage, f"{what}{until}")


def phrases(outage: Outage, now: datetime) -> tuple[Phrase, ...]:
    """Where there is no light and why, then until when; of a suspected outage that it is one, and no more."""
    if outage.state is State.SUSPECTED:
        return ((Prompt.OUTAGE_SUSPECTED,),)
    what = (Prompt.OUTAGE_KNOWN, _WHERE[outage.place.scope], _WHY[outage.cause])
    if outage.expected_end is None:
        return what, (Prompt.OUTAGE_NO_END,)
    if outage.is_late(now):
        return what, (Prompt.OUTAGE_LATE,)
    return what, (Prompt.OUTAGE_EXPECTED, *LANGUAGE.say_deadline(outage.expected_end.astimezone(now.tzinfo), now))


def _minute(moment: datetime, now: datetime) -> str:
    return moment.astimezone(now.tzinfo).isoformat(timespec="minutes")


async def _ask_for_callback(conversation: Conversation, callbacks: Callbacks, request: OutageCallbackRequest) -> None:
    """Stored before it is said."""
    try:
        await conversation.meanwhile(callbacks.ask_after_outage(request))
    except StoreUnavailable:
        conversation.call.note(Failed(Failure.CALLBACK_NOT_STORED))
        await conversation.say((Prompt.OUTAGE_NOT_PROMISED,))
        raise HandOver(Next.HOTLINE) from None
    conversation.call.note(CallbackAgreed(request.outage_id))
    await conversation.say((Prompt.OUTAGE_PROMISED,))
