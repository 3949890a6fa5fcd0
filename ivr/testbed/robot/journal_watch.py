"""How the robot knows what the caller hears: from the call's journal, and from the dialplan where no daemon is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from ivr.domain.faults import StoreUnavailable
from ivr.domain.journal.steps import PromptBegan
from ivr.storage.calls.reader import CallReader, CallView, StepView
from ivr.studio.catalogue import Entry
from ivr.telephony.manager.ami import AmiUnavailable, Events, Message
from ivr.telephony.names import QueueName, Variable
from ivr.telephony.sounds import Sounds
from ivr.testbed.robot.timeline import Timeline, Who

POLL_S = 0.04
FOLLOWED = ("VarSet", "QueueCallerJoin", "AgentConnect", "Hangup")


class Watch:
    """Fills a timeline with what happens to one call, found by the number that was dialled."""

    def __init__(
        self, dialled: str, timeline: Timeline, follower: CallReader, catalogue: Mapping[str, Entry], sounds: Path
    ) -> None:
        self._dialled = dialled
        self._timeline = timeline
        self._follower = follower
        self._catalogue = catalogue
        self._sounds = Sounds(sounds)
        self._seen = 0
        self._changed = asyncio.Event()
        self.call: CallView | None = None
        self.queue = ""
        self.answered = False
        self.gone = False

    @property
    def outcome(self) -> str | None:
        """How the call ended: the queue that it really reached, else the journal's word; None while it goes on."""
        return self.queue or (self.call.outcome if self.call is not None else None)

    async def ended(self, limit_s: float) -> None:
        """Wait until the outcome is known, and for a transfer, until it has reached its queue. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            while not (self.queue or self.gone or (self.outcome is not None and self.outcome not in set(QueueName))):
                self._changed.clear()
                await self._changed.wait()

    async def person(self, limit_s: float) -> None:
        """Wait until a person has taken the call out of its queue. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            while not (self.answered or self.gone):
                self._changed.clear()
                await self._changed.wait()

    async def journal_closed(self, limit_s: float) -> None:
        """Wait until the journal has closed the call, if it ever began it. Raises TimeoutError."""
        async with asyncio.timeout(limit_s):
            while self.call is not None and self.call.outcome is None:
                self._changed.clear()
                await self._changed.wait()

    async def follow_journal(self) -> None:
        """Read the journal until cancelled."""
        while True:
            try:
                call, steps = await asyncio.to_thread(self._read)
            except StoreUnavailable:
                call, steps = None, []  # part of what the robot is there to see; the next look may succeed
            self._from_journal(call, steps)
            await asyncio.sleep(POLL_S)

    async def follow_asterisk(self, events: Events) -> None:
        """Read the manager's events until cancelled or Asterisk is gone."""
        while True:
            try:
                event = await events.next(3600)
            except (AmiUnavailable, TimeoutError):
                return
            if event.variables.get(Variable.DIALLED) == self._dialled:
                self._from_asterisk(event)
                self._changed.set()

    def _from_asterisk(self, event: Message) -> None:
        match event.name:
            case "VarSet" if event["Variable"] == Variable.PROMPT and event["Value"]:
                self._prompt(event["Value"], ())
            case "QueueCallerJoin" if event["Queue"] in set(QueueName):
                self.queue = event["Queue"]
                self._timeline.add(Who.LINE, f"in the queue {self.queue}, place {event['Position']}")
            case "AgentConnect":
                self.answered = True
                self._timeline.add(Who.LINE, "a person answers")
            case "Hangup":
                self.gone = True

    def _read(self) -> tuple[CallView | None, list[StepView]]:
        call = self._follower.call_to(self._dialled)
        return call, self._follower.steps(call.id, self._seen) if call is not None else []

    def _from_journal(self, call: CallView | None, steps: list[StepView]) -> None:
        for seen in steps:
            self._seen = seen.seq
            match seen.step:
                case PromptBegan(prompt, pieces):
                    self._prompt(prompt, pieces)
        if call is not None and call != self.call:
            self.call = call
            self._changed.set()

    def _prompt(self, prompt: str, pieces: tuple[str, ...]) -> None:
        ids = (prompt, *pieces)
        text = " ".join(entry.text for id in ids if (entry := self._catalogue.get(id)) is not None)
        self._timeline.add(Who.MENU, text, prompt, sum(self._sounds.seconds(id) or 0.0 for id in ids))
