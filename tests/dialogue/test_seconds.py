"""How long it takes, by the lengths of the published audio: silent callers reach a person, reports are taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ivr.dialogue.ports import Next
from ivr.domain.journal.words import Outcome
from ivr.domain.outages import Cause, Outage, Place, Trouble
from tests.dialogue.known_outage import HOME, KNOWN, PHONE, visit
from tests.dialogue.published import seconds
from tests.dialogue.scripted import NOON, MemoryOutages, Pace, ScriptedCall, Step
from tests.dialogue.visits import NUMBER, day_and_night

PICKED_UP_S = 0.3
"""From the dialplan's greeting to the daemon's first word: its pause for a key, the hand-off."""


def since_answered(call: ScriptedCall) -> float:
    """Seconds from the answer of the call, with the dialplan's greeting, to the end of the dialogue."""
    return seconds("fixed/greeting") + PICKED_UP_S + call.line.elapsed_s


# ---------------------------------------------------------------------------------------------- who says nothing

DULL = Pace(seconds)
LATE = replace(KNOWN, place=Place("Север"), cause=Cause.WEATHER, expected_end=NOON)


@pytest.mark.parametrize(
    ("number", "outage", "limit_s"),
    [(PHONE, None, 75), (PHONE, KNOWN, 85.5), (PHONE, LATE, 85.5), ("", None, 90), ("", KNOWN, 90)],
    ids=["known number", "outage with its end", "outage that lasts", "no number", "no number, outage"],
)
@pytest.mark.parametrize("speech", [False, True], ids=["keys", "speech"])
async def test_who_says_and_presses_nothing_reaches_a_person(
    number: str, outage: Outage | None, limit_s: float, speech: bool
) -> None:
    call = ScriptedCall(caller_number=number, pace=DULL, says=[("never heard", "")] if speech else ())
    assert await visit(call, MemoryOutages([outage] if outage else [])) == (Next.OPERATOR, Outcome.OPERATOR)
    assert since_answered(call) <= limit_s


async def test_what_is_asked_again_is_the_question_and_not_what_was_told_before_it() -> None:
    call = ScriptedCall(caller_number=PHONE)
    await visit(call, MemoryOutages())
    once = ["identify/confirm", "common/yes-no", "common/no-input"]
    assert call.heard == [
        *("greeting/welcome", "identify/known"),
        *once,
        *once,
        *("common/one-key", *once, "common/person", "operator/connecting"),
    ]


async def test_who_wants_to_hear_it_again_hears_all_of_it() -> None:
    call = ScriptedCall(
        Step("common/one-key"), Step("outage/choices", "*"), Step("outage/expected", "3"), caller_number=PHONE
    )
    assert await visit(call, MemoryOutages([KNOWN])) == (Next.HOTLINE, Outcome.HOTLINE)
    after = call.heard[call.heard.index("common/one-key") + 1 :]
    assert after == ["outage/choices", "outage/known", "outage/expected", "hotline/connecting"]


async def test_who_says_nothing_at_a_number_hears_the_help_once() -> None:
    call = ScriptedCall()
    await visit(call, MemoryOutages())
    asked = ["greeting/welcome", "identify/ask", "common/no-input", "identify/ask", "identify/help", "common/no-input"]
    last = ["common/keys-slowly", "identify/ask", "common/no-input", "common/person", "operator/connecting"]
    assert call.heard == [*asked, *last]


# ---------------------------------------------------------------------------------------------- a whole report

THINKS_S, KEY_S = 3.0, 2.0
OLD = Pace(seconds, thinks=THINKS_S, word=0.8)
"""Hears every prompt out, thinks, speaks slowly, and looks for each key."""
REPORT = "сообщить об аварии"
TWO_ZONES = replace(HOME, meters=(day_and_night(27999, 15879),))  # read back before the first question about them
HOME_ADDRESS = ("report/address", "улица ленина дом пять квартира двенадцать")


def old(hears: str, keys: str) -> Step:
    return Step(hears, keys, gap_s=KEY_S, thinks_s=THINKS_S)


WAYS = {
    "known number": (PHONE, [], [("identify/confirm", REPORT)]),
    "known number, outage there": (PHONE, [], [("outage/choices", REPORT)]),
    "account typed": ("", [old("identify/ask", NUMBER), old("common/yes-no", "1")], [("reading/ask", REPORT)]),
    "address spoken": ("", [], [("identify/ask", REPORT), HOME_ADDRESS]),
    "address spoken, by keys": ("", [old("identify/ask", "#"), old("identify/without", "3")], [HOME_ADDRESS]),
    "by keys, after the help": ("", [old("identify/help", "#"), old("identify/without", "3")], [HOME_ADDRESS]),
}


@pytest.mark.parametrize("key", "12345")
@pytest.mark.parametrize("way", WAYS)
async def test_a_whole_report_is_taken_in_ninety_seconds_at_an_old_callers_pace(way: str, key: str) -> None:
    number, steps, says = WAYS[way]
    call = ScriptedCall(*steps, old("report/trouble", key), caller_number=number, says=says, pace=OLD)
    outages = MemoryOutages([KNOWN] if "outage" in way else [])
    assert await visit(call, outages, TWO_ZONES) == (Next.HOTLINE, Outcome.HOTLINE)
    (report,) = outages.reported
    danger = report.trouble is Trouble.DANGER
    assert danger or call.heard[-2:] == ["report/number", "hotline/connecting"]
    assert since_answered(call) <= (85 if danger else 90)
