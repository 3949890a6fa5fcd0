"""Which takes are removed, on both databases; with their files: tests/studio/test_cleaning.py."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ivr.domain.takes import Checks, How, NewTake, Take
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.prompts import obsolete_takes, takes
from tests.storage.conftest import Now, Stock

pytestmark = pytest.mark.both_databases

YEAR = timedelta(days=365)


def test_old_takes_go_and_what_is_heard_and_would_be_restored_stays(database: Database, now: Now, stock: Stock) -> None:
    def record(voice: str = "own", *, published: bool = True) -> Take:
        new = NewTake("digit/3", voice, How.FILE, "anna", now(), "", "", "", Checks())
        take = takes.add(database, new)
        takes.numbers(database, ["digit/3"])
        return takes.publish(database, take.id, "anna", now(), lambda _: None) if published else take

    first, second, heard, other = record(), record(), record(), record("second")
    draft = record(published=False)
    assert obsolete_takes.old(database, now() - YEAR) == []
    now.time += 2 * YEAR
    young = record(published=False)
    forgotten: list[int] = []

    def forget(take: Take) -> int:
        forgotten.append(take.id)
        if len(forgotten) == 1:
            raise PermissionError
        return 7

    assert obsolete_takes.remove(database, now() - YEAR, "boris", now(), forget) == obsolete_takes.Cleaned(1, 7, 1)
    assert obsolete_takes.remove(database, now() - YEAR, "boris", now(), forget) == obsolete_takes.Cleaned(1, 7, 0)
    assert forgotten == [first.id, draft.id, first.id]
    assert {take.id for take in takes.listed(database)} == {second.id, heard.id, other.id, young.id}
    cleaned = [row for row in stock.rows(tables.Audit, "who", "action") if row[0] == "boris"]
    assert cleaned == [("boris", "prompt.clean")] * 2
