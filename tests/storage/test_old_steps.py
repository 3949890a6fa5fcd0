"""Steps of calls that an earlier version wrote in words are read as the facts they meant."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from ivr.domain.journal.steps import (
    AddressRecorded,
    CallbackPromised,
    CallerHungUp,
    Corrected,
    Failed,
    GreetedShortly,
    HandedBack,
    Identified,
    KeysPressed,
    Legacy,
    OutageReported,
    OutageTold,
    PromptBegan,
    ReadingJudged,
    ReadingsStored,
    RecordingBegan,
    Said,
    SimilarNumbers,
    Step,
    StudioEntered,
    StudioRefused,
    TakeKept,
    TakenBack,
    TakePublished,
    YesOrNoPressed,
)
from ivr.domain.journal.words import Failure, Next, Refused, StepKind, TurnEnd
from ivr.domain.judgement import Verdict
from ivr.domain.meters import Zone
from ivr.domain.outages import Cause, Scope, Trouble
from ivr.storage.calls.reader import CallReader
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade

BEFORE = "0012"
MANY = 6000
"""More than are converted at once."""
OLD: list[tuple[str, str, str, Step]] = [
    ("prompt", "greeting/welcome", "", PromptBegan("greeting/welcome")),
    ("prompt", "reading/last", "number/5 unit/kwh", PromptBegan("reading/last", ("number/5", "unit/kwh"))),
    ("keys", "", "0012345678", KeysPressed(TurnEnd.ANSWER, "0012345678")),
    ("keys", "", "#", KeysPressed(TurnEnd.ANSWER, "#")),
    ("keys", "", "answer", KeysPressed(TurnEnd.ANSWER)),
    ("keys", "", "no-input", KeysPressed(TurnEnd.NO_INPUT)),
    ("yes-no", "", "1", YesOrNoPressed(TurnEnd.ANSWER, "1")),
    ("yes-no", "", "overrun", YesOrNoPressed(TurnEnd.OVERRUN)),
    ("voice", "", "12150 «двенадцать «сто» пятьдесят»", Said(TurnEnd.ANSWER, "12150", "двенадцать «сто» пятьдесят")),
    ("voice", "", "not-understood «[unk]»", Said(TurnEnd.NOT_UNDERSTOOD, "", "[unk]")),
    ("voice", "", "hotline", Said(TurnEnd.HOTLINE)),
    ("recorded", "", "keys-only", AddressRecorded(TurnEnd.NO_RECOGNISER)),
    ("corrected", "", "12150", Corrected("12150")),
    ("identified", "", "", Identified()),
    ("greeting", "", "short", GreetedShortly()),
    ("judged", "", "T2 lower-than-last", ReadingJudged(Zone.T2, Verdict.TOO_LOW)),
    ("close", "", "12150 12250", SimilarNumbers(("12150", "12250"))),
    ("stored", "", "12150 00300", ReadingsStored((12150, 300))),
    ("outage", "", "7 street cable", OutageTold(7, Scope.STREET, Cause.CABLE)),
    ("outage", "", "7 district suspected", OutageTold(7, Scope.DISTRICT)),
    ("promised", "", "7", CallbackPromised(7)),
    ("reported", "", "1001 danger", OutageReported("1001", Trouble.DANGER)),
    ("handed-back", "", "hangup", HandedBack(Next.HANGUP)),
    ("hung-up", "", "", CallerHungUp()),
    ("fault", "", "reading not stored", Failed(Failure.READING_NOT_STORED)),
    ("fault", "", "daemon stops", Failed(Failure.DAEMON_STOPS)),
    ("studio", "", "anna", StudioEntered("anna")),
    ("refused", "", "telephone", StudioRefused(Refused.TELEPHONE)),
    ("recording", "", "", RecordingBegan()),
    ("take", "", "5", TakeKept(5)),
    ("published", "", "5", TakePublished(5)),
    ("taken-back", "", "12", TakenBack(12)),
]
NOT_UNDERSTOOD: list[tuple[str, str]] = [
    ("keys", ""),
    ("keys", "1 «раз»"),
    ("voice", "«<script>»"),
    ("judged", "T9 accepted"),
    ("judged", "T1 wonderful"),
    ("outage", "street cable"),
    ("outage", "7 street flood"),
    ("promised", "²"),
    ("stored", "12150 x"),
    ("fault", "earthquake"),
    ("hung-up", "why"),
    ("weather", "rain"),
    ("LEGACY", ""),
]


@pytest.mark.both_databases
def test_words_become_facts(empty_url: str) -> None:
    upgrade(empty_url, BEFORE)
    rows = [*((kind, prompt, detail) for kind, prompt, detail, _ in OLD), *((k, "", d) for k, d in NOT_UNDERSTOOD)]
    database = Database(empty_url)
    at = "2026-11-20 09:00:00+00:00"
    with database.writing() as connection:
        for call in ("a", "b"):
            connection.execute(text("INSERT INTO calls (id, started_at) VALUES (:id, :at)"), {"id": call, "at": at})
            for seq, (kind, prompt, detail) in enumerate(rows):
                connection.execute(
                    text("INSERT INTO call_steps VALUES (:call, :seq, :at, :kind, :prompt, :detail)"),
                    {"call": call, "seq": seq, "at": at, "kind": kind, "prompt": prompt, "detail": detail},
                )
        many = [{"seq": seq, "at": at, "detail": str(seq)} for seq in range(MANY)]
        connection.execute(text("INSERT INTO calls (id, started_at) VALUES ('many', :at)"), {"at": at})
        connection.execute(text("INSERT INTO call_steps VALUES ('many', :seq, :at, 'keys', '', :detail)"), many)
    database.close()
    upgrade(empty_url)
    database = Database(empty_url)
    reader = CallReader(database)
    understood = [step for _, _, _, step in OLD]
    assert {step.kind for step in understood} == set(StepKind) - {StepKind.LEGACY}, "every kind of before is tried"
    for call in ("a", "b"):
        steps = [view.step for view in reader.steps(call, after=-1)]
        assert steps == [*understood, *(Legacy(kind, detail) for kind, detail in NOT_UNDERSTOOD)]
    steps = [view.step for view in reader.steps("many", after=-1)]
    assert steps == [KeysPressed(TurnEnd.ANSWER, str(seq)) for seq in range(MANY)]
    database.close()
