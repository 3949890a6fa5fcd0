"""Steps of the journal: what is kept is what is read again, and nothing that is kept can break a page."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.dialogue.ports import Ending
from ivr.domain.journal import words
from ivr.domain.journal.steps import (
    STEPS,
    KeysPressed,
    Legacy,
    OutageTold,
    PromptBegan,
    ReadingJudged,
    ReadingsStored,
    Said,
    Step,
    Unreadable,
)
from ivr.domain.journal.stored import columns, decode, encode, read
from ivr.domain.journal.words import StepKind, TurnEnd
from ivr.domain.judgement import Verdict
from ivr.domain.meters import Zone
from ivr.domain.outages import Cause, Scope
from ivr.language.port import COMMANDS

STEP = st.sampled_from(sorted(STEPS.values(), key=lambda step: step.kind)).flatmap(st.from_type)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    max_leaves=5,
)


@given(STEP)
def test_a_step_that_is_kept_is_the_step_that_is_read(step: Step) -> None:
    kept = columns(step)
    assert read(**kept) == step
    assert json.loads(json.dumps(encode(step))) == encode(step), "values of JSON and no others"
    assert decode(step.kind, encode(step)) == step


@pytest.mark.parametrize(
    ("step", "kind", "prompt", "detail"),
    [
        (PromptBegan("reading/ask"), "prompt", "reading/ask", ""),
        (PromptBegan("reading/last", ("number/5",)), "prompt", "reading/last", '{"pieces":["number/5"]}'),
        (KeysPressed(TurnEnd.ANSWER, "12"), "keys", "", '{"ended":"answer","given":"12"}'),
        (Said(TurnEnd.BACK, words="назад"), "voice", "", '{"ended":"back","words":"назад"}'),
        (ReadingJudged(Zone.T1, Verdict.TOO_LOW), "judged", "", '{"zone":"T1","verdict":"lower-than-last"}'),
        (ReadingsStored((5, 6)), "stored", "", '{"values":[5,6]}'),
        (OutageTold(7, Scope.HOUSE), "outage", "", '{"outage":7,"scope":"house"}'),
        (OutageTold(7, Scope.HOUSE, Cause.CABLE), "outage", "", '{"outage":7,"scope":"house","cause":"cable"}'),
        (Legacy("close", "1 x"), "legacy", "", '{"was":"close","text":"1 x"}'),
    ],
    ids=lambda value: value.kind.value if isinstance(value, Step) else None,
)
def test_the_form_in_which_steps_are_kept_stays(step: Step, kind: str, prompt: str, detail: str) -> None:
    assert columns(step) == {"kind": kind, "prompt": prompt, "detail": detail}


@pytest.mark.parametrize(
    ("kind", "prompt", "detail"),
    [
        ("of-tomorrow", "", ""),
        ("keys", "", ""),
        ("keys", "", "12345"),
        ("keys", "", "{"),
        ("keys", "", "[" * 100_000),
        ("keys", "", '{"ended":"answer","given":12}'),
        ("keys", "", '{"ended":"of tomorrow"}'),
        ("keys", "", '{"ended":"answer","colour":"red"}'),
        ("keys", "reading/ask", '{"ended":"answer"}'),
        ("stored", "", '{"values":5}'),
        ("stored", "", '{"values":[true]}'),
        ("outage", "", '{"outage":"7","scope":"house"}'),
        ("outage", "", '{"outage":7,"scope":"house","cause":[]}'),
        ("prompt", "a", '{"prompt":"b"}'),
        ("take", "", '{"take":' + "9" * 5000 + "}"),
    ],
)
def test_what_is_not_understood_is_told_as_it_is(kind: str, prompt: str, detail: str) -> None:
    assert read(kind, prompt, detail) == Unreadable(kind, prompt, detail)


@given(st.sampled_from(StepKind) | st.text(), st.text(), st.text() | JSON.map(json.dumps))
def test_nothing_that_is_kept_raises(kind: str, prompt: str, detail: str) -> None:
    found = read(kind, prompt, detail)
    assert isinstance(found, Unreadable) or found.kind == kind


def test_every_kind_has_its_step() -> None:
    assert set(STEPS) == set(StepKind)
    assert all(step.kind is kind for kind, step in STEPS.items())


def test_every_end_of_a_turn_can_be_kept() -> None:
    ends = set(map(str, words.TurnEnd))
    assert ends == set(map(str, Ending)) | set(map(str, COMMANDS))
