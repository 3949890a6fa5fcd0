"""Customers' calls: the line talks to each caller; after any fault the dialplan takes over."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from ivr.config import Settings
from ivr.dialogue.call_flow import CallFlow, Dependencies
from ivr.dialogue.ports import HungUp, Next
from ivr.domain.journal.steps import CallerHungUp, Failed
from ivr.domain.journal.words import Failure
from ivr.listening.ask import KeyWaits
from ivr.telephony.agi.server import Incoming
from ivr.telephony.agi.session import SessionBroken
from ivr.telephony.call import Hearing, LineJournal, PhoneCall
from ivr.telephony.sounds import Sounds

log = logging.getLogger(__name__)


class CustomerLine:
    """Answers calls to the line. Beside it: StudioLine."""

    def __init__(
        self,
        settings: Settings,
        dependencies: Dependencies,
        sounds: Sounds,
        key_waits: KeyWaits,
        hearing: Hearing,
        journal: LineJournal,
    ) -> None:
        """dependencies: shared by all calls."""
        self._dependencies = dependencies
        self._sounds = sounds
        self._key_waits = key_waits
        self._straggler_s = settings.waits.straggler
        self._call_s = settings.line.call_s
        self._hearing = hearing
        self._journal = journal

    async def answer(self, incoming: Incoming) -> None:
        """Talk to whoever calls, to the end. Raises CancelledError; HungUp, SessionBroken before the call begins."""
        call = await PhoneCall.begin(
            incoming,
            self._sounds,
            self._key_waits,
            self._straggler_s,
            self._journal,
            hearing=self._hearing,
        )
        log.info("call begins", extra={"call": call.id})
        if self._hearing.ears is not None and not self._hearing.ears.available:
            call.note(Failed(Failure.RECOGNISER))
        flow = CallFlow(call, self._dependencies)
        to: Next | None = None
        try:
            async with asyncio.timeout(self._call_s):
                to = await flow.run()
                await call.hand_back(to)
        except HungUp:
            call.note(CallerHungUp())
        except SessionBroken:
            log.warning("a session broke; the dialplan takes over", extra={"call": call.id})
            call.note(Failed(Failure.SESSION))
        except TimeoutError:
            log.warning("a call outlasted its limit; the dialplan takes over", extra={"call": call.id})
            call.note(Failed(Failure.TOO_LONG))
        except asyncio.CancelledError:
            call.note(Failed(Failure.DAEMON_STOPS))
            raise
        except Exception:
            # Whatever it is, the caller reaches a person: IVR_NEXT stays empty and the dialplan goes to its fallback.
            log.exception("a fault in the dialogue; the dialplan takes over", extra={"call": call.id})
            call.note(Failed(Failure.DIALOGUE))
        finally:
            outcome = flow.outcome(to)
            self._journal.closed(call.id, datetime.now(UTC), outcome)
            await call.close()
            log.info("call ends", extra={"call": call.id, "outcome": outcome})
