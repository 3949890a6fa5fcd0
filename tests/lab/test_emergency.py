"""Emergency mode over real calls: the script runs under the Python beside Asterisk, with no daemon and no database."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ivr.telephony.manager.ami import Events, connected
from ivr.testbed.lab.lab import Lab
from tests.lab.phone import HEARS_S, Phone, calling, global_variable

DIGITS = [f"fixed/digit-{digit}" for digit in range(10)]


class Caller:
    """A caller in emergency mode, who presses keys only while they are collected.

    Asterisk drops a key between two commands of the script, and on a busy machine the one that plays a prompt may come
    long after the one that names it.
    """

    def __init__(self, phone: Phone, commands: Events) -> None:
        self.phone = phone
        self._commands = commands

    async def is_asked(self, *prompts: str) -> None:
        """Wait for prompts that begin one after the other, with none between them, the last of them a question."""
        await self.phone.hears_next(*prompts)
        while True:
            command = await self._commands.next(HEARS_S)
            asks = command["Command"].startswith("GET DATA") and f"/{prompts[-1]}" in command["Command"]
            if asks and command["Channel"] == self.phone.line:
                return


@asynccontextmanager
async def in_emergency_mode(lab: Lab, spool: Path) -> AsyncIterator[Caller]:
    """A call that chose emergency mode; its spool is `spool`."""
    state = lab.state
    assert state is not None
    async with (
        global_variable(lab, "IVR_LAUNCHER", "/bin/false"),
        global_variable(lab, "IVR_SPOOL", spool),
        connected(state.ami_port, f"{state.ami_user}-times", state.ami_secret) as ami,
        calling(lab) as phone,
    ):
        with ami.events("AGIExecStart") as commands:
            caller = Caller(phone, commands)
            await phone.hears("fixed/greeting")
            await phone.presses("#")
            await phone.hears("fixed/fallback")
            await phone.presses("1")
            await caller.is_asked("fixed/emergency-account")
            yield caller


async def gives(caller: Caller, account: str, *values: str) -> None:
    """Type the account and the values of all zones, and hear them said back."""
    phone = caller.phone
    await phone.presses(f"{account}#")
    await caller.is_asked("fixed/emergency-reading")
    for value in values:
        await phone.presses(f"{value}#")
        if value is not values[-1] or len(values) < 3:
            await caller.is_asked("fixed/emergency-more")
    if len(values) < 3:
        await phone.presses("#")
    digits = (DIGITS[int(digit)] for digit in account + "".join(values))
    await caller.is_asked("fixed/emergency-you-entered", *digits, "fixed/emergency-correct")


def spooled(spool: Path) -> list[dict[str, Any]]:
    """What lies in the spool."""
    lines = (spool / "readings.jsonl").read_text(encoding="ascii").splitlines()
    return [json.loads(line) for line in lines]


async def test_two_zones_are_kept_and_promised(lab: Lab) -> None:
    spool = lab.folder / "kept"
    async with in_emergency_mode(lab, spool) as caller:
        phone = caller.phone
        await gives(caller, "0012", "00123", "45")
        assert not spool.exists()  # nothing is kept before it is confirmed
        await phone.presses("1")
        await phone.hears_next("fixed/emergency-saved")
        (kept,) = spooled(spool)  # on the disk before it is promised
        await phone.sees("Hangup")
    assert len(kept.pop("id")) == 32
    taken_at = datetime.fromisoformat(kept.pop("taken_at"))
    assert datetime.now(UTC) - taken_at < timedelta(seconds=60)
    assert kept == {"account": "0012", "values": ["00123", "45"], "caller": "+79161234567"}
    assert (spool / "readings.jsonl").stat().st_mode & 0o777 == 0o640
    log = "".join(place.read_text(encoding="utf-8") for place in (lab.folder / "log").glob("*.log"))
    assert re.search(r"\b00123\b", log) is None  # as a number: times and ids may hold any digits
    assert "Traceback" not in log


async def test_keys_that_are_no_number_are_asked_for_again_and_zero_is_the_hotline(lab: Lab) -> None:
    spool = lab.folder / "zero"
    async with in_emergency_mode(lab, spool) as caller:
        phone = caller.phone
        await phone.presses("*#")  # no number
        await caller.is_asked("fixed/emergency-again", "fixed/emergency-account")
        await phone.presses("123456789012345678901")  # one digit too many
        await caller.is_asked("fixed/emergency-again", "fixed/emergency-account")
        await phone.presses("0#")
        await phone.joins("hotline")
        assert phone.heard[-1] == "fixed/hotline-connecting"
    assert not spool.exists()


async def test_a_caller_who_hangs_up_leaves_nothing(lab: Lab) -> None:
    spool = lab.folder / "gone"
    async with in_emergency_mode(lab, spool) as caller:
        phone = caller.phone
        await phone.presses("7#")
        await caller.is_asked("fixed/emergency-reading")
        await phone.hangs_up()
    assert not spool.exists()
    assert phone.line not in lab.command("core show channels concise")
