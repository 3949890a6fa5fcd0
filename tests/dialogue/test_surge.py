"""Many report the same: what callers of that district hear first, and how they are greeted while many wait."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.dialogue.ports import HungUp, Next
from ivr.domain.callbacks import OutageCallbackRequest
from ivr.domain.journal.steps import GreetedShortly, OutageTold
from ivr.domain.journal.words import Outcome
from ivr.domain.outages import Cause, Kind, Outage, Place, Scope, State, Trouble
from ivr.listening.keys import Key
from tests.dialogue.known_outage import HOME, HOUR, KNOWN, PHONE, READING, visit
from tests.dialogue.scripted import NOON, MemoryOutages, ScriptedCall, Step
from tests.dialogue.visits import NUMBER

SUSPECTED = Outage(9, Kind.EMERGENCY, State.SUSPECTED, Place("Север"), Cause.UNKNOWN, NOON - HOUR / 6)
CHOICES = "outage/choices"


async def test_a_suspicion_is_told_in_front_of_the_greeting_and_the_choices_come_after_it() -> None:
    call = ScriptedCall(Step(CHOICES, hangs_up=True), caller_number=PHONE)
    with pytest.raises(HungUp):
        await visit(call, MemoryOutages([SUSPECTED]))
    assert call.heard == ["outage/suspected", "greeting/welcome", CHOICES]
    assert call.notes == [OutageTold(9, Scope.DISTRICT)]
    assert call.told == (9, "suspected")


async def test_who_is_not_there_and_who_hides_the_number_are_greeted_as_ever() -> None:
    for number, outage in ((PHONE, replace(SUSPECTED, place=Place("Юг"))), ("", SUSPECTED)):
        call = ScriptedCall(Step("greeting/welcome", hangs_up=True), caller_number=number)
        with pytest.raises(HungUp):
            await visit(call, MemoryOutages([outage]))
        assert call.heard == ["greeting/welcome"]


async def test_who_identifies_hears_the_suspicion_then() -> None:
    steps = (Step("identify/ask", NUMBER), Step("identify/confirm", "1"))
    call = ScriptedCall(*steps, Step("outage/choices-without-number", "4"), *READING)
    assert await visit(call, MemoryOutages([SUSPECTED])) == (Next.HANGUP, Outcome.STORED)
    assert call.heard[2:5] == ["identify/confirm", "outage/suspected", "outage/choices-without-number"]
    assert call.heard.count("outage/suspected") == 1


@pytest.mark.parametrize(
    ("key", "to", "outcome"),
    [
        ("1", Next.HANGUP, Outcome.NOTHING),
        ("2", Next.MESSAGE, Outcome.MESSAGE),
        ("3", Next.HOTLINE, Outcome.HOTLINE),
        ("0", Next.HOTLINE, Outcome.HOTLINE),
    ],
)
async def test_the_choices_are_those_of_a_known_outage(key: str, to: Next, outcome: Outcome) -> None:
    call = ScriptedCall(Step(CHOICES, key), caller_number=PHONE)
    outages = MemoryOutages([SUSPECTED])
    assert await visit(call, outages) == (to, outcome)
    assert outages.asked == ([OutageCallbackRequest("call-1", PHONE, 9, 1)] if key == "1" else [])


async def test_on_with_readings_without_hearing_it_again() -> None:
    call = ScriptedCall(Step(CHOICES, "4"), Step("identify/confirm", "1"), *READING, caller_number=PHONE)
    assert await visit(call, MemoryOutages([SUSPECTED])) == (Next.HANGUP, Outcome.STORED)
    assert call.heard.count("outage/suspected") == call.heard.count(CHOICES) == 1


@pytest.mark.parametrize("at", ["outage/suspected", "greeting/welcome"])
async def test_zero_counts_from_the_first_word(at: str) -> None:
    call = ScriptedCall(Step(at, "0"), caller_number=PHONE)
    assert await visit(call, MemoryOutages([SUSPECTED])) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.heard[-1] == "hotline/connecting" and CHOICES not in call.heard
    assert call.told == (9, "suspected") and call.probably == HOME


async def test_a_key_pressed_in_the_dialplans_greeting_is_an_account_number() -> None:
    call = ScriptedCall(Step("identify/confirm", "1"), Step(CHOICES, "4"), *READING, caller_number=PHONE)
    for digit in NUMBER:
        call.line.keys.push(Key(digit, 100.0))
    assert await visit(call, MemoryOutages([SUSPECTED])) == (Next.HANGUP, Outcome.STORED)
    assert call.heard.index("identify/confirm") < call.heard.index("outage/suspected")


async def test_a_slow_store_holds_no_greeting_up() -> None:
    call = ScriptedCall(Step("greeting/welcome", "0"), caller_number=PHONE)
    outages = MemoryOutages([SUSPECTED], slow=frozenset({"at"}))
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.heard == ["greeting/welcome", "hotline/connecting"]


async def test_a_known_outage_is_told_after_the_greeting_as_ever() -> None:
    call = ScriptedCall(Step(CHOICES, "3"), caller_number=PHONE)
    assert await visit(call, MemoryOutages([SUSPECTED, KNOWN])) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.heard[:2] == ["greeting/welcome", "outage/known"]
    assert call.told == (7, "cable until 2026-11-20T18:30+03:00")


async def test_while_many_wait_the_greeting_is_short_and_the_journal_says_so() -> None:
    call = ScriptedCall(Step("greeting/short", "0"))
    assert await visit(call, MemoryOutages(), shortly=True) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.heard == ["greeting/short", "hotline/connecting"]
    assert GreetedShortly() in call.notes


async def test_a_report_of_the_suspected_place_belongs_to_it_and_goes_with_the_call() -> None:
    says = [(CHOICES, "сообщить об аварии")]
    call = ScriptedCall(Step("report/trouble", "2"), caller_number=PHONE, says=says)
    outages = MemoryOutages([SUSPECTED])
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert [report.outage_id for report in outages.reported] == [9]
    assert call.report == (Trouble.HOUSE, "1007")


async def test_who_denies_the_account_of_their_number_is_nobodys() -> None:
    call = ScriptedCall(Step("identify/confirm", "2"), Step("identify/ask", "0"), caller_number=PHONE)
    assert await visit(call, MemoryOutages()) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.probably is None
