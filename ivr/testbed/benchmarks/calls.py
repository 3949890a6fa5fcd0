"""`ivr bench calls`: how quickly the line reacts and what a call costs, on a real Asterisk."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ivr.storage.calls.reader import CallReader
from ivr.telephony.manager.ami import AmiUnavailable, Events, connected
from ivr.telephony.names import GlobalVariable
from ivr.testbed.lab.state import LabState
from ivr.testbed.robot import sipp
from ivr.testbed.robot.scenario import parse
from ivr.testbed.robot.scripted_call import Robot
from ivr.testbed.robot.system import System, SystemFault

FIRST_ACCOUNT, FIRST_METER = 2_000_000_000, 20_000_000
LAST, NEW = 12_000, 12_150
LOAD_LIMIT_S = 180.0
HEADER = "account,street,house,flat,district,phones,meter,digits,zones,power_kw,read_on,t1,t2,t3"


@dataclass(frozen=True, slots=True)
class Reactions:
    """Milliseconds, as Asterisk's clock has them.

    hand_offs: from EAGI in the dialplan (the launcher starts) to the daemon's first command.
    prompts: from the end of a key that answers a question to the start of the next prompt.
    """

    hand_offs: tuple[float, ...]
    prompts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """Calls at once through SIPp. cpu_ms, rss_kb: processor time and memory of the daemon for one call."""

    calls: int
    stored: int
    seconds: float
    cpu_ms: float
    rss_kb: float


def write_accounts(system: System, count: int) -> Path:
    """A file of `count` accounts with one meter each, ready to be imported."""
    file = system.folder / "accounts.csv"
    rows = (f"{FIRST_ACCOUNT + n},Ленина,1,{n},,,{FIRST_METER + n},5,1,15,2020-01-01,{LAST},," for n in range(count))
    file.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return file


async def reactions(lab: LabState, robot: Robot, calls: int) -> Reactions:
    """Ring one call after the other and time what happens. Raises AmiFault, and SystemFault if a call fails."""
    times = f"{lab.ami_user}-times"
    async with connected(lab.ami_port, times, lab.ami_secret) as ami:
        with ami.events("Newexten", "AGIExecStart", "DTMFEnd", at_most=100_000) as events:
            following = asyncio.create_task(_follow(events))
            try:
                for number in range(calls):
                    result = await robot.ring(parse(_call(number), Path()))
                    if result.faults:
                        raise SystemFault(f"a benchmark call failed: {'; '.join(result.faults)}")
            finally:
                await ami.close()  # ends the subscription
            return await following


async def _follow(events: Events) -> Reactions:
    hand_offs: list[float] = []
    prompts: list[float] = []
    begun: dict[str, float] = {}  # channel -> EAGI
    pressed: dict[str, float] = {}  # channel -> end of the latest key
    while True:
        try:
            event = await events.next(600)
        except (AmiUnavailable, TimeoutError):
            return Reactions(tuple(hand_offs), tuple(prompts))
        channel, at = event["Channel"], float(event["Timestamp"]) * 1000
        match event.name:
            case "Newexten":
                begun[channel] = at
            case "DTMFEnd" if event["Direction"] == "Received":
                pressed[channel] = at
            case "AGIExecStart":
                if channel in begun:
                    hand_offs.append(at - begun.pop(channel))
                if channel in pressed:
                    since = at - pressed.pop(channel)
                    if event["Command"].startswith("STREAM FILE"):
                        prompts.append(since)


def load(system: System, calls: int) -> Load:
    """Ring `calls` callers at once by SIPp, each of whom gives a reading. Raises SystemFault."""
    state = system.lab.state
    if state is None:
        raise SystemFault("the lab is down")
    system.lab.command(f"dialplan set global {GlobalVariable.CALLS} {calls}")
    callers = system.folder / "callers.csv"
    rows = (f"{FIRST_ACCOUNT + n};{NEW};{800_000 + n};+7916{n:07d}" for n in range(calls))
    callers.write_text("\n".join(["SEQUENTIAL", *rows]) + "\n", encoding="utf-8")
    words = ["sipp", f"127.0.0.1:{state.sip_port}", "-sf", str(Path(sipp.__file__).parent / "keys.xml")]
    words += ["-inf", str(callers), "-m", str(calls), "-l", str(calls), "-r", "25", "-nostdin"]
    words += ["-i", "127.0.0.1", "-mi", "127.0.0.1", "-timeout", f"{LOAD_LIMIT_S:.0f}", "-timeout_error"]
    pid, began = system.daemon_pid, datetime.now(UTC)
    cpu, rss = _cpu_s(pid), _rss_kb(pid)
    try:
        subprocess.run(words, cwd=system.folder, capture_output=True, timeout=LOAD_LIMIT_S + 10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SystemFault(f"sipp: {error} (apt-get install sip-tester)") from None
    seconds = (datetime.now(UTC) - began).total_seconds()
    database = system.open_database()
    try:
        follower = CallReader(database)
        stored = sum(
            [reading.value for reading in follower.readings_of_meter(str(FIRST_METER + n))] == [NEW]
            for n in range(calls)
        )
    finally:
        database.close()
    return Load(calls, stored, seconds, (_cpu_s(pid) - cpu) * 1000 / calls, max(_peak_rss_kb(pid) - rss, 0) / calls)


def _call(number: int) -> dict[str, object]:
    steps: list[dict[str, object]] = [
        {"hears": "identify/ask"},
        {"keys": f"{FIRST_ACCOUNT + number}"},
        {"hears": "identify/confirm"},
        {"keys": "1"},
        {"hears": "reading/ask"},
        {"keys": f"{NEW}"},
        {"hears": "reading/confirm"},
        {"keys": "1"},
        {"hears": "menu/else"},
        {"keys": "2"},
    ]
    return {"title": "bench", "from": "anonymous", "step": steps, "expect": {"outcome": "stored"}}


def _cpu_s(pid: int) -> float:
    """Processor time of all threads so far, from the scheduler's own count (proc(5): schedstat, nanoseconds)."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def _status_kb(pid: int, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(field))


def _rss_kb(pid: int) -> float:
    return _status_kb(pid, "VmRSS:")


def _peak_rss_kb(pid: int) -> float:
    return _status_kb(pid, "VmHWM:")
