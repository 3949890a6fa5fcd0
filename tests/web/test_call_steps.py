"""The time line of a call: every step has its words, and one that nobody knows is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.journal.steps import (
    STEPS,
    AddressRecorded,
    CallbackPromised,
    CallerHungUp,
    Corrected,
    Failed,
    KeysPressed,
    Legacy,
    OutageReported,
    OutageTold,
    PromptBegan,
    ReadStep,
    Said,
    SimilarNumbers,
    Step,
    StudioRefused,
    TakePublished,
    Unreadable,
    YesOrNoPressed,
)
from ivr.domain.journal.words import Failure, Next, Outcome, Refused, TurnEnd
from ivr.domain.judgement import Verdict
from ivr.domain.outages import Cause, Scope, Trouble
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.calls.reader import StepView
from ivr.studio.catalogue import Entry
from ivr.web.calls import labels
from ivr.web.calls.labels import Line, time_line
from ivr.web.outages.labels import CAUSES, TROUBLES
from tests.web.conftest import Site
from tests.web.stock import CALL, put, put_call

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NO_TEXTS: Mapping[str, Entry] = {}
ANSWER = TurnEnd.ANSWER


def line_of(step: ReadStep, *, in_full: bool = True) -> Line:
    (line,) = time_line([StepView(1, NOON, step)], NOON, NO_TEXTS, in_full=in_full)
    return line


@pytest.mark.parametrize(
    ("step", "what", "text", "words"),
    [
        (PromptBegan("a/b", ("c/d",)), "говорит", "a/b c/d", ""),
        (KeysPressed(ANSWER, "12"), "нажимает", "12", ""),
        (KeysPressed(ANSWER), "ответ", "", ""),  # a PIN
        (KeysPressed(TurnEnd.NO_INPUT), "молчание", "", ""),
        (YesOrNoPressed(ANSWER, "2"), "отвечает да или нет", "2 — нет", ""),
        (YesOrNoPressed(TurnEnd.NOT_UNDERSTOOD, "7"), "отвечает да или нет", "7", ""),
        (Said(ANSWER, "5", "пять"), "отвечает голосом", "5", "пять"),
        (Said(TurnEnd.OPERATOR, words="оператор"), "просит оператора", "", "оператор"),
        (AddressRecorded(ANSWER), "ответ", "", ""),
        (Corrected("12"), "поправляет", "12", ""),
        (SimilarNumbers(("12", "13")), "несколько похожих вариантов", "12 13", ""),
        (OutageTold(7, Scope.HOUSE, Cause.CABLE), "рассказано об отключении", "№ 7, повреждение кабеля", ""),
        (OutageTold(7, Scope.HOUSE), "рассказано об отключении", "№ 7", ""),
        (CallbackPromised(7), "обещано перезвонить", "когда закончится отключение № 7", ""),
        (OutageReported("1001", Trouble.HOUSE), "принято сообщение", "№ 1001, нет света в доме", ""),
        (CallerHungUp(), "звонящий положил трубку", "", ""),
        (Failed(Failure.TOO_LONG), "сбой", "звонок длился слишком долго", ""),
        (StudioRefused(Refused.TELEPHONE), "в студию не пущен", "с этого телефона не записывают", ""),
        (TakePublished(5), "опубликована запись", "№ 5", ""),
        (Legacy("weather", "rain"), "weather", "rain", ""),
        (Unreadable("of-tomorrow", "", '{"a":1}'), "of-tomorrow", '{"a":1}', ""),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Step | Unreadable) else None,
)
def test_a_step_in_words(step: ReadStep, what: str, text: str, words: str) -> None:
    line = line_of(step)
    assert (line.what, line.text, line.words) == (what, text, words)


@given(st.sampled_from([step for step in STEPS.values() if step is not Legacy]).flatmap(st.from_type))
def test_every_kind_has_russian_words(step: Step) -> None:
    for in_full in (True, False):
        assert not line_of(step, in_full=in_full).what.isascii()


@pytest.mark.parametrize(
    "step",
    [
        PromptBegan("a/b", ("digit/7",)),
        KeysPressed(ANSWER, "777"),
        YesOrNoPressed(ANSWER, "777"),
        Said(ANSWER, "777", "777"),
        Corrected("777"),
        SimilarNumbers(("777",)),
        Legacy("close", "777"),
        Unreadable("keys", "", "777"),
    ],
    ids=lambda step: type(step).__name__,
)
def test_who_sees_no_numbers_sees_none_in_a_step(step: ReadStep) -> None:
    assert "7" in str(line_of(step)) and "7" not in str(line_of(step, in_full=False))


def test_every_fact_has_its_words() -> None:
    for words, facts in (
        (labels.TURN_ENDS, TurnEnd),
        (labels.VERDICTS, Verdict),
        (labels.NEXT, Next),
        (labels.FAILURES, Failure),
        (labels.REFUSED, Refused),
        (CAUSES, Cause),
        (TROUBLES, Trouble),
    ):
        assert set(words) == set(facts)
    assert set(labels.OUTCOMES) == {*Outcome, labels.GOES_ON}


@pytest.mark.parametrize("detail", ["12345", "{", '{"ended":"of tomorrow"}', "[" * 5000])
async def test_a_damaged_step_closes_no_page(site: Site, detail: str) -> None:
    put_call(site.database)
    put(site.database, tables.CallStep, call_id=CALL, seq=99, at=site.time, kind="keys", detail=detail)
    answer = await (await site.logged_in(Role.CLERK)).get(f"/calls/{CALL}")
    assert answer.status_code == 200 and detail.replace('"', "&#34;") in answer.text
