"""A caller at the other end of an AGI session: the dialogue's `Call`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, Self
from uuid import uuid4

from ivr.dialogue.ports import Answer, Expects, Next, Phrase, Question
from ivr.domain.accounts import Account
from ivr.domain.journal.steps import (
    AddressRecorded,
    HandedBack,
    Identified,
    KeysPressed,
    PromptBegan,
    Said,
    Step,
    YesOrNoPressed,
)
from ivr.domain.journal.words import Outcome, TurnEnd
from ivr.domain.outages import Outage, Trouble
from ivr.domain.phones import from_caller_id
from ivr.language.port import Intent
from ivr.listening.ask import KeyWaits, Listener
from ivr.listening.keys import Key, KeyBuffer
from ivr.listening.recogniser_port import RecogniserPort
from ivr.listening.speech_turn import SpeechWaits
from ivr.telephony.agi.audio import AudioTap
from ivr.telephony.agi.server import Incoming
from ivr.telephony.line import AgiLine
from ivr.telephony.names import Variable
from ivr.telephony.screen_pop import ScreenPop
from ivr.telephony.sounds import Sounds

log = logging.getLogger(__name__)

KEEP_LIMIT_S = 5.0

_BEGAN = f"${{{Variable.DIALLED}}}:${{{Variable.KEYS}}}"


@dataclass(frozen=True, slots=True)
class Hearing:
    """Speech recognition of a call. recordings: folder for utterances, None to store none."""

    ears: RecogniserPort | None = None
    waits: SpeechWaits = field(default_factory=SpeechWaits)
    recordings: Path | None = None


class CallJournal(Protocol):
    """Where a call's steps are written; no method blocks."""

    def opened(
        self, call_id: str, started_at: datetime, caller: str, called: str, channel: str, uniqueid: str = ""
    ) -> None:
        """A call began."""

    def step(self, call_id: str, seq: int, at: datetime, step: Step) -> None:
        """Something was played, pressed or decided."""

    def identified(self, call_id: str, account_id: int) -> None:
        """The account of the call."""


class LineJournal(CallJournal, Protocol):
    """Where calls are written down, with their ends."""

    def closed(self, call_id: str, ended_at: datetime, outcome: Outcome) -> None:
        """A call ended."""


class PhoneCall:
    """Implements `ivr.dialogue.ports.Call`; `begin` makes one, `hand_back` or `close` ends it."""

    def __init__(
        self, line: AgiLine, waits: KeyWaits, journal: CallJournal, call_id: str, caller: str, hearing: Hearing
    ) -> None:
        self._line = line
        self._listener = Listener(line, waits, self._prompt_begins, hearing.ears, hearing.waits)
        self._recordings = hearing.recordings
        self._kept = 0
        self._journal = journal
        self._steps = 0
        self._screen = ScreenPop()
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
        hearing: Hearing = Hearing(),
    ) -> Self:
        """Take over the call: open it in the journal and fetch what the dialplan knows.

        Raises HungUp and SessionBroken; nothing of the call stays open then.
        """
        header = incoming.session.header
        caller = from_caller_id(header.get("agi_callerid", ""))
        keys = KeyBuffer(straggler_s)
        audio = AudioTap(incoming.audio_fd) if incoming.audio_fd is not None else None
        call = cls(AgiLine(incoming.session, sounds, keys, audio), waits, journal, uuid4().hex, caller, hearing)
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(call.close)
            dialled, _, pressed = (await call._line.expand(_BEGAN)).partition(":")
            await call._line.set_variables({Variable.CALL: call.id})
            undo.pop_all()
        # Last, so that no hang-up comes between: whoever has the call from here on also closes it in the journal.
        channel = header.get("agi_channel", "")
        called, uniqueid = dialled or header.get("agi_extension", ""), header.get("agi_uniqueid", "")
        journal.opened(call.id, now(), caller, called, channel, uniqueid)
        for digit in pressed:
            keys.push(Key(digit, 0.0))
        return call

    async def say(self, *phrases: Phrase) -> Intent | None:
        """Play phrases to the end, or until a key, which then counts for the next question. Raises HungUp.

        HOTLINE or OPERATOR, spoken meanwhile, stops them and is returned; other words stop nothing.
        """
        command = await self._listener.say(phrases)
        if command is not None:
            self.note(Said(TurnEnd(command.value)))
        return command

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
        self.note(_turn(question, answer))
        return answer

    async def record(self, *phrases: Phrase, no_input_s: float, longest_s: float) -> Answer:
        """Play phrases and keep what is said then, as the dialogue's port says. Raises HungUp."""
        answer = await self._listener.record(phrases, no_input_s, longest_s)
        self.note(AddressRecorded(TurnEnd(answer.ended.value)))
        return answer

    @property
    def hears(self) -> bool:
        """Whether the line understands speech now; False: keys only."""
        return self._listener.hears

    def keys_only(self) -> None:
        """Answers are keys from here on; calls for people by voice still count."""
        self._listener.keys_only()

    async def keep_voice(self, audio: bytes) -> str:
        """Keep an utterance as wav (16 bit, mono, 8 kHz); its path below the recordings folder, "" on failure."""
        if self._recordings is None or not audio:
            return ""
        self._kept += 1
        name = f"voice/{datetime.now(UTC):%Y-%m-%d}/{self.id}-{self._kept}.wav"
        try:
            async with asyncio.timeout(KEEP_LIMIT_S):
                await asyncio.to_thread(_write_wav, self._recordings / name, audio)
        except (OSError, TimeoutError):
            log.error("an utterance could not be kept", extra={"call": self.id})
            return ""
        return name

    def note(self, step: Step) -> None:
        """Write a step into the journal."""
        self._steps += 1
        self._journal.step(self.id, self._steps, datetime.now(UTC), step)

    def in_danger(self) -> None:
        """Tell the dialplan that this caller goes before all others."""
        self._screen.danger = True

    def about(self, account: Account | None) -> None:
        """Tell the operator the caller's probable account, by the caller ID; None: that account is wrong."""
        self._screen.account, self._screen.confirmed = account, False

    def told_of(self, outage: Outage, told: str) -> None:
        """Tell the operator which outage the caller has heard of. told: its text, without commas."""
        self._screen.outage, self._screen.told = outage, told

    def reported(self, trouble: Trouble, number: str = "") -> None:
        """Tell whoever takes the call what the caller reports. number: of the stored report, "" if there is none."""
        self._screen.trouble, self._screen.report = trouble, number

    def identified(self, account: Account) -> None:
        """Set the account of the call in the journal and the channel variables."""
        self._screen.account, self._screen.confirmed = account, True
        self._journal.identified(self.id, account.id)
        self.note(Identified())

    async def hand_back(self, to: Next, queue: str = "") -> None:
        """Set what the dialplan needs to go on with the call. Raises HungUp."""
        values: dict[str, str] = {Variable.QUEUE: queue} if queue else {}
        self.note(HandedBack(to))
        await self._line.set_variables({**values, **self._screen.variables(), Variable.NEXT: to})

    async def close(self) -> None:
        """Let go of the session and the audio."""
        await self._line.close()

    def _prompt_begins(self, phrase: Phrase) -> None:
        self.note(PromptBegan(phrase[0], phrase[1:]))


def _turn(question: Question, answer: Answer) -> Step:
    """What the journal keeps of an answer: never a PIN."""
    ended, given = TurnEnd(answer.ended.value), answer.digits
    if question.secret and given:
        ended, given = TurnEnd.ANSWER, ""
    if answer.by_voice:
        return Said(ended, given, answer.words)
    return YesOrNoPressed(ended, given) if question.expects is Expects.YES_NO else KeysPressed(ended, given)


def _write_wav(file: Path, audio: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    unfinished = file.with_suffix(".part")
    with wave.open(str(unfinished), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(audio)
    unfinished.chmod(0o640)
    unfinished.replace(file)
