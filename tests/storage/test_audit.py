"""The sentences that earlier versions stored become facts and codes."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade

BEFORE = "0012"
OLD: tuple[tuple[str, str, dict[str, object]], ...] = (
    (
        "outage.add",
        "emergency, cable, began 2026-11-25T06:10+03:00, expected end unknown",
        {"kind": "emergency", "cause": "cable", "began_at": "2026-11-25T06:10+03:00", "expected_end": None},
    ),
    (
        "outage.change",
        "expected end 2026-11-25T18:30+03:00 -> unknown; cause cable -> weather; called; twice",
        {
            "expected_end": {"old": "2026-11-25T18:30+03:00", "new": None},
            "cause": {"old": "cable", "new": "weather"},
            "note": "called; twice",
        },
    ),
    ("outage.change", "cause unclear to them", {"note": "cause unclear to them"}),
    ("outage.end", "at 2026-11-25T19:00+03:00, to ring: 3", {"ended_at": "2026-11-25T19:00+03:00", "to_ring": 3}),
    (
        "outage.end",
        "at 2026-11-25T19:00+03:00, to ring: 0; nobody confirmed it",
        {"ended_at": "2026-11-25T19:00+03:00", "to_ring": 0, "unconfirmed": True},
    ),
    (
        "outage.withdraw",
        "at 2026-11-25T19:00+03:00, to ring: 0; ошибка",
        {"ended_at": "2026-11-25T19:00+03:00", "to_ring": 0, "note": "ошибка"},
    ),
    ("outage.reopen", "was ended, wait again: 2", {"was": "ended", "wait_again": 2}),
    ("outage.suspect", "6 callers within 7.5 minutes", {"callers": 6, "minutes": 7.5}),
    (
        "outage.confirm",
        "cause line; expected end 2026-11-25T19:00+03:00; crew there",
        {"cause": "line", "expected_end": "2026-11-25T19:00+03:00", "note": "crew there"},
    ),
    ("reading.accept", "", {}),
    ("reading.correct", "15000 12150 reading:9", {"value": {"old": 15000, "new": 12150}, "replacement": 9}),
    ("reading.refuse", "чужой счётчик", {"note": "чужой счётчик"}),
    ("user.add", "anna clerk", {"login": "anna", "role": "clerk"}),
    ("user.role", "clerk viewer", {"role": {"old": "clerk", "new": "viewer"}}),
    ("user.pin", "taken away", {"removed": True}),
    ("user.lock", "everywhere", {"scope": "everywhere"}),
    ("user.lock", "one address", {"scope": "address"}),
    ("greeting.switch", "short", {"value": "short"}),
    ("surge.switch", "off", {"value": "off"}),
    (
        "prompt.take",
        "own: take 4, browser, refused: too quiet, too short for its text",
        {"voice": "own", "take": 4, "how": "browser", "refused": ["too quiet", "too short for its text"]},
    ),
    ("prompt.publish", "own: take 4, before: none", {"voice": "own", "take": 4, "before": None}),
    (
        "prompt.publish",
        "own: take 4, before: 3, insisted: old text",
        {"voice": "own", "take": 4, "before": 3, "insisted": ["old text"]},
    ),
    ("prompt.withdraw", "own: take 4, restored: 3", {"voice": "own", "take": 4, "restored": 3}),
    ("prompt.text", "«Было.» -> «Стало.»", {"text": {"old": "Было.", "new": "Стало."}}),
    ("prompt.text", "«Стало.»", {"text": "Стало."}),
    (
        "prompt.clean",
        "before 2025-11-25 12:00: 2 takes, 64000 bytes",
        {"older_than": "2025-11-25T12:00", "takes": 2, "bytes": 64000},
    ),
    ("studio.ring", "+79160000001", {"phone": "+79160000001"}),
    ("studio.call", "rung from the pages", {"entrance": "pages"}),
    ("studio.call", "by PIN", {"entrance": "pin"}),
    ("recording.heard", "whole call", {"part": "call"}),
    ("recording.heard", "utterance 2", {"utterance": 2}),
    ("recording.heard", "address", {"part": "address"}),
    (
        "calls.purge",
        "before 2026-08-22 12:00: 2 recordings, 1 utterances, steps of 5 calls",
        {"older_than": "2026-08-22T12:00", "recordings": 2, "utterances": 1, "calls": 5},
    ),
    ("user.add", "of no known form at all", {"text": "of no known form at all"}),
    ("a.later.action", "something", {"text": "something"}),
)


@pytest.mark.both_databases
def test_old_details_become_facts_and_unknown_ones_stay_as_texts(empty_url: str) -> None:
    upgrade(empty_url, BEFORE)
    database = Database(empty_url)
    row = text("INSERT INTO audit (at, who, action, subject, detail) VALUES (:at, 'anna', :action, 'x:1', :detail)")
    with database.writing() as connection:
        for action, detail, _ in OLD:
            connection.execute(row, {"at": "2026-11-25 09:00:00+00:00", "action": action, "detail": detail})
    database.close()
    upgrade(empty_url)
    database = Database(empty_url)
    audit = tables.of(tables.Audit)
    with database.reading() as connection:
        kept = connection.execute(select(audit.c.action, audit.c.detail).order_by(audit.c.id)).all()
    database.close()
    assert [tuple(one) for one in kept] == [(action, facts) for action, _, facts in OLD]


OLD_REASONS = {
    "emergency: zones-swapped": ("emergency zones-swapped", ""),
    "emergency": ("emergency", ""),
    "refused: emergency: чужой": ("refused", "emergency: чужой"),
    "refused: corrected": ("refused corrected", ""),
    "refused: corrected by billing": ("refused corrected-by-billing", ""),
}


@pytest.mark.both_databases
def test_old_reasons_become_codes(empty_url: str) -> None:
    upgrade(empty_url, BEFORE)
    database = Database(empty_url)
    at = {"at": "2026-11-25 09:00:00+00:00"}
    reading = "INSERT INTO readings (register_id, value, taken_at, period, channel, status, reason, created_at) VALUES"
    left = 'INSERT INTO spool_entries (id, taken_at, account, "values", state, reason, taken_in_at) VALUES'
    with database.writing() as connection:
        connection.execute(text("INSERT INTO accounts (number) VALUES ('1')"))
        connection.execute(text("INSERT INTO meters (account_id, serial, digits, zones) VALUES (1, 'A1', 5, 1)"))
        connection.execute(text("INSERT INTO registers (meter_id, zone) VALUES (1, 'T1')"))
        for n, reason in enumerate(OLD_REASONS, 1):
            values = "(1, 5, :at, :period, 'phone-emergency', 'accepted', :reason, :at)"
            row = at | {"period": f"2026-{n:02}", "reason": reason}
            connection.execute(text(f"{reading} {values}"), row)
        for key, reason in (("a", "3 values for a meter of 2 zones"), ("b", "several meters")):
            connection.execute(text(f"{left} ('{key}', :at, '1', '[]', 'refused', '{reason}', :at)"), at)
    database.close()
    upgrade(empty_url)
    database = Database(empty_url)
    readings, spool = tables.of(tables.Reading), tables.of(tables.SpoolEntry)
    with database.reading() as connection:
        reasons = connection.execute(select(readings.c.reason, readings.c.note).order_by(readings.c.period)).all()
        misfits = connection.scalars(select(spool.c.reason).order_by(spool.c.id)).all()
    database.close()
    assert [tuple(one) for one in reasons] == list(OLD_REASONS.values())
    assert misfits == ["another number of zones", "several meters"]
