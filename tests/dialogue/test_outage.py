"""What callers at a known outage hear and choose, and how others report one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from ivr.dialogue.ports import HungUp, Next
from ivr.domain.callbacks import OutageCallbackRequest
from ivr.domain.journal.steps import CallbackAgreed, Failed
from ivr.domain.journal.words import Failure, Outcome
from ivr.domain.outages import Cause, Outage, Place, Report, Trouble
from tests.dialogue.known_outage import HOUR, KNOWN, PHONE, READING, visit
from tests.dialogue.scripted import NOON, MemoryOutages, ScriptedCall, Step
from tests.dialogue.visits import NUMBER


async def told(outage: Outage) -> ScriptedCall:
    """A call from a known number at an outage, hung up at the choices."""
    call = ScriptedCall(Step("outage/choices", hangs_up=True), caller_number=PHONE)
    with pytest.raises(HungUp):
        await visit(call, MemoryOutages([outage]))
    return call


async def test_a_known_number_hears_of_the_outage_before_anything_else() -> None:
    call = await told(KNOWN)
    assert call.heard == ["greeting/welcome", "outage/known", "outage/expected", "outage/choices"]
    assert call.phrase("outage/known") == ("outage/known", "outage/in-street", "outage/cause-cable")
    assert call.phrase("outage/expected") == ("outage/expected", "time/today", "time/by-18", "number-dat/30")


async def test_nothing_of_the_account_is_said_before_it_is_confirmed() -> None:
    call = await told(replace(KNOWN, place=Place("Север", "Ленина", "5")))
    assert "digit/" not in " ".join(piece for phrase in call.line.phrases for piece in phrase)
    assert call.phrase("outage/known")[1] == "outage/in-house"
    assert call.account is None


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (None, ("outage/no-end",)),
        (NOON, ("outage/late",)),
        (NOON + 21 * HOUR, ("outage/expected", "time/tomorrow", "time/by-9", "time/00")),
    ],
)
async def test_until_when(ends: datetime | None, said: tuple[str, ...]) -> None:
    call = await told(replace(KNOWN, expected_end=ends))
    assert call.line.phrases[2] == said


@pytest.mark.parametrize("cause", Cause)
async def test_every_cause_is_told(cause: Cause) -> None:
    call = await told(replace(KNOWN, cause=cause, place=Place("Север")))
    assert call.phrase("outage/known")[1:] == ("outage/in-district", f"outage/cause-{cause}")


@pytest.mark.parametrize("chosen", ["keys", "перезвоните", "позвоните мне", "один"])
async def test_rung_back_when_it_is_over(chosen: str) -> None:
    keyed = chosen == "keys"
    steps = [Step("outage/choices", "1")] if keyed else []
    call = ScriptedCall(*steps, caller_number=PHONE, says=() if keyed else [("outage/choices", chosen)])
    outages = MemoryOutages([KNOWN])
    assert await visit(call, outages) == (Next.HANGUP, Outcome.NOTHING)
    assert outages.asked == [OutageCallbackRequest("call-1", PHONE, 7, 1)]
    assert call.heard[3:] == ["outage/choices", "outage/promised", "menu/else", "common/goodbye"]
    assert CallbackAgreed(7) in call.notes


async def test_a_caller_who_will_be_rung_may_go_on_with_readings() -> None:
    call = ScriptedCall(
        Step("outage/choices", "1"),
        Step("menu/else", "1"),
        Step("identify/confirm", "1"),
        *READING,
        caller_number=PHONE,
    )
    outages = MemoryOutages([KNOWN])
    assert await visit(call, outages) == (Next.HANGUP, Outcome.STORED)
    assert call.heard.count("outage/known") == 1


@pytest.mark.parametrize(
    ("key", "words", "to"),
    [
        ("2", "оставить сообщение", Next.MESSAGE),
        ("3", "оператор", Next.HOTLINE),
        ("3", "соедините с диспетчером", Next.HOTLINE),
        ("0", "авария", Next.HOTLINE),
        ("9", "девять", Next.OPERATOR),
    ],
)
async def test_a_message_or_a_person(key: str, words: str, to: Next) -> None:
    connecting = {
        Next.MESSAGE: "outage/choices",
        Next.HOTLINE: "hotline/connecting",
        Next.OPERATOR: "operator/connecting",
    }
    for call in (
        ScriptedCall(Step("outage/choices", key), caller_number=PHONE),
        ScriptedCall(caller_number=PHONE, says=[("outage/choices", words)]),
    ):
        assert await visit(call, MemoryOutages([KNOWN])) == (to, Outcome(to))
        assert call.heard[-1] == connecting[to]


@pytest.mark.parametrize("words", ["", "показания", "дальше", "четыре"])
async def test_or_on_with_readings_without_hearing_it_twice(words: str) -> None:
    first = () if words else (Step("outage/choices", "4"),)
    says = [("outage/choices", words)] if words else []
    call = ScriptedCall(*first, Step("identify/confirm", "1"), *READING, caller_number=PHONE, says=says)
    assert await visit(call, MemoryOutages([KNOWN])) == (Next.HANGUP, Outcome.STORED)
    assert call.heard.count("outage/known") == 1


async def test_who_identifies_hears_of_it_then_and_a_hidden_number_is_not_offered_a_call() -> None:
    call = ScriptedCall(
        Step("identify/ask", NUMBER),
        Step("identify/confirm", "1"),
        Step("outage/choices-without-number", "1"),
        Step("outage/choices-without-number", "4"),
        *READING,
    )
    outages = MemoryOutages([KNOWN])
    assert await visit(call, outages) == (Next.HANGUP, Outcome.STORED)
    assert call.heard[2:5] == ["identify/confirm", "outage/known", "outage/expected"]
    assert call.heard.count("common/not-understood") == 1 and outages.asked == []


async def test_nobody_is_offered_a_call_that_nobody_would_make() -> None:
    choices = Step("outage/choices-without-number", "1"), Step("outage/choices-without-number", "4")
    call = ScriptedCall(*choices, Step("identify/confirm", "1"), *READING, caller_number=PHONE)
    outages = MemoryOutages([KNOWN])
    assert await visit(call, outages, rings_back=False) == (Next.HANGUP, Outcome.STORED)
    assert call.heard.count("common/not-understood") == 1 and outages.asked == []


async def test_who_keys_an_account_into_the_greeting_is_not_held_up() -> None:
    call = ScriptedCall(
        Step("greeting/welcome", NUMBER, gap_s=0.2),
        Step("identify/confirm", "1"),
        Step("outage/choices", "4"),
        *READING,
        caller_number=PHONE,
    )
    assert await visit(call, MemoryOutages([KNOWN])) == (Next.HANGUP, Outcome.STORED)
    assert call.heard.index("identify/confirm") < call.heard.index("outage/known")


async def test_who_lives_elsewhere_hears_nothing_of_it() -> None:
    call = ScriptedCall(Step("identify/confirm", "1"), *READING, caller_number=PHONE)
    outages = MemoryOutages([replace(KNOWN, place=Place("Юг"))])
    assert await visit(call, outages) == (Next.HANGUP, Outcome.STORED)
    assert "outage/known" not in call.heard


async def test_silence_at_the_choices_ends_with_a_person() -> None:
    call = ScriptedCall(caller_number=PHONE)
    assert await visit(call, MemoryOutages([KNOWN])) == (Next.OPERATOR, Outcome.OPERATOR)
    asked = ["outage/choices", "common/no-input"]
    told = ["greeting/welcome", "outage/known", "outage/expected"]
    assert call.heard == [*told, *asked, *asked, "common/one-key", *asked, "common/person", "operator/connecting"]


async def test_a_callback_that_cannot_be_stored_is_not_told() -> None:
    call = ScriptedCall(Step("outage/choices", "1"), caller_number=PHONE)
    outages = MemoryOutages([KNOWN], fails=frozenset({"ask_after_outage"}))
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.heard[-2:] == ["outage/not-promised", "hotline/connecting"]


async def test_a_store_that_knows_no_outages_holds_up_no_reading() -> None:
    call = ScriptedCall(Step("identify/confirm", "1"), *READING, caller_number=PHONE)
    outages = MemoryOutages([KNOWN], fails=frozenset({"at"}))
    assert await visit(call, outages) == (Next.HANGUP, Outcome.STORED)
    assert Failed(Failure.OUTAGES) in call.notes


@pytest.mark.parametrize(
    ("prompt", "slow"),
    [("greeting/welcome", "at"), ("outage/choices", "ask_after_outage"), ("report/trouble", "report")],
)
async def test_zero_leaves_for_the_hotline_while_the_store_hangs(prompt: str, slow: str) -> None:
    """The key is in the buffer when the wait for the store begins, as it is when it is pressed meanwhile."""
    keys = {"greeting/welcome": "0", "outage/choices": "10", "report/trouble": "10"}[prompt]
    report = prompt == "report/trouble"
    call = ScriptedCall(
        Step(prompt, keys), caller_number=PHONE, says=[("identify/confirm", "сообщить об аварии")] if report else ()
    )
    outages = MemoryOutages([] if report else [KNOWN], slow=frozenset({slow}))
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.heard[-1] == "hotline/connecting"


REPORTS = [("identify/ask", "сообщить об аварии")]


@pytest.mark.parametrize(
    ("key", "words", "trouble"),
    [
        ("1", "в квартире", Trouble.FLAT),
        ("2", "дом", Trouble.HOUSE),
        ("3", "на всей улице", Trouble.STREET),
        ("5", "мигает", Trouble.FLICKER),
    ],
)
async def test_a_report_by_account_has_a_number_and_ends_in_the_queue(key: str, words: str, trouble: Trouble) -> None:
    says = [("identify/confirm", "оставить заявку")]
    words = "на улице" if trouble is Trouble.STREET else words
    for call in (
        ScriptedCall(Step("report/trouble", key), caller_number=PHONE, says=says),
        ScriptedCall(caller_number=PHONE, says=[*says, ("report/trouble", words)]),
    ):
        outages = MemoryOutages()
        assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
        assert outages.reported == [Report("call-1", trouble, Place("Север", "Ленина", "5"), account_id=1)]
        assert call.heard[-3:] == ["report/trouble", "report/number", "hotline/connecting"]
        assert call.phrase("report/number") == ("report/number", *(f"digit/{digit}" for digit in "1007"))


async def test_a_late_key_does_not_cut_off_the_number_of_a_report() -> None:
    """Who looks for # to end the address finds it when the silence has ended it already."""
    for keys, times in (("#", 2), ("0", 1)):
        call = ScriptedCall(Step("report/trouble", "2"), Step("report/number", keys), says=REPORTS)
        assert await visit(call, MemoryOutages()) == (Next.HOTLINE, Outcome.HOTLINE)
        assert call.heard[-1 - times :] == [*["report/number"] * times, "hotline/connecting"]


async def test_an_unknown_caller_says_the_address_and_it_is_kept() -> None:
    call = ScriptedCall(Step("report/trouble", "2"), says=[*REPORTS, ("report/address", "ленина пять")])
    outages = MemoryOutages()
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert outages.reported == [Report("call-1", Trouble.HOUSE, recording="voice/1.wav")]
    assert call.kept_voices == ["ленина пять".encode()]


async def test_a_line_without_sound_reports_without_an_address() -> None:
    call = ScriptedCall(Step("report/trouble", "2"), says=REPORTS)
    outages = MemoryOutages()
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert outages.reported == [Report("call-1", Trouble.HOUSE)]


@pytest.mark.parametrize("slow", [frozenset(), frozenset({"report"})])
async def test_danger_goes_straight_to_a_person(slow: frozenset[str]) -> None:
    call = ScriptedCall(Step("report/trouble", "4"), says=REPORTS)
    outages = MemoryOutages(slow=slow)
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.heard[-2:] == ["report/trouble", "hotline/connecting"]
    assert outages.reported == ([] if slow else [Report("call-1", Trouble.DANGER)])
    assert call.danger


async def test_a_report_from_the_menu() -> None:
    steps = (Step("identify/confirm", "1"), *READING[:2], Step("menu/else", "1"), Step("menu/main", "3"))
    call = ScriptedCall(*steps, Step("report/trouble", "1"), caller_number=PHONE)
    outages = MemoryOutages()
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert [report.account_id for report in outages.reported] == [1]


async def test_a_report_at_a_known_outage_belongs_to_it() -> None:
    call = ScriptedCall(Step("report/trouble", "1"), caller_number=PHONE, says=[("outage/choices", "заявка")])
    outages = MemoryOutages([KNOWN])
    await visit(call, outages)
    assert [report.outage_id for report in outages.reported] == [7]


async def test_who_denied_the_account_says_the_address() -> None:
    call = ScriptedCall(Step("identify/confirm", "2"), Step("report/trouble", "1"), caller_number=PHONE, says=REPORTS)
    outages = MemoryOutages()
    await visit(call, outages)
    assert [report.place for report in outages.reported] == [Place()]


async def test_a_report_that_cannot_be_stored_is_told_to_a_person() -> None:
    call = ScriptedCall(Step("report/trouble", "1"), caller_number=PHONE, says=[("identify/confirm", "заявка")])
    outages = MemoryOutages(fails=frozenset({"report"}))
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert call.heard[-2:] == ["report/not-stored", "hotline/connecting"]


async def test_who_has_no_number_reports_by_keys_alone() -> None:
    call = ScriptedCall(
        Step("identify/ask", "#"),
        Step("identify/without", "3"),
        Step("report/trouble", "3"),
        says=[("report/address", "мира два")],
    )
    outages = MemoryOutages()
    assert await visit(call, outages) == (Next.HOTLINE, Outcome.HOTLINE)
    assert outages.reported == [Report("call-1", Trouble.STREET, recording="voice/1.wav")]
    assert "common/not-understood" not in call.heard


async def test_who_finds_the_number_goes_on_and_no_number_twice_is_a_failure() -> None:
    call = ScriptedCall(
        Step("identify/ask", "#"),
        Step("identify/without", "1"),
        Step("identify/ask", "#"),
        Step("identify/ask", NUMBER),
        Step("identify/confirm", "1"),
        *READING,
    )
    assert await visit(call, MemoryOutages()) == (Next.HANGUP, Outcome.STORED)
    assert call.heard.count("identify/without") == 1 == call.heard.count("common/not-understood")
