"""Hundreds of callers within seconds, most of them without power; counts the outcomes.

They ring a real Asterisk by SIPp and stay for STAY_S seconds after the answer, unless the line ends the call. What
became of each is taken from Asterisk's events and the call's journal, found by the number that they dialled.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ivr.dialogue.prompts import Prompt
from ivr.domain.journal.steps import CallbackAgreed, PromptBegan
from ivr.domain.outages import Cause, Kind, Place
from ivr.storage.calls.reader import CallReader
from ivr.storage.outages import changes as outages
from ivr.telephony.manager.ami import AmiUnavailable, Events, connected
from ivr.telephony.names import Variable
from ivr.testbed.benchmarks.calls import HEADER
from ivr.testbed.lab.configuration import Blanks
from ivr.testbed.lab.state import LabState
from ivr.testbed.robot import sipp
from ivr.testbed.robot.system import System, SystemFault

STAY_S, WITHIN_S, HANGS_UP_S = 80, 20, 60.0
SOME_FAILED = 1  # calls that the line ended count so with sipp
STREET = "Ленина"
OFFER_S = 30.0  # in the queue: periodic-announce-frequency
MEDIA_PORT = 2000  # below the ports of labs; one for each group, so that somebody holds the port that is sent to
DIALLED = 70000000000
FOLLOWED = ("VarSet", "QueueCallerJoin", "QueueCallerLeave", "AgentConnect", "HangupRequest", "Hangup")


@dataclass(frozen=True, slots=True)
class Group:
    """Callers who do the same. share: of all. at_outage: a known outage is at their place; keys: seconds, then key."""

    share: float
    at_outage: bool
    keys: tuple[tuple[int, str], ...]


GROUPS = (
    Group(0.35, True, ((31, "1"),)),  # listen, and ask for a call-back when power returns
    Group(0.15, True, ()),  # listen
    Group(0.25, False, ((1, "0"),)),
    Group(0.15, False, ((1, "0"), (45, "1"))),  # accept the queue's offer of a call-back
    Group(0.10, False, ((12, "0"),)),
)


@dataclass(frozen=True, slots=True)
class Crowd:
    """What became of `callers` who arrived within `seconds`; a caller may count in several.

    told: of the outage at their place, with its expected end. queued: in a queue; with_person: taken out of it by one.
    offered: to be rung back, by the menu or after OFFER_S in the queue; agreed: they will be rung back.
    message: recorded one. refused: the menu was full, or the daemon did not answer: they met the dialplan's fallback.
    noticed: those of them who heard there that a large outage is known.
    lost: neither told, queued, to be rung back nor recorded; or the line ended the call of somebody in a queue whom it
    will not ring, whom nobody had spoken to, and who had left no message; or the call never arrived.
    """

    callers: int
    seconds: float
    told: int
    queued: int
    with_person: int
    offered: int
    agreed: int
    message: int
    refused: int
    noticed: int
    lost: int


@dataclass(slots=True)
class _Caller:
    began: float
    told: bool = False
    queued: bool = False
    joined: float | None = None
    waited_s: float = 0.0
    connected: bool = False
    offered: bool = False
    agreed: bool = False
    message: bool = False
    refused: bool = False
    noticed: bool = False
    hung_up: bool = False
    ended: float | None = None

    def take(self, name: str, variable: str, value: str, at: float) -> None:
        match name:
            case "QueueCallerJoin":
                self.queued, self.joined = True, at
            case "QueueCallerLeave":
                self._leave(at)
            case "AgentConnect":
                self.connected = True
            case "HangupRequest":
                self.hung_up = True
            case "Hangup":
                self._leave(at)
                self.ended = at
            case "VarSet" if variable == Variable.PROMPT:
                self.refused |= value in ("fixed/fallback", "fixed/outage-notice")  # 0 in the notice skips the other
                self.noticed |= value == "fixed/outage-notice"
                self.agreed |= value == "fixed/callback-promised"
            case "VarSet" if variable == "RECORD_STATUS":
                self.message |= value not in ("", "ERROR")

    def _leave(self, at: float) -> None:
        if self.joined is not None:
            self.waited_s += at - self.joined
            self.joined = None

    @property
    def lost(self) -> bool:
        if self.connected or self.agreed or self.message:
            return False
        if self.queued:
            return not self.hung_up
        return not self.told


def write_accounts(folder: Path, callers: int) -> Path:
    """A file with the accounts of those who are at the outage, ready to be imported."""
    file = folder / "crowd.csv"
    rows, number = [], 0
    for group, count in _counts(callers):
        for _ in range(count):
            if group.at_outage:
                account = 3_000_000_000 + number
                rows.append(f"{account},{STREET},1,{number},Север,{_phone(number)},{30_000_000 + number},5,1,15,,,,")
            number += 1
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return file


def enter_outage(system: System) -> None:
    """The outage of the crowd, after the import of its accounts."""
    database, now = system.open_database(), datetime.now(UTC)
    try:
        ends = now + timedelta(hours=3)
        outages.add(database, Kind.EMERGENCY, Place("", STREET), Cause.CABLE, now, ends, "bench", now)
    finally:
        database.close()


async def ring(system: System, state: LabState, callers: int) -> Crowd:
    """Ring, wait for the last call's end, stop the daemon and count. Raises SystemFault, AmiFault."""
    seen: dict[str, _Caller] = {}
    async with connected(state.ami_port, state.ami_user, state.ami_secret) as ami:
        with ami.events(*FOLLOWED, at_most=500_000) as events:
            following = asyncio.create_task(_follow(events, seen))
            try:
                await asyncio.to_thread(_by_sipp, system.folder, state.sip_port, callers)
                for _ in range(int(HANGS_UP_S)):
                    if all(caller.ended is not None for caller in seen.values()):
                        break
                    await asyncio.sleep(1)
            finally:
                await ami.close()
            await following
    await asyncio.to_thread(system.stop_daemon)  # the journal is written behind the calls
    await asyncio.to_thread(_from_journal, system, seen)
    began = [caller.began for caller in seen.values()]
    people = list(seen.values())
    return Crowd(
        callers=callers,
        seconds=max(began) - min(began) if began else 0.0,
        told=sum(caller.told for caller in people),
        queued=sum(caller.queued for caller in people),
        with_person=sum(caller.connected for caller in people),
        offered=sum(caller.offered or caller.waited_s > OFFER_S for caller in people),
        agreed=sum(caller.agreed for caller in people),
        message=sum(caller.message for caller in people),
        refused=sum(caller.refused for caller in people),
        noticed=sum(caller.noticed for caller in people),
        lost=callers - len(people) + sum(caller.lost for caller in people),
    )


async def _follow(events: Events, seen: dict[str, _Caller]) -> None:
    while True:
        try:
            event = await events.next(3600)
        except AmiUnavailable:
            return
        dialled, at = event.variables.get(Variable.DIALLED, ""), float(event["Timestamp"])
        if event.name == "VarSet" and event["Variable"] == Variable.DIALLED:
            dialled = event["Value"]
            seen.setdefault(dialled, _Caller(at))
        if dialled in seen:
            seen[dialled].take(event.name, event["Variable"], event["Value"], at)


def _from_journal(system: System, seen: dict[str, _Caller]) -> None:
    """What the daemon said and agreed to."""
    database = system.open_database()
    follower = CallReader(database)
    try:
        for dialled, caller in seen.items():
            call = follower.call_to(dialled)
            for view in follower.steps(call.id) if call is not None else ():
                match view.step:
                    case PromptBegan(Prompt.OUTAGE_EXPECTED):
                        caller.told = True
                    case PromptBegan(Prompt.OUTAGE_CHOICES):
                        caller.offered = True
                    case CallbackAgreed():
                        caller.agreed = True
    finally:
        database.close()


def _counts(callers: int) -> list[tuple[Group, int]]:
    """Groups with how many they are, `callers` in all."""
    counts, left = [], callers
    for group in GROUPS[:-1]:
        count = min(round(callers * group.share), left)
        counts.append((group, count))
        left -= count
    return [*counts, (GROUPS[-1], left)]


def _phone(number: int) -> str:
    return f"+7916{number:07d}"


def _by_sipp(folder: Path, port: int, callers: int) -> None:
    """One SIPp for each group, at the same time; ends with the last call."""
    running: list[subprocess.Popen[bytes]] = []
    number = 0
    limit_s = WITHIN_S + STAY_S + HANGS_UP_S
    with contextlib.ExitStack() as logs:
        for at, (group, count) in enumerate(_counts(callers)):
            if not count:
                continue
            rows = [f"{DIALLED + n};{_phone(n)}" for n in range(number, number + count)]
            people, scenario = folder / f"crowd-{at}.csv", folder / f"crowd-{at}.xml"
            people.write_text("\n".join(["SEQUENTIAL", *rows]) + "\n", encoding="utf-8")
            scenario.write_text(_scenario(group), encoding="utf-8")
            words = ["sipp", f"127.0.0.1:{port}", "-sf", str(scenario), "-inf", str(people), "-nostdin"]
            words += ["-m", str(count), "-l", str(count), "-r", str(count), "-rp", str(WITHIN_S * 1000)]
            words += ["-i", "127.0.0.1", "-mi", "127.0.0.1", "-mp", str(MEDIA_PORT + 10 * at)]
            words += ["-timeout", f"{limit_s:.0f}", "-timeout_error"]
            log = logs.enter_context((folder / f"crowd-{at}.log").open("wb"))
            try:
                running.append(subprocess.Popen(words, cwd=folder, stdout=log, stderr=log))
            except OSError as error:
                raise SystemFault(f"sipp: {error} (apt-get install sip-tester)") from None
            number += count
        for process in running:
            try:
                process.wait(limit_s + 10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.returncode not in (0, SOME_FAILED):
                raise SystemFault(f"sipp ended with {process.returncode}; are ports {MEDIA_PORT} and up free?")


def _scenario(group: Group) -> str:
    steps, at = [], 0
    for second, key in group.keys:
        steps += [_pause(second - at), f'  <nop><action><exec play_dtmf="{key}"/></action></nop>']
        at = second
    steps.append(_pause(STAY_S - at))
    template = (Path(sipp.__file__).parent / "crowd.xml").read_text(encoding="utf-8")
    return Blanks(template).substitute(steps="\n".join(steps))


def _pause(seconds: int) -> str:
    return f'  <pause milliseconds="{seconds * 1000}"/>'
