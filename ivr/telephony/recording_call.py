"""Somebody at the telephone who records prompts: a call that Asterisk writes into a file."""

from __future__ import annotations

from ivr.dialogue.studio.ports import Recorded
from ivr.domain.journal.steps import RecordingBegan
from ivr.telephony.call import PhoneCall
from ivr.telephony.names import Variable

FORMAT = "wav16"
"""16 bit at 16 kHz: a G.722 telephone keeps its quality, and a narrow one loses nothing."""


class RecordingPhone(PhoneCall):
    """Implements `ivr.dialogue.studio.ports.RecordingCall`; made by `begin`, as any call."""

    async def record_prompt(self, name: str, longest_s: float) -> Recorded:
        """Record into the file `name` without its ending, as the dialogue's port says."""
        self.note(RecordingBegan())
        return Recorded.ENDED if await self._line.record(name, FORMAT, longest_s) else Recorded.FAILED

    async def token(self) -> str:
        """The leave that a call of the pages brings along, "" for any other call. Raises HungUp."""
        return await self._line.expand(f"${{{Variable.STUDIO_CALL}}}")
