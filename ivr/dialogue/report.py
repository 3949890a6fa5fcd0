"""A report of a caller without light: what is wrong, where, a number, and then a person all the same."""

from __future__ import annotations

import asyncio
from typing import NoReturn

from ivr.dialogue.conversation import Conversation, HandOver
from ivr.dialogue.menus import spoken_keys
from ivr.dialogue.ports import Ending, Next
from ivr.dialogue.prompts import Prompt
from ivr.domain.accounts import Account
from ivr.domain.faults import StoreUnavailable
from ivr.domain.journal.steps import Failed, OutageReported
from ivr.domain.journal.words import Failure
from ivr.domain.outages import Trouble
from ivr.intake.report_outage import OutageStore, is_urgent, report_outage
from ivr.language.port import Menu
from ivr.language.selected import LANGUAGE

TROUBLES = {
    "1": Trouble.FLAT,
    "2": Trouble.HOUSE,
    "3": Trouble.STREET,
    "4": Trouble.DANGER,
    "5": Trouble.FLICKER,
}
WORDS = spoken_keys(Menu.REPORT, {"flat": "1", "house": "2", "street": "3", "danger": "4", "flicker": "5"})
STORE_AFTER_S = 1.0
"""A caller in danger waits no longer than this for the store, after the words that they are being put through."""


async def take_report(conversation: Conversation, outages: OutageStore, account: Account | None) -> NoReturn:
    """Take a short report, tell its number, and put the caller through.

    What is wrong is asked first: a caller who sees sparks is put through at once, whatever else is not known.
    account: the account that it concerns; None: the address is spoken and kept.
    Raises HungUp, else always HandOver, to the hotline unless the caller or their failures choose otherwise.
    """
    key = await conversation.choose((Prompt.REPORT_TROUBLE,), keys="".join(TROUBLES), spoken=WORDS)
    trouble = TROUBLES[key]
    conversation.call.reported(trouble)
    if is_urgent(trouble):
        await _put_through(conversation, outages, account)
    recording = "" if account is not None else await _spoken_address(conversation)
    try:
        reporting = report_outage(outages, conversation.call.id, trouble, account, recording)
        number = await conversation.meanwhile(reporting)
    except StoreUnavailable:
        conversation.call.note(Failed(Failure.REPORT_NOT_STORED))
        await conversation.say((Prompt.REPORT_NOT_STORED,))
    else:
        conversation.call.note(OutageReported(number, trouble))
        conversation.call.reported(trouble, number)
        await conversation.say_whole((Prompt.REPORT_NUMBER, *LANGUAGE.say_digits(number)))
    raise HandOver(Next.HOTLINE)


async def _put_through(conversation: Conversation, outages: OutageStore, account: Account | None) -> NoReturn:
    """Store the report while the caller hears that they are being put through; a slow store holds nobody up."""
    conversation.call.in_danger()
    storing = asyncio.ensure_future(report_outage(outages, conversation.call.id, Trouble.DANGER, account))
    try:
        await conversation.call.announce((Prompt.HOTLINE,))
    finally:
        await asyncio.wait((storing,), timeout=STORE_AFTER_S)
        storing.cancel()
        (stored,) = await asyncio.gather(storing, return_exceptions=True)
        if isinstance(stored, str):
            conversation.call.note(OutageReported(stored, Trouble.DANGER))
            conversation.call.reported(Trouble.DANGER, stored)
        else:
            conversation.call.note(Failed(Failure.REPORT_NOT_STORED))
    raise HandOver(Next.HOTLINE, announced=True)


async def _spoken_address(conversation: Conversation) -> str:
    """Path of the recorded address, "" for silence. The line asks once: the operator asks again."""
    said = await conversation.record((Prompt.REPORT_ADDRESS,))
    return await conversation.call.keep_voice(said.audio) if said.ended is Ending.ANSWER else ""
