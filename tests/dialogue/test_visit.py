"""What a caller hears, what is stored, and where the call goes, for whole visits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from ivr.dialogue.ports import HungUp, Next
from ivr.domain.accounts import Account
from ivr.domain.journal.words import Outcome
from ivr.domain.meters import Meter, Zone
from tests.dialogue.scripted import MOSCOW, ScriptedCall, Step
from tests.dialogue.visits import NUMBER, OCTOBER, day_and_night, ledger, one_zone, register, visit

IDENTIFIED = (Step("identify/ask", NUMBER), Step("identify/confirm", "1"))
LEAVES = Step("menu/else", "2")


async def test_the_short_way_stores_a_reading() -> None:
    call = ScriptedCall(*IDENTIFIED, Step("reading/ask", "12150"), Step("reading/confirm", "1"), LEAVES)
    store = ledger(one_zone())
    assert await visit(call, store) == (Next.HANGUP, Outcome.STORED)
    assert store.values() == {1: 12150}
    assert call.heard == [
        "greeting/welcome",
        "identify/ask",
        "identify/confirm",
        "reading/last",
        "reading/taken-on",
        "reading/ask",
        "reading/confirm",
        "reading/stored",
        "reading/receipt",
        "menu/else",
        "common/goodbye",
    ]


async def test_day_and_night_are_stored_together() -> None:
    call = ScriptedCall(
        *IDENTIFIED,
        Step("reading/ask", "12150#"),
        Step("reading/confirm", "1"),
        Step("reading/ask", "5080#"),
        Step("reading/confirm", "1"),
        LEAVES,
    )
    store = ledger(day_and_night())
    assert await visit(call, store) == (Next.HANGUP, Outcome.STORED)
    assert [len(submission.entries) for submission in store.kept] == [2]
    assert store.values() == {1: 12150, 2: 5080}


WHOLE = (
    *IDENTIFIED,
    Step("reading/ask", "12150#"),
    Step("reading/confirm", "1"),
    Step("reading/ask", "5080#"),
    Step("reading/confirm", "1"),
)


@pytest.mark.parametrize("answered", range(len(WHOLE)))
async def test_a_hang_up_at_any_question_stores_nothing(answered: int) -> None:
    call = ScriptedCall(*WHOLE[:answered], Step(WHOLE[answered].hears, hangs_up=True))
    store = ledger(day_and_night())
    with pytest.raises(HungUp):
        await visit(call, store)
    assert store.kept == []


@pytest.mark.parametrize(
    "prompt", ["greeting/welcome", "identify/ask", "identify/confirm", "menu/else", "common/goodbye"]
)
async def test_zero_reaches_the_hotline_from_everywhere(prompt: str) -> None:
    whole = [
        *IDENTIFIED,
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        Step("menu/else", "2"),
    ]
    before = []
    for step in whole:
        if step.hears == prompt:
            break
        before.append(step)
    if prompt == "greeting/welcome":
        before = []
    call = ScriptedCall(*before, Step(prompt, "0"))
    to, outcome = await visit(call, ledger(one_zone()))
    assert (to, outcome) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.heard[-1] == "hotline/connecting"


async def test_a_lone_zero_at_the_reading_reaches_the_hotline_and_a_leading_zero_does_not() -> None:
    call = ScriptedCall(*IDENTIFIED, Step("reading/ask", "0"))
    assert (await visit(call, ledger(one_zone(100))))[0] is Next.HOTLINE
    call = ScriptedCall(*IDENTIFIED, Step("reading/ask", "00250"), Step("reading/confirm", "1"), LEAVES)
    store = ledger(one_zone(100))
    await visit(call, store)
    assert store.values() == {1: 250}


async def test_a_leading_zero_of_an_account_is_kept() -> None:
    call = ScriptedCall(
        Step("identify/ask", "0034567890"),
        Step("identify/confirm", "1"),
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        LEAVES,
    )
    store = ledger(one_zone(), number="0034567890")
    assert (await visit(call, store))[1] is Outcome.STORED


async def test_nine_reaches_the_operator() -> None:
    call = ScriptedCall(Step("identify/ask", "9"))
    assert await visit(call, ledger(one_zone())) == (Next.OPERATOR, Outcome.OPERATOR)
    assert call.heard[-1] == "operator/connecting"


async def test_a_known_number_is_offered_its_account() -> None:
    call = ScriptedCall(
        Step("identify/confirm", "1"),
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        LEAVES,
        caller_number="+79161234567",
    )
    store = ledger(one_zone())
    store.phones["+79161234567"] = NUMBER
    assert (await visit(call, store))[1] is Outcome.STORED
    assert "identify/ask" not in call.heard


async def test_a_known_caller_who_types_an_account_during_the_greeting_has_not_said_yes() -> None:
    call = ScriptedCall(
        Step("greeting/welcome", NUMBER), Step("identify/confirm", "1"), Step("reading/ask", "12150"),
        Step("reading/confirm", "1"), LEAVES, caller_number="+79161234567",
    )  # fmt: skip
    store = ledger(one_zone())
    store.phones["+79161234567"] = NUMBER
    assert (await visit(call, store))[1] is Outcome.STORED
    assert "identify/known" not in call.heard


async def test_an_unknown_account_three_times_reaches_a_person() -> None:
    call = ScriptedCall(*[Step("identify/ask", "9999999999")] * 3)
    assert (await visit(call, ledger(one_zone())))[0] is Next.OPERATOR
    assert call.heard.count("identify/unknown") == 3
    assert call.heard[-2:] == ["common/person", "operator/connecting"]


async def test_thirteen_digits_confirm_nothing() -> None:
    call = ScriptedCall(
        Step("identify/ask", NUMBER + "111", gap_s=0.2),
        Step("identify/ask", NUMBER),
        Step("identify/confirm", "1"),
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        LEAVES,
    )
    store = ledger(one_zone())
    assert (await visit(call, store))[1] is Outcome.STORED
    assert call.heard.count("identify/unknown") == 1
    assert call.heard.count("identify/ask") == 2


async def test_a_hash_after_a_full_number_is_no_answer_to_the_next_question() -> None:
    call = ScriptedCall(
        Step("identify/ask", NUMBER + "#"),
        Step("identify/confirm", "1"),
        Step("reading/ask", "12150#"),
        Step("reading/confirm", "1"),
        LEAVES,
    )
    store = ledger(one_zone())
    assert (await visit(call, store))[1] is Outcome.STORED
    assert "common/not-understood" not in call.heard


async def test_the_fraction_of_a_reading_is_refused_and_asked_again() -> None:
    call = ScriptedCall(
        *IDENTIFIED,
        Step("reading/ask", "121507", gap_s=0.2),
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        LEAVES,
    )
    store = ledger(one_zone())
    await visit(call, store)
    assert "reading/too-long" in call.heard
    assert store.values() == {1: 12150}


async def test_silence_throughout_reaches_a_person() -> None:
    call = ScriptedCall()
    assert (await visit(call, ledger(one_zone())))[0] is Next.OPERATOR
    assert call.heard.count("common/no-input") == 3
    assert call.heard.count("identify/help") == 1


async def test_only_stars_reach_a_person_and_no_endless_loop() -> None:
    call = ScriptedCall(*[Step("identify/ask", "*")] * 30)
    assert (await visit(call, ledger(one_zone())))[0] is Next.OPERATOR


async def test_a_reading_below_the_last_is_asked_again() -> None:
    call = ScriptedCall(
        *IDENTIFIED, Step("reading/ask", "11150"), Step("reading/ask", "12150"), Step("reading/confirm", "1"), LEAVES
    )
    store = ledger(one_zone())
    await visit(call, store)
    assert call.heard.count("reading/too-low") == 1
    assert store.values() == {1: 12150}
    assert not store.kept[0].entries[0].flagged


async def test_who_insists_on_a_high_reading_gets_it_stored_and_checked() -> None:
    call = ScriptedCall(
        *IDENTIFIED, Step("reading/ask", "15150"), Step("reading/ask", "15150"), Step("reading/confirm", "1"), LEAVES
    )
    store = ledger(one_zone())
    await visit(call, store)
    assert "reading/too-high" in call.heard and "reading/to-be-checked" in call.heard
    (entry,) = store.kept[0].entries
    assert (entry.value, entry.flagged, entry.reason) == (15150, True, "above-usual-use")


async def test_the_same_value_is_accepted_and_noted() -> None:
    call = ScriptedCall(*IDENTIFIED, Step("reading/ask", "12000"), Step("reading/confirm", "1"), LEAVES)
    store = ledger(one_zone())
    await visit(call, store)
    (entry,) = store.kept[0].entries
    assert (entry.value, entry.flagged, entry.reason) == (12000, False, "same-value")
    assert "reading/same" in call.heard and "reading/to-be-checked" not in call.heard


async def test_the_digit_behind_the_comma_sounds_like_a_high_use_and_is_noted_as_what_it_is() -> None:
    call = ScriptedCall(
        *IDENTIFIED, Step("reading/ask", "12634"), Step("reading/ask", "12634"), Step("reading/confirm", "1"), LEAVES
    )
    store = ledger(one_zone(1248))
    await visit(call, store)
    assert call.heard.count("reading/too-high") == call.heard.count("reading/insist") == 1
    (entry,) = store.kept[0].entries
    assert (entry.value, entry.flagged, entry.reason) == (12634, True, "with-tenth")


async def test_a_meter_read_remotely_or_not_verified_is_taken_and_looked_at() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"remote": True}, "control"),
        ({"next_verification": OCTOBER}, "verification-overdue"),
    ]
    for facts, reason in cases:
        call = ScriptedCall(*IDENTIFIED, Step("reading/ask", "12150"), Step("reading/confirm", "1"), LEAVES)
        store = ledger(replace(one_zone(), **facts))
        await visit(call, store)
        (entry,) = store.kept[0].entries
        assert (entry.value, entry.flagged, entry.reason) == (12150, True, reason)
        assert "reading/to-be-checked" in call.heard
        assert call.heard.count("reading/remote") == (reason == "control")


async def test_swapped_zones_are_noticed_at_the_first_value() -> None:
    call = ScriptedCall(
        *IDENTIFIED,
        Step("reading/ask", "5080#"),
        Step("reading/swapped", "1"),
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        LEAVES,
    )
    store = ledger(day_and_night())
    await visit(call, store)
    assert store.values() == {1: 12150, 2: 5080}


async def test_zones_exchanged_after_the_first_was_confirmed() -> None:
    call = ScriptedCall(
        *IDENTIFIED,
        Step("reading/ask", "5180#"),
        Step("reading/confirm", "1"),
        Step("reading/ask", "4950#"),
        Step("reading/swapped", "1"),
        LEAVES,
    )
    store = ledger(day_and_night(day=4900, night=5000))
    await visit(call, store)
    assert store.values() == {1: 4950, 2: 5180}


async def test_outside_the_window_the_caller_is_told_the_period() -> None:
    call = ScriptedCall(*IDENTIFIED, Step("reading/ask", "12150"), Step("reading/confirm", "1"), LEAVES)
    store = ledger(one_zone())
    await visit(call, store, datetime(2026, 11, 28, 12, tzinfo=MOSCOW))
    assert "reading/period" in call.heard
    assert str(store.kept[0].period) == "2026-12"


async def test_an_account_without_a_meter_reaches_a_person() -> None:
    call = ScriptedCall(*IDENTIFIED)
    assert (await visit(call, ledger()))[0] is Next.OPERATOR
    assert "identify/no-meter" in call.heard


async def test_a_store_that_fails_claims_nothing() -> None:
    call = ScriptedCall(*IDENTIFIED, Step("reading/ask", "12150"), Step("reading/confirm", "1"))
    store = ledger(one_zone())
    store.fails = frozenset({"keep"})
    assert (await visit(call, store))[0] is Next.OPERATOR
    assert "reading/stored" not in call.heard
    assert call.heard[-2:] == ["reading/not-stored", "operator/connecting"]


async def test_a_store_that_is_gone_from_the_start_still_leaves_the_hotline() -> None:
    store = ledger(one_zone())
    store.fails = frozenset({"accounts_of_phone", "account", "any_starts_with_zero"})
    call = ScriptedCall(caller_number="+79161234567")
    assert (await visit(call, store))[0] is Next.OPERATOR
    assert call.heard == ["greeting/welcome", "common/fault", "operator/connecting"]
    call = ScriptedCall(Step("greeting/welcome", "0"), caller_number="+79161234567")
    assert (await visit(call, store))[0] is Next.HOTLINE


async def test_two_meters_are_named_and_taken_one_after_the_other() -> None:
    second = Meter(2, "00999888", (register(3, Zone.T1, 700),))
    call = ScriptedCall(
        *IDENTIFIED,
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        Step("reading/ask", "790#"),
        Step("reading/confirm", "1"),
        LEAVES,
    )
    store = ledger(one_zone(), second)
    await visit(call, store)
    assert call.heard.count("reading/meter") == 2
    assert store.values() == {1: 12150, 3: 790}


async def test_a_second_account_in_one_call() -> None:
    call = ScriptedCall(
        *IDENTIFIED,
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        Step("menu/else", "1"),
        Step("menu/main", "2"),
        Step("identify/ask", "5555555555"),
        Step("identify/confirm", "1"),
        Step("reading/ask", "790#"),
        Step("reading/confirm", "1"),
        LEAVES,
    )
    store = ledger(one_zone())
    store.accounts.append(Account(2, "5555555555", meters=(Meter(2, "5", (register(9, Zone.T1, 700),)),)))
    await visit(call, store)
    assert store.values() == {1: 12150, 9: 790}
