"""A scripted call from the first ring to the verdict on its expectations."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ivr.dialogue.ports import HungUp
from ivr.storage.calls.reader import CallReader, ReadingView
from ivr.studio.catalogue import Entry
from ivr.studio.sound.telephone_sound import BadSound, opened, to_telephone, wav_bytes
from ivr.studio.voice.synthesis import SynthesisFault, engines_here
from ivr.telephony.agi.session import SessionBroken
from ivr.telephony.manager.ami import Ami, connected
from ivr.testbed.lab.state import LabState
from ivr.testbed.robot import recording
from ivr.testbed.robot.journal_watch import FOLLOWED, Watch
from ivr.testbed.robot.leg import Exchange, Leg
from ivr.testbed.robot.scenario import BadScenario, HangsUp, Hears, Presses, Says, Scenario, Step, Waits
from ivr.testbed.robot.timeline import Happening, Timeline, Who

REACTION_S = 0.5  # nobody presses a key sooner after the prompt that asks for it has begun
END_S = 180.0
PERSON_S = 3.0
CLOSED_S = 30.0  # for the journal's word on how a call ended: on a crowded machine it came after over 5 s
AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a call. faults: what was expected and did not come, in words; empty if all is well."""

    title: str
    outcome: str
    call_id: str
    happenings: tuple[Happening, ...]
    readings: tuple[ReadingView, ...]
    recording: Path | None
    faults: tuple[str, ...] = field(default=())

    @property
    def heard(self) -> list[str]:
        """Prompt ids in their order."""
        return [happening.prompt for happening in self.happenings if happening.prompt]


class Robot:
    """Rings the running system; several calls may go on at once. Made by `on_duty`."""

    def __init__(
        self,
        lab: LabState,
        ami: Ami,
        exchange: Exchange,
        follower: CallReader,
        catalogue: Mapping[str, Entry],
        recordings: Path,
    ) -> None:
        self._lab = lab
        self._ami = ami
        self._exchange = exchange
        self._follower = follower
        self._catalogue = catalogue
        self._recordings = recordings
        self._sides = own_folder(lab)

    async def ring(
        self,
        scenario: Scenario,
        on_event: Callable[[Happening], None] = lambda _: None,
        *,
        code: str = "7",
        closed_s: float = CLOSED_S,
    ) -> Result:
        """Place the call, play the scenario, and hold what came of it against what was expected.

        code: what the number that is dialled begins with; `*77` is the studio's. closed_s: how long the journal may
        take to close the call; a daemon that was killed never does.

        Raises BadScenario if something cannot be said, AmiFault if Asterisk cannot place the call, StoreUnavailable if
        the store cannot be read at the end.
        """
        spoken = [step for step in scenario.steps if isinstance(step, Says)]
        try:
            await asyncio.to_thread(lambda: [self._spoken(step) for step in spoken])  # people know what they will say
        except (BadSound, SynthesisFault, OSError) as error:
            raise BadScenario(f"{scenario.title}: what the caller says cannot be made: {error}") from error
        dialled = f"{code}{secrets.randbelow(10**12):012d}"  # so that the call's journal is found by it
        timeline = Timeline(on_event)
        watch = Watch(dialled, timeline, self._follower, self._catalogue, self._lab.sounds)
        faults: list[str] = []
        sides = recording.Sides(self._sides, f"call-{dialled.lstrip('*')}")

        async def place() -> None:
            timeline.add(Who.CALLER, f"rings as {scenario.caller or 'anonymous'}")
            await self._ami.originate(
                f"PJSIP/{dialled}@loop",
                context="robot",
                caller_id=scenario.caller or "anonymous",
                variables={"ROBOT_PORT": str(self._exchange.port), "ROBOT_CALL": dialled},
            )

        async def script(leg: Leg) -> None:
            leg.sends_silence = scenario.sends_silence
            await leg.record(sides)
            try:
                for number, step in enumerate(scenario.steps, start=1):
                    try:
                        await self._act(leg, step, timeline)
                    except TimeoutError:
                        faults.append(f"step {number}: {_words(step)} did not come")
                        break
                if not any(isinstance(step, HangsUp) for step in scenario.steps):
                    await self._wait_for_end(watch, leg)
                    timeline.add(Who.CALLER, "hangs up")
                    await leg.hang_up()
            except TimeoutError:
                faults.append(f"the call did not end within {END_S:.0f} s")
            except HungUp:
                timeline.add(Who.LINE, "the call is over")

        with self._ami.events(*FOLLOWED) as events:
            watching = [asyncio.create_task(watch.follow_journal()), asyncio.create_task(watch.follow_asterisk(events))]
            try:
                await self._exchange.talk(dialled, place, script)
                await _settled(watch, closed_s)
            except (TimeoutError, SessionBroken) as error:
                faults.append(f"the caller's own leg failed: {type(error).__name__}")
            finally:
                for task in watching:
                    task.cancel()
                await asyncio.gather(*watching, return_exceptions=True)
        readings = await asyncio.to_thread(self._readings, watch)
        stereo = await asyncio.to_thread(recording.join, sides, self._recordings / f"{sides.name}.wav")
        stored = ((reading.meter, reading.zone, reading.value) for reading in readings)
        faults += scenario.expect.unmet(watch.outcome, timeline.heard, stored)
        return Result(
            scenario.title,
            watch.outcome or "nothing",
            watch.call.id if watch.call is not None else "",
            tuple(timeline.happenings),
            readings,
            stereo,
            tuple(faults),
        )

    async def _act(self, leg: Leg, step: Step, timeline: Timeline) -> None:
        match step:
            case Hears(prompt, timeout):
                await timeline.hears(prompt, timeout)
                await asyncio.sleep(REACTION_S)
            case Presses(keys):
                timeline.add(Who.CALLER, f"presses {keys}")
                await leg.press(step)
            case Says():
                wav = await asyncio.to_thread(self._spoken, step)
                if not step.over:
                    await timeline.quiet()
                timeline.add(Who.CALLER, f"says «{step.text}»" if step.text else f"plays {step.wav}")
                await leg.speak(wav)
            case Waits(seconds):
                timeline.add(Who.CALLER, f"waits {seconds:g} s")
                await asyncio.sleep(seconds)
            case HangsUp():
                timeline.add(Who.CALLER, "hangs up")
                await leg.hang_up()

    async def _wait_for_end(self, watch: Watch, leg: Leg) -> None:
        """Until the outcome is known or the menu has hung up."""
        ended, hung_up = asyncio.create_task(watch.ended(END_S)), asyncio.create_task(leg.until_hung_up())
        try:
            await asyncio.wait({ended, hung_up}, return_when=asyncio.FIRST_COMPLETED)
            for task in (hung_up, ended):
                if task.done():
                    task.result()
            if watch.queue:
                with contextlib.suppress(TimeoutError):  # nobody there: the outcome is the queue all the same
                    await watch.person(PERSON_S)
        finally:
            for task in (ended, hung_up):
                task.cancel()
            await asyncio.gather(ended, hung_up, return_exceptions=True)

    def _spoken(self, step: Says) -> Path:
        """A wav of what is said, where Asterisk can read it."""
        source = step.wav
        digest = hashlib.sha256(step.text.encode() if source is None else source.read_bytes()).hexdigest()[:16]
        target: Path = self._sides / f"said-{digest}.wav"
        if not target.is_file():
            with tempfile.TemporaryDirectory() as folder:
                if source is None:
                    source = Path(folder) / "said.wav"
                    engines_here()[0][0].speak(step.text, source)
                target.write_bytes(source.read_bytes() if _for_telephones(source) else wav_bytes(to_telephone(source)))
        return target

    def _readings(self, watch: Watch) -> tuple[ReadingView, ...]:
        return tuple(self._follower.readings_of_call(watch.call.id)) if watch.call is not None else ()


@asynccontextmanager
async def on_duty(
    lab: LabState, follower: CallReader, catalogue: Mapping[str, Entry], recordings: Path
) -> AsyncIterator[Robot]:
    """A robot with its connection to the lab's Asterisk. Raises AmiFault."""
    exchange = Exchange(AT_ONCE, own_folder(lab))
    exchange.open()
    try:
        async with connected(lab.ami_port, lab.ami_user, lab.ami_secret) as ami:
            yield Robot(lab, ami, exchange, follower, catalogue, recordings)
    finally:
        await exchange.close()


def own_folder(lab: LabState) -> Path:
    """The robot's folder inside the lab's, where Asterisk reads and writes."""
    folder = lab.folder / "robot"
    folder.mkdir(exist_ok=True)
    return folder


async def _settled(watch: Watch, limit_s: float) -> None:
    """The journal is written behind the call: give it time to close the call."""
    with contextlib.suppress(TimeoutError):
        await watch.journal_closed(limit_s)


def _for_telephones(file: Path) -> bool:
    """Whether a wav is played as it is, at its own level."""
    try:
        opened(file)
    except BadSound:
        return False
    return True


def _words(step: Step) -> str:
    return step.prompt if isinstance(step, Hears) else type(step).__name__.lower()
