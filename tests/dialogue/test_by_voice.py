"""Calls by voice: what the caller says and hears, and what is stored. Words in, no audio: that is tests/telephony's."""

from __future__ import annotations

import pytest

from ivr.dialogue.ports import Next
from ivr.domain.accounts import Account
from ivr.domain.journal.words import Outcome
from ivr.domain.meters import Meter, Zone
from ivr.domain.readings import Channel
from tests.dialogue.scripted import LET_GO, SPEECH_LOST, MemoryLedger, ScriptedCall, Step
from tests.dialogue.visits import NUMBER, day_and_night, ledger, one_zone, register, visit

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
    insists = (("reading/ask", "пятнадцать тысяч"),) * 2
    call = caller(*IDENTIFIED, *insists, ("reading/confirm", "да"), LEAVES)
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


STUMBLED = (("identify/ask", "собака"), ("identify/ask", "собака"))


async def test_after_two_failures_numbers_are_keyed_in() -> None:
    call = caller(*STUMBLED, ("identify/ask", ACCOUNT))
    assert (await visit(call, ledger(one_zone())))[0] is Next.OPERATOR
    assert "common/keys-slowly" in call.heard
    assert not call.hears
    assert call.account is None


@pytest.mark.parametrize(
    ("question", "keys"),
    [
        ("common/keys-slowly", ()),
        ("identify/ask", ()),
        ("identify/confirm", (Step("identify/ask", NUMBER),)),
        ("reading/ask", (Step("identify/ask", NUMBER), Step("identify/confirm", "1"))),
    ],
)
@pytest.mark.parametrize(("words", "to"), [("искрит", Next.HOTLINE), ("оператор", Next.OPERATOR)])
async def test_after_two_failures_people_are_still_called_by_words(
    question: str, keys: tuple[Step, ...], words: str, to: Next
) -> None:
    call = ScriptedCall(Step("common/keys-slowly"), *keys, says=(*STUMBLED, (question, words)))
    assert (await visit(call, ledger(one_zone())))[0] is to
    assert "common/person" not in call.heard


@pytest.mark.parametrize(("words", "to"), [("у нас нет света", Next.HOTLINE), ("оператор", Next.OPERATOR)])
async def test_people_are_called_by_words_in_the_greeting(words: str, to: Next) -> None:
    call = caller(("greeting/welcome", words))
    assert (await visit(call, ledger(one_zone())))[0] is to
    assert "identify/ask" not in call.heard


async def test_other_words_in_the_greeting_do_nothing() -> None:
    call = caller(("greeting/welcome", "да повторите"), *IDENTIFIED, ("reading/ask", "оператор"))
    await visit(call, ledger(one_zone()))
    assert call.account is not None
    assert call.heard.count("greeting/welcome") == 1


def account(id: int, number: str) -> Account:
    return Account(id, number, meters=(one_zone(),))


async def test_a_near_account_is_read_out_whole() -> None:
    call = caller(("identify/ask", NEAR), ("identify/confirm", "да"))
    await visit(call, ledger(one_zone()))
    read_out = [piece.removeprefix("digit/") for piece in call.phrase("identify/confirm") if piece.startswith("digit/")]
    assert "".join(read_out) == NUMBER


async def test_a_clear_account_is_confirmed_by_its_last_digits_unless_another_ends_like_it() -> None:
    call = caller(*IDENTIFIED)
    await visit(call, ledger(one_zone()))
    assert call.phrase("identify/confirm")[:2] == ("identify/confirm", "identify/last-digits")
    call = caller(*IDENTIFIED)
    await visit(call, MemoryLedger([account(1, NUMBER), account(2, "1239567890")]))
    assert "identify/last-digits" not in call.phrase("identify/confirm")


async def test_the_group_in_doubt_may_be_keyed_in() -> None:
    store = MemoryLedger([account(1, NUMBER), account(2, "1234567850")])
    call = ScriptedCall(
        Step("identify/group-last", "7850"),
        says=[("identify/ask", "один два три четыре пять шесть семь восемь ноль"), ("identify/confirm", "да")],
    )
    await visit(call, store)
    assert call.account is not None and call.account.number == "1234567850"


async def test_a_group_of_neither_account_finds_none() -> None:
    store = MemoryLedger([account(1, NUMBER), account(2, "1234567850")])
    call = ScriptedCall(
        Step("identify/group-last", "1111"), says=[("identify/ask", "один два три четыре пять шесть семь восемь ноль")]
    )
    await visit(call, store)
    assert "identify/unknown" in call.heard
    assert call.account is None


async def test_back_from_the_group_in_doubt_asks_for_the_whole_number() -> None:
    store = MemoryLedger([account(1, NUMBER), account(2, "1234567850")])
    call = caller(
        ("identify/ask", "один два три четыре пять шесть семь восемь ноль"),
        ("identify/group-last", "назад"),
        *IDENTIFIED,
    )
    await visit(call, store)
    assert call.account is not None and call.account.number == NUMBER


async def test_two_readings_that_sound_alike_are_told_apart_by_their_last_digits() -> None:
    alike = "двенадцать тысяч сто пятьдесят|двенадцать тысяч двести"
    call = caller(
        *IDENTIFIED, ("reading/ask", alike), ("reading/group-last", "двести"), ("reading/confirm", "да"), LEAVES
    )
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12200}


async def test_readings_that_differ_in_their_thousands_are_read_out_one_after_the_other() -> None:
    call = caller(
        *IDENTIFIED,
        ("reading/ask", "двенадцать тысяч девятьсот|тринадцать тысяч девятьсот"),
        ("reading/confirm", "нет"),
        ("reading/confirm", "да"),
        LEAVES,
    )
    store = ledger(Meter(1, "00123456", (register(1, Zone.T1, 12000, use=1300),)))
    assert await visit(call, store) == STORED
    assert store.values() == {1: 13900}
    assert call.heard.count("reading/ask") == 1


async def test_a_no_with_reasons_is_a_no() -> None:
    call = caller(
        *IDENTIFIED,
        ("reading/ask", "двенадцать тысяч сто шестьдесят"),
        ("reading/confirm", "нет не так"),
        ("reading/ask", READING),
        ("reading/confirm", "да"),
        LEAVES,
    )
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12150}


async def test_a_number_after_the_no_is_taken_and_confirmed() -> None:
    call = caller(
        *IDENTIFIED,
        ("reading/ask", "двенадцать тысяч сто шестьдесят"),
        ("reading/confirm", f"нет {READING}"),
        ("reading/confirm", "да"),
        LEAVES,
    )
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12150}
    assert call.heard.count("reading/ask") == 1
    assert call.phrase("reading/confirm")[-2:] == ("number/100", "number/50")


async def test_a_number_after_the_no_is_judged_as_any_other() -> None:
    call = caller(
        *IDENTIFIED,
        ("reading/ask", "двенадцать тысяч сто шестьдесят"),
        ("reading/confirm", "нет девять тысяч сто пятьдесят"),
        ("reading/ask", "оператор"),
    )
    await visit(call, ledger(one_zone()))
    assert "reading/too-low" in call.heard
    assert call.heard.count("reading/confirm") == 1


async def test_the_refused_number_after_the_no_is_not_proposed_again() -> None:
    call = caller(
        *IDENTIFIED,
        ("reading/ask", READING),
        ("reading/confirm", f"нет {READING}"),
        ("reading/ask", "двенадцать тысяч сто шестьдесят"),
        ("reading/confirm", "да"),
        LEAVES,
    )
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12160}


async def test_an_account_after_the_no_to_the_known_one_is_taken() -> None:
    store = MemoryLedger([account(1, NUMBER), account(2, "5555555555")], phones={"+79160000001": "5555555555"})
    call = ScriptedCall(
        caller_number="+79160000001",
        says=[("identify/known", f"нет {ACCOUNT}"), ("identify/confirm", "да"), ("reading/ask", "оператор")],
    )
    await visit(call, store)
    assert call.account is not None and call.account.number == NUMBER
    assert "identify/ask" not in call.heard


async def test_after_the_second_failure_no_spoken_number_is_taken() -> None:
    call = caller(
        *IDENTIFIED,
        ("reading/ask", "двенадцать тысяч сто шестьдесят"),
        ("reading/confirm", "нет двенадцать тысяч сто семьдесят"),
        ("reading/confirm", f"нет {READING}"),
    )
    store = ledger(one_zone())
    assert (await visit(call, store))[0] is Next.OPERATOR
    assert call.heard.count("reading/confirm") == 2
    assert store.kept == []


async def test_cancel_drops_what_was_given_and_is_no_failure() -> None:
    call = caller(
        *IDENTIFIED,
        ("reading/ask", "отмена"),
        ("reading/ask", "отмена"),
        ("reading/ask", READING),
        ("reading/confirm", "отмена"),
        ("reading/ask", "двенадцать тысяч сто шестьдесят"),
        ("reading/confirm", "да"),
        LEAVES,
    )
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12160}


async def test_help_at_a_confirmation_explains_both_answers() -> None:
    call = caller(("identify/ask", ACCOUNT), ("identify/confirm", "помощь"), ("identify/confirm", "да"))
    await visit(call, ledger(one_zone()))
    assert "common/yes-no-help" in call.heard
    assert call.account is not None


@pytest.mark.parametrize("words", ["назад", "отмена", "помощь", "собака"])
@pytest.mark.parametrize("question", QUESTIONS)
async def test_nobody_says_the_same_for_ever(question: str, words: str) -> None:
    call = caller(*QUESTIONS[question], *[(question, words)] * 40)
    store = ledger(one_zone())
    to, _ = await visit(call, store)
    # After two failures only keys count; silence at the last question means «that is all».
    assert to is (Next.HANGUP if question == "menu/else" else Next.OPERATOR)
    assert bool(store.kept) is (question == "menu/else")


async def test_back_from_the_second_meter_takes_the_first_again() -> None:
    second = Meter(2, "00999888", (register(3, Zone.T1, 700),))
    call = caller(
        *IDENTIFIED,
        ("reading/ask", READING),
        ("reading/confirm", "да"),
        ("reading/ask", "назад"),
        ("reading/ask", "двенадцать тысяч сто шестьдесят"),
        ("reading/confirm", "да"),
        ("reading/ask", "семьсот девяносто"),
        ("reading/confirm", "да"),
        LEAVES,
    )
    store = ledger(one_zone(), second)
    assert await visit(call, store) == STORED
    assert store.values() == {1: 12160, 3: 790}


async def test_a_question_invites_to_speak_only_where_speech_is_understood() -> None:
    call = ScriptedCall(Step("identify/ask", NUMBER), Step("identify/confirm", "1"))
    await visit(call, ledger(one_zone()))
    assert call.phrase("identify/ask")[-1] == call.phrase("reading/ask")[-1] == "common/key-in"
    call = caller(*IDENTIFIED, ("reading/ask", "оператор"))
    await visit(call, ledger(one_zone()))
    assert call.phrase("identify/ask")[-1] == call.phrase("reading/ask")[-1] == "common/say-or-key"


async def test_a_caller_whose_speech_is_lost_in_the_middle_is_told_once_and_goes_on_by_keys() -> None:
    call = ScriptedCall(
        Step("reading/ask", "121507#", gap_s=0.2),
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        Step("menu/else", "2"),
        says=[*IDENTIFIED[:1], ("identify/confirm", SPEECH_LOST)],
    )
    call.line.script.insert(0, Step("identify/confirm", "1"))
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    assert call.heard.count("common/keys-only") == 1
    assert call.phrase("reading/ask")[-1] == "common/key-in"
    assert store.kept[0].channel is Channel.KEYS


async def test_a_caller_who_is_not_heard_this_once_is_told_at_once_and_answers_by_keys() -> None:
    call = ScriptedCall(
        Step("reading/ask", "12150"),
        Step("reading/confirm", "1"),
        Step("menu/else", "2"),
        says=[*IDENTIFIED, ("reading/ask", LET_GO)],
    )
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    at = call.heard.index("common/keys-only")
    assert call.heard[at - 1 : at + 2] == ["reading/ask", "common/keys-only", "reading/confirm"]
    assert "common/no-input" not in call.heard
    assert call.hears


async def test_the_voice_of_a_flagged_value_is_kept_and_a_keyed_one_has_none() -> None:
    said = caller(*IDENTIFIED, *(("reading/ask", "пятнадцать тысяч"),) * 2, ("reading/confirm", "да"), LEAVES)
    store = ledger(one_zone())
    await visit(said, store)
    assert said.kept_voices == ["пятнадцать тысяч".encode()]
    keyed = ScriptedCall(
        *(Step("reading/ask", "15000"),) * 2, Step("reading/confirm", "1"), Step("menu/else", "2"), says=IDENTIFIED
    )
    store = ledger(one_zone())
    await visit(keyed, store)
    (entry,) = store.kept[0].entries
    assert (entry.flagged, entry.voice, store.kept[0].channel) == (True, None, Channel.KEYS)


async def test_the_same_value_said_again_waits_for_no_clerk_and_its_voice_is_not_kept() -> None:
    call = caller(*IDENTIFIED, ("reading/ask", "двенадцать тысяч"), ("reading/confirm", "да"), LEAVES)
    store = ledger(one_zone())
    assert await visit(call, store) == STORED
    (entry,) = store.kept[0].entries
    assert (entry.flagged, entry.reason, entry.voice, call.kept_voices) == (False, "same-value", None, [])


async def test_an_account_list_that_cannot_be_asked_ends_at_a_person_and_stores_nothing() -> None:
    store = ledger(one_zone())
    store.fails = frozenset({"active"})
    call = caller(*IDENTIFIED)
    assert (await visit(call, store))[0] is Next.OPERATOR
    assert "common/fault" in call.heard
