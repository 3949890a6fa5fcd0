"""Calls by voice: what the caller says and hears, and what is stored. Words in, no audio: that is tests/telephony's."""

from __future__ import annotations

import pytest

from ivr.dialogue.ports import Next, Outcome
from ivr.domain.accounts import Account
from ivr.domain.readings import Channel
from tests.dialogue.scripted import MemoryLedger, ScriptedCall, Step
from tests.dialogue.test_visit import NUMBER, day_and_night, ledger, one_zone, visit

ACCOUNT = "один два три четыре пять шесть семь восемь девять ноль"
NEAR = "один два три четыре пять шесть семь восемь пять ноль"
IDENTIFIED = (("identify/ask", ACCOUNT), ("identify/confirm", "да"))
LEAVES = ("menu/else", "нет")
READING = "двенадцать тысяч сто пятьдесят"
STORED = (Next.HANGUP, Outcome.STORED)


def caller(*says: tuple[str, str]) -> ScriptedCall:
    return ScriptedCall(says=says)


async def test_a_reading_is_said_and_stored() -> None:
    call = caller(*IDENTIFIED, ("reading/ask", READING), ("reading/confirm", "да"), LEAVES)
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12150}
    assert store.kept[0].channel is Channel.VOICE
    assert call.kept_voices == []


async def test_a_misheard_number_is_put_right_and_not_proposed_again() -> None:
    heard = "двенадцать тысяч двести пятьдесят|двенадцать тысяч сто пятьдесят"
    call = caller(
        *IDENTIFIED,
        ("reading/ask", heard),
        ("reading/confirm", "нет"),
        ("reading/ask", heard),
        ("reading/confirm", "да верно"),
        LEAVES,
    )
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12150}


async def test_nothing_is_stored_without_a_yes() -> None:
    call = caller(*IDENTIFIED, ("reading/ask", READING), ("reading/confirm", "нет"))
    store = ledger(one_zone())
    await visit(call, store)
    assert store.kept == []


async def test_what_is_known_decides_between_alternatives() -> None:
    call = caller(
        *IDENTIFIED, ("reading/ask", f"девятнадцать тысяч сто пятьдесят|{READING}"), ("reading/confirm", "да"), LEAVES
    )
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12150}


async def test_a_near_account_is_offered_in_full_and_taken_only_with_a_yes() -> None:
    call = caller(("identify/ask", NEAR), ("identify/confirm", "да"), ("reading/ask", READING))
    await visit(call, ledger(one_zone()))
    assert call.account is not None and call.account.number == NUMBER


async def test_a_near_account_that_is_refused_is_not_offered_again() -> None:
    call = caller(("identify/ask", NEAR), ("identify/confirm", "нет"), ("identify/ask", NEAR))
    await visit(call, ledger(one_zone()))
    assert call.heard.count("identify/confirm") == 1
    assert call.account is None


async def test_two_accounts_that_sound_alike_are_told_apart_by_their_group() -> None:
    store = MemoryLedger([Account(1, NUMBER, meters=(one_zone(),)), Account(2, "1234567850", meters=(one_zone(),))])
    between = "один два три четыре пять шесть семь восемь ноль"  # a digit is lost
    call = caller(
        ("identify/ask", between), ("identify/group-last", "семь восемь девять ноль"), ("identify/confirm", "да")
    )
    await visit(call, store)
    assert call.account is not None and call.account.number == NUMBER


async def test_a_fraction_is_dropped_and_told() -> None:
    call = caller(*IDENTIFIED, ("reading/ask", f"{READING} запятая шесть"), ("reading/confirm", "да"), LEAVES)
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert "reading/fraction" in call.heard
    assert store.values() == {1: 12150}


async def test_the_voice_is_kept_beside_a_flagged_reading() -> None:
    call = caller(*IDENTIFIED, ("reading/ask", "двенадцать тысяч"), ("reading/confirm", "да"), LEAVES)
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert store.kept[0].entries[0].voice == "voice/1.wav"


QUESTIONS = {
    "identify/ask": (),
    "identify/confirm": IDENTIFIED[:1],
    "reading/ask": IDENTIFIED,
    "reading/confirm": (*IDENTIFIED, ("reading/ask", READING)),
    "menu/else": (*IDENTIFIED, ("reading/ask", READING), ("reading/confirm", "да")),
}


@pytest.mark.parametrize(("words", "to"), [("у нас нет света", Next.HOTLINE), ("оператор", Next.OPERATOR)])
@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_person_by_words_from_every_question(question: str, words: str, to: Next) -> None:
    call = caller(*QUESTIONS[question], (question, words))
    assert (await visit(call, ledger(one_zone())))[0] is to


async def test_help_explains_and_is_no_failure() -> None:
    call = caller(("identify/ask", "помощь"), ("identify/ask", "помощь"), *IDENTIFIED)
    await visit(call, ledger(one_zone()))
    assert call.heard.count("identify/help") >= 2
    assert call.account is not None


async def test_nobody_asks_for_help_for_ever() -> None:
    call = caller(*[("identify/ask", "помощь")] * 20)
    assert (await visit(call, ledger(one_zone())))[0] is Next.OPERATOR


async def test_back_from_a_reading_asks_for_the_account() -> None:
    call = caller(*IDENTIFIED, ("reading/ask", "назад"), ("identify/ask", "оператор"))
    assert (await visit(call, ledger(one_zone())))[0] is Next.OPERATOR
    assert call.heard.count("identify/ask") == 2


async def test_back_from_the_second_zone_asks_for_the_first_again() -> None:
    call = caller(
        *IDENTIFIED,
        ("reading/ask", READING),
        ("reading/confirm", "да"),
        ("reading/ask", "назад"),
        ("reading/ask", "двенадцать тысяч сто шестьдесят"),
        ("reading/confirm", "да"),
        ("reading/ask", "пять тысяч восемьдесят"),
        ("reading/confirm", "да"),
        LEAVES,
    )
    store = ledger(day_and_night())
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12160, 2: 5080}


async def test_after_two_failures_only_keys_are_heard() -> None:
    call = ScriptedCall(
        Step("common/keys-slowly"),
        says=[("identify/ask", "собака"), ("identify/ask", "собака"), ("identify/ask", ACCOUNT)],
    )
    assert (await visit(call, ledger(one_zone())))[0] is Next.OPERATOR
    assert "common/keys-slowly" in call.heard
    assert not call.hears
    assert len(call.says) == 1  # what is said then is not heard
