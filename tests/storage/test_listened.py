"""Who heard what, in the audit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from ivr.domain.audit import Fact, Facts, Part
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.calls.recording_access_log import listened
from ivr.storage.database.database import Database
from ivr.storage.users import users as people
from tests.storage.conftest import MOSCOW, Now, Stock

pytestmark = pytest.mark.both_databases

WHOLE: Facts = {Fact.PART: Part.CALL}
NOON = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)


def test_listening_is_in_the_audit_once_for_all_its_parts(database: Database, stock: Stock) -> None:
    for minutes in (0, 1, 14, 20):
        listened(database, "call:x", WHOLE, "anna", NOON + timedelta(minutes=minutes))
    listened(database, "call:x", WHOLE, "ivan", NOON)
    rows = stock.rows(tables.Audit, "who", "action", "subject", "detail")
    assert rows == [
        ("anna", "recording.heard", "call:x", WHOLE),
        ("anna", "recording.heard", "call:x", WHOLE),
        ("ivan", "recording.heard", "call:x", WHOLE),
    ]


def test_two_parts_asked_for_at_once_are_one_listening(database: Database, stock: Stock, now: Now) -> None:
    people.add(database, "anna", Role.CLERK, None, "cli", now())
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: listened(database, "call:x", WHOLE, "anna", now()), range(12)))
    assert stock.rows(tables.Audit, "who", "action") == [("cli", "user.add"), ("anna", "recording.heard")]
