"""An outage that is known, a caller who lives there, and their visit."""

from __future__ import annotations

from datetime import datetime, timedelta

from ivr.dialogue.call_flow import CallFlow, Dependencies
from ivr.dialogue.conversation import Patience
from ivr.dialogue.ports import Next
from ivr.domain.accounts import Account, AccountFormat
from ivr.domain.journal.words import Outcome
from ivr.domain.judgement import Limits
from ivr.domain.outages import Cause, Kind, Outage, Place, State
from ivr.domain.readings import Window
from ivr.intake.submit import Rules
from tests.dialogue.scripted import NOON, FixedClock, MemoryLedger, MemoryOutages, ScriptedCall, Step
from tests.dialogue.visits import NUMBER, one_zone

PHONE = "+79161234567"
HOUR = timedelta(hours=1)
STREET = Place("Север", "Ленина")
KNOWN = Outage(7, Kind.EMERGENCY, State.OPEN, STREET, Cause.CABLE, NOON - HOUR, NOON + 6.5 * HOUR)
HOME = Account(1, NUMBER, "Север", "Ленина", "5", "12", (one_zone(),))
READING = (Step("reading/ask", "12150"), Step("reading/confirm", "1"), Step("menu/else", "2"))


async def visit(
    call: ScriptedCall,
    outages: MemoryOutages,
    *accounts: Account,
    now: datetime = NOON,
    rings_back: bool = True,
    shortly: bool = False,
) -> tuple[Next, Outcome]:
    ledger = MemoryLedger(list(accounts or (HOME,)), {PHONE: NUMBER})
    rules = Rules(Window(), Limits())
    rings = {PHONE} if rings_back else set()
    clock, form = FixedClock(now), AccountFormat()
    desk = Dependencies(ledger, outages, clock, form, rules, Patience(), rings.__contains__, lambda: shortly)
    it = CallFlow(call, desk)
    to = await it.run()
    return to, it.outcome(to)
