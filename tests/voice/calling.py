"""A scripted call in virtual time: the robot's scenarios through the real line, listening, recogniser and dialogue.

Asterisk is played by `TimedAsterisk`: prompts last as long as their published audio, and the caller's audio comes as
from a telephone, 20 ms at a time.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import os
import wave
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from ivr import sections
from ivr.config import REPOSITORY
from ivr.dialogue.call_flow import CallFlow, Dependencies
from ivr.dialogue.conversation import Patience
from ivr.dialogue.ports import HungUp
from ivr.domain.accounts import Account, AccountFormat
from ivr.domain.journal.steps import PromptBegan
from ivr.domain.journal.steps import Step as JournalStep
from ivr.domain.journal.words import Outcome
from ivr.domain.judgement import Limits
from ivr.domain.meters import Meter, Register, Zone
from ivr.domain.readings import Entry, Reading, Window
from ivr.intake.submit import Rules
from ivr.listening.ask import KeyWaits
from ivr.listening.recogniser_port import RecogniserPort
from ivr.studio.catalogue import load_catalogue
from ivr.telephony.agi.server import Incoming
from ivr.telephony.agi.session import AgiSession
from ivr.telephony.agi.wire import Wire
from ivr.telephony.call import Hearing, PhoneCall
from ivr.telephony.line import FRAME_S
from ivr.telephony.sounds import Sounds
from ivr.testbed.robot.scenario import HangsUp, Hears, Presses, Says, Scenario, Step, Waits
from ivr.testbed.robot.scripted_call import END_S, REACTION_S
from ivr.testbed.robot.timeline import Happening, Timeline, Who
from tests.dialogue.scripted import FixedClock, MemoryLedger, MemoryOutages
from tests.telephony.asterisk_end import HEADER, FakeAsterisk, ends
from tests.telephony.journal import MemoryJournal

PROMPTS = REPOSITORY / "prompts"
SOUNDS = Sounds(PROMPTS / "ru")
CATALOGUE = load_catalogue(PROMPTS / "ru.toml")
RATE, FRAME_BYTES = 8000, 320
WAITS = sections.Waits()


class TimedAsterisk(FakeAsterisk):
    """Files play for as long as they last, and waits for a key end when they should."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        super().__init__(read_fd, write_fd)
        self._end: asyncio.TimerHandle | None = None
        self._began = 0.0

    def press(self, key: str, at: int | None = None) -> bool:
        played = round((self._loop.time() - self._began) * RATE)
        offset = self.playing.offset if self.playing is not None else 0
        taken = super().press(key, offset + played if at is None else at)
        if taken:
            self._stop()
        return taken

    def hang_up(self) -> None:
        self._stop()
        super().hang_up()

    def _obey(self, words: list[str]) -> None:
        self._stop()
        super()._obey(words)
        self._began = self._loop.time()
        if self.playing is not None:
            with wave.open(f"{self.playing.file}.wav") as sound:
                samples = sound.getnframes() - self.playing.offset
            self._end = self._loop.call_later(samples / RATE, self.plays_out)
        elif self.waits_for_key:
            self._end = self._loop.call_later(int(words[-1]) / 1000, self.silence)

    def _stop(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None


class Telephone:
    """The caller's end of the audio. sends_silence: whether packets come while nobody speaks."""

    def __init__(self, fd: int, *, sends_silence: bool) -> None:
        self._fd = fd
        self._sends_silence = sends_silence
        self._spoken = b""
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def speak(self, pcm: bytes) -> None:
        """Returns when all is said."""
        self._spoken += pcm
        self._quiet.clear()
        await self._quiet.wait()

    async def run(self) -> None:
        """Send, until the other end is closed or this is cancelled."""
        loop = asyncio.get_running_loop()
        at = loop.time()
        with contextlib.suppress(BrokenPipeError):
            while True:
                frame, self._spoken = self._spoken[:FRAME_BYTES], self._spoken[FRAME_BYTES:]
                if frame or self._sends_silence:
                    os.write(self._fd, frame.ljust(FRAME_BYTES, b"\0"))
                if not self._spoken:
                    self._quiet.set()
                at += FRAME_S
                await asyncio.sleep(at - loop.time())


class TimelineJournal(MemoryJournal):
    """Tells the timeline of each prompt that begins, as the robot learns it from the journal in the database."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline

    def step(self, call_id: str, seq: int, at: datetime, step: JournalStep) -> None:
        if isinstance(step, PromptBegan):
            ids = (step.prompt, *step.pieces)
            text = " ".join(CATALOGUE[id].text for id in ids if id in CATALOGUE)
            self._timeline.add(Who.MENU, text, step.prompt, sum(SOUNDS.seconds(id) or 0.0 for id in ids))


@dataclass(frozen=True)
class Rung:
    """What came of a call. faults: what was expected and did not come. entries: what was stored, by meter."""

    outcome: Outcome
    happenings: list[Happening]
    entries: list[tuple[str, Entry]]
    call_id: str
    recordings: Path
    faults: list[str]

    @property
    def heard(self) -> list[str]:
        return [it.prompt for it in self.happenings if it.prompt]

    @property
    def story(self) -> str:
        """What went wrong, and all that happened, a line each."""
        told = [f"{it.at:.1f} {it.who} {it.prompt or it.text}" for it in self.happenings]
        return "\n".join([*self.faults, *told])


def accounts(file: Path) -> list[Account]:
    """Accounts of a file as retailers bring it, as far as calls here need them: one meter with one zone each."""
    found = []
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=1):
            last = Reading(int(row["t1"]), date.fromisoformat(row["read_on"]))
            meter = Meter(number, row["meter"], (Register(number, Zone.T1, int(row["digits"]), last, last),))
            found.append(Account(number, row["account"], row["district"], row["street"], meters=(meter,)))
    return found


async def ring(
    scenario: Scenario,
    ears: RecogniserPort | None,
    ledger: MemoryLedger,
    recordings: Path,
    outages: MemoryOutages | None = None,
) -> Rung:
    """Place the call, play the scenario, and hold what came of it against what was expected.

    The caller's number is that of `HEADER`, whatever the scenario says.
    """
    timeline = Timeline(lambda _: None)
    heard, spoken = os.pipe()
    os.set_blocking(spoken, False)
    with contextlib.closing(os.fdopen(spoken, "wb", 0)), ends(TimedAsterisk) as (fd, asterisk):
        assert isinstance(asterisk, TimedAsterisk)
        asterisk.send(*HEADER)
        session = AgiSession(Wire(fd, fd))
        await session.read_header(5, 4096)
        hearing = Hearing(ears, recordings=recordings)
        journal = TimelineJournal(timeline)
        keys = KeyWaits(WAITS.inter_digit, WAITS.lone_zero)
        call = await PhoneCall.begin(Incoming(session, heard), SOUNDS, keys, WAITS.straggler, journal, hearing=hearing)
        telephone = Telephone(spoken, sends_silence=scenario.sends_silence)
        sending = asyncio.create_task(telephone.run())
        acting = asyncio.create_task(_act(scenario.steps, timeline, asterisk, telephone))
        try:
            async with asyncio.timeout(END_S):
                outcome = await _served(call, ledger, outages or MemoryOutages())
        finally:
            # Nobody is there any more to hear the rest of the script.
            for task in (acting, sending):
                task.cancel()
            ended = await asyncio.gather(acting, sending, return_exceptions=True)
        faults = [str(one) for one in ended if isinstance(one, Exception)]
    meters = {register.id: meter for one in ledger.accounts for meter in one.meters for register in meter.registers}
    zones = {register.id: register.zone for meter in meters.values() for register in meter.registers}
    entries = [(meters[entry.register_id].serial, entry) for kept in ledger.kept for entry in kept.entries]
    stored = ((serial, zones[entry.register_id], entry.value) for serial, entry in entries)
    faults += scenario.expect.unmet(outcome, timeline.heard, stored)
    return Rung(outcome, timeline.happenings, entries, call.id, recordings, faults)


async def _served(call: PhoneCall, ledger: MemoryLedger, outages: MemoryOutages) -> Outcome:
    """Answer the call as the daemon does."""
    rules = Rules(Window(), Limits())
    visit = CallFlow(call, Dependencies(ledger, outages, outages, FixedClock(), AccountFormat(), rules, Patience()))
    to = None
    try:
        to = await visit.run()
        await call.hand_back(to)
    except HungUp:
        pass
    finally:
        await call.close()
    return visit.outcome(to)


async def _act(steps: tuple[Step, ...], timeline: Timeline, asterisk: TimedAsterisk, telephone: Telephone) -> None:
    """What the caller does, as `ivr.testbed.robot.scripted_call.Robot` does it."""
    for number, step in enumerate(steps, start=1):
        match step:
            case Hears(prompt, timeout):
                try:
                    await timeline.hears(prompt, timeout)
                except TimeoutError:
                    asterisk.hang_up()
                    raise AssertionError(f"step {number}: {prompt} did not come") from None
                await asyncio.sleep(REACTION_S)
            case Presses(keys, gap_ms, length_ms):
                timeline.add(Who.CALLER, f"presses {keys}")
                for key in keys:
                    await asyncio.sleep(length_ms / 1000)
                    asterisk.press(key)
                    await asyncio.sleep(gap_ms / 1000)
            case Says():
                assert step.wav is not None
                if not step.over:
                    await timeline.quiet()
                timeline.add(Who.CALLER, f"plays {step.wav.name}")
                with wave.open(str(step.wav)) as sound:
                    await telephone.speak(sound.readframes(sound.getnframes()))
            case Waits(seconds):
                await asyncio.sleep(seconds)
            case HangsUp():
                timeline.add(Who.CALLER, "hangs up")
                asterisk.hang_up()
