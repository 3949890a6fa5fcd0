"""Accounts and meters of callers, and a whole visit of a scripted caller."""

from __future__ import annotations

from datetime import date, datetime

from ivr.dialogue.call_flow import CallFlow, Dependencies
from ivr.dialogue.conversation import Patience
from ivr.dialogue.ports import Next
from ivr.domain.accounts import Account, AccountFormat
from ivr.domain.journal.words import Outcome
from ivr.domain.judgement import Limits
from ivr.domain.meters import Meter, Register, Zone
from ivr.domain.readings import Reading, Use, Window
from ivr.intake.submit import Rules
from tests.dialogue.scripted import NOON, FixedClock, MemoryLedger, MemoryOutages, ScriptedCall

NUMBER = "1234567890"
OCTOBER = date(2026, 10, 20)


def register(id: int, zone: Zone, last: int | None, digits: int = 5, use: int = 200) -> Register:
    reading = None if last is None else Reading(last, OCTOBER)
    return Register(id, zone, digits, reading, reading, (Use(use, 30), Use(use, 31)) if reading else ())


def one_zone(last: int | None = 12000) -> Meter:
    return Meter(1, "00123456", (register(1, Zone.T1, last),))


def day_and_night(day: int = 12000, night: int = 5000) -> Meter:
    return Meter(1, "00123456", (register(1, Zone.T1, day), register(2, Zone.T2, night)))


def ledger(*meters: Meter, number: str = NUMBER) -> MemoryLedger:
    return MemoryLedger([Account(1, number, meters=meters)])


def desk(store: MemoryLedger, now: datetime = NOON) -> Dependencies:
    return Dependencies(store, MemoryOutages(), FixedClock(now), AccountFormat(), Rules(Window(), Limits()), Patience())


async def visit(call: ScriptedCall, store: MemoryLedger, now: datetime = NOON) -> tuple[Next, Outcome]:
    it = CallFlow(call, desk(store, now))
    to = await it.run()
    return to, it.outcome(to)
