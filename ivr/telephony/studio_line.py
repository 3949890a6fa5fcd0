"""Calls to the studio: check that a telephone may record, and run the call flow."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ivr.config import Settings
from ivr.dialogue.ports import HungUp, Next
from ivr.dialogue.prompts import Prompt
from ivr.dialogue.studio.recording_prompts import RecordingFlow
from ivr.domain.journal.steps import CallerHungUp, Failed, StudioRefused
from ivr.domain.journal.words import Failure, Outcome, Refused
from ivr.domain.phones import from_caller_id
from ivr.domain.users import Person
from ivr.listening.ask import KeyWaits
from ivr.storage.users.credentials import Hashers
from ivr.studio.by_phone import PhoneStudio
from ivr.studio.studio import Studio
from ivr.telephony.agi.server import Incoming
from ivr.telephony.agi.session import SessionBroken
from ivr.telephony.call import LineJournal
from ivr.telephony.recording_call import RecordingPhone
from ivr.telephony.sounds import Sounds

log = logging.getLogger(__name__)

CALL_S = 7200.0
"""Longest call: a day's recording is done in several."""


class StudioLine:
    """Answers calls to the studio. studio.phones of the settings: who may record; empty: all that reach the context."""

    def __init__(
        self,
        settings: Settings,
        studio: Studio,
        hashers: Hashers,
        sounds: Sounds,
        key_waits: KeyWaits,
        journal: LineJournal,
        now: Callable[[], datetime],
    ) -> None:
        self._studio = PhoneStudio(studio, hashers, settings.studio.calls, settings.studio.longest_s, now)
        self._sounds = sounds
        self._key_waits = key_waits
        self._straggler_s = settings.waits.straggler
        self._journal = journal
        self._phones = frozenset(map(same_number, settings.studio.phones))

    async def answer(self, incoming: Incoming) -> None:
        """Talk to whoever calls, to the end; no fault of a call leaves this method. Raises CancelledError."""
        lent: dict[str, Path] = {}
        caller = same_number(incoming.session.header.get("agi_callerid", ""))
        try:
            call = await RecordingPhone.begin(
                incoming, replace(self._sounds, lent=lent), self._key_waits, self._straggler_s, self._journal
            )
        except (HungUp, SessionBroken):
            log.info("who called the studio hung up at once")
            return
        log.info("a call to the studio begins", extra={"call": call.id})
        try:
            async with asyncio.timeout(CALL_S):
                await self._visit(call, caller, lent)
                await call.hand_back(Next.HANGUP)
        except HungUp:
            call.note(CallerHungUp())
        except (SessionBroken, TimeoutError):
            log.warning("a call to the studio broke off", extra={"call": call.id})
            call.note(Failed(Failure.SESSION))
        except Exception:
            # IVR_NEXT stays empty: the dialplan says that the studio is away.
            log.exception("a fault in the studio by telephone", extra={"call": call.id})
            call.note(Failed(Failure.DIALOGUE))
        finally:
            self._journal.closed(call.id, datetime.now(UTC), Outcome.NOTHING)
            await call.close()
            log.info("a call to the studio ends", extra={"call": call.id})

    async def _visit(self, call: RecordingPhone, caller: str, lent: dict[str, Path]) -> None:
        begun: tuple[Person, int] | None = None
        if token := await call.token():
            begun = await self._studio.begun(token)
            if begun is None:
                log.warning("a call to the studio brought a leave that is used up or too old", extra={"call": call.id})
        if begun is None and self._phones and caller not in self._phones:
            log.warning("a telephone that may not record called the studio", extra={"call": call.id})
            call.note(StudioRefused(Refused.TELEPHONE))
            await call.announce((Prompt.STUDIO_NOT_FROM_HERE,), (Prompt.GOODBYE,))
            return
        flow = RecordingFlow(call, self._studio.desk(caller, lent))
        person, number = begun or (None, None)
        await flow.run(person, number)

    async def take_in(self) -> None:
        """Make drafts of what was recorded in calls that a fault ended. Raises StoreUnavailable."""
        try:
            taken = await asyncio.to_thread(self._studio.take_in)
        except OSError as fault:
            log.error("recordings by telephone cannot be taken in", extra={"reason": type(fault).__name__})
            return
        if taken:
            log.warning("recordings by telephone were left over and are kept as drafts", extra={"count": taken})


def same_number(text: str) -> str:
    """A telephone number in the one form in which two are compared: E.164 where it is one, else its digits."""
    return from_caller_id(text) or re.sub(r"\D", "", text)
