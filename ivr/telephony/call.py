"""A caller at the other end of an AGI session: the dialogue's `Call`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol
from uuid import uuid4

from ivr.dialogue.ports import Answer, Expects, Next, Phrase, Question
from ivr.domain.accounts import Account
from ivr.domain.phones import from_caller_id
from ivr.listening.ask import KeyWaits, Listener
from ivr.listening.keys import Key, KeyBuffer
from ivr.telephony.audio import AudioTap
from ivr.telephony.line import AgiLine
from ivr.telephony.server import Incoming
from ivr.telephony.sounds import Sounds

LONGEST_TEXT = 200


class CallJournal(Protocol):
    """Where a call's steps are written; no method blocks."""

    def opened(self, call_id: str, started_at: datetime, caller: str, called: str, channel: str) -> None:
        """A call began."""

    def step(self, call_id: str, seq: int, at: datetime, kind: str, prompt: str, detail: str) -> None:
        """Something was played, pressed or decided."""

    def identified(self, call_id: str, account_id: int) -> None:
        """Whose call it is."""


class PhoneCall:
    """Implements `ivr.dialogue.ports.Call`; `begin` makes one, `hand_back` or `close` ends it."""

    def __init__(self, line: AgiLine, waits: KeyWaits, journal: CallJournal, call_id: str, caller: str) -> None:
        self._line = line
        self._listener = Listener(line, waits, self._prompt_begins)
        self._journal = journal
        self._steps = 0
        self._account: Account | None = None
        self.id = call_id
        self.caller_number = caller

    @classmethod
    async def begin(
        cls,
        incoming: Incoming,
        sounds: Sounds,
        waits: KeyWaits,
        straggler_s: float,
        journal: CallJournal,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> PhoneCall:
        """Take over the call: open it in the journal and fetch what the dialplan knows.

        Raises HungUp and SessionBroken; nothing of the call stays open then.
        """
        header = incoming.session.header
        caller = from_caller_id(header.get("agi_callerid", ""))
        keys = KeyBuffer(straggler_s)
        audio = AudioTap(incoming.audio_fd) if incoming.audio_fd is not None else None
        call = cls(AgiLine(incoming.session, sounds, keys, audio), waits, journal, uuid4().hex, caller)
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(call.close)
            dialled, _, pressed = (await call._line.expand("${IVR_DIALLED}:${IVR_KEYS}")).partition(":")
            await call._line.set_variables({"IVR_CALL": call.id})
            undo.pop_all()
        # Last, so that no hang-up comes between: whoever has the call from here on also closes it in the journal.
        channel = header.get("agi_channel", "")
        journal.opened(call.id, now(), caller, dialled or header.get("agi_extension", ""), channel)
        for digit in pressed:
            keys.push(Key(digit, 0.0))
        return call

    async def say(self, *phrases: Phrase) -> None:
        """Play phrases to the end, or until a key, which then counts for the next question. Raises HungUp."""
        await self._listener.say(phrases)

    async def announce(self, *phrases: Phrase) -> None:
        """Play phrases to the very end, whatever is pressed; keys are forgotten. Raises HungUp."""
        await self._listener.announce(phrases)

    @property
    def waiting_keys(self) -> str:
        """Keys pressed that no question has taken yet."""
        return self._line.keys.digits

    async def ask(self, question: Question) -> Answer:
        """Ask, and wait for the answer. Raises HungUp."""
        answer = await self._listener.ask(question)
        kind = "keys" if question.expects is not Expects.YES_NO else "yes-no"
        self._step(kind, detail=answer.digits or answer.heard)
        return answer

    def note(self, kind: str, detail: str = "") -> None:
        """Write a step into the journal."""
        self._step(kind, detail=detail)

    def identified(self, account: Account) -> None:
        """Tell the journal whose call this is."""
        self._account = account
        self._journal.identified(self.id, account.id)
        self._step("identified")

    async def hand_back(self, to: Next, queue: str = "") -> None:
        """Set what the dialplan needs to go on with the call. Raises HungUp."""
        values = {"IVR_QUEUE": queue} if queue else {}
        if self._account is not None:
            values |= {"IVR_ACCOUNT": self._account.number, "IVR_DISTRICT": _one_line(self._account.district)}
        self._step("handed-back", detail=to)
        await self._line.set_variables({**values, "IVR_NEXT": to})

    async def close(self) -> None:
        """Let go of the session and the audio."""
        await self._line.close()

    def _prompt_begins(self, phrase: Phrase) -> None:
        self._step("prompt", prompt=phrase[0], detail=" ".join(phrase[1:]))

    def _step(self, kind: str, prompt: str = "", detail: str = "") -> None:
        self._steps += 1
        self._journal.step(self.id, self._steps, datetime.now(UTC), kind, prompt, detail)


def _one_line(text: str) -> str:
    """Free text from billing as a channel variable takes it: no line breaks, and short enough for a command."""
    return "".join(character if character.isprintable() else " " for character in text)[:LONGEST_TEXT]
