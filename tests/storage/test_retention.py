"""What is too old is removed: files, their names in rows, steps of calls; nothing else."""

from __future__ import annotations

import asyncio
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from ivr.storage import tables
from ivr.storage.calls import retention
from ivr.storage.calls.retention import RetentionTerms, remove_daily, remove_old
from ivr.storage.database.database import Database
from tests.storage.conftest import MOSCOW, Stock
from tests.waiting import LIMIT_S, until

NOW = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
DAY = timedelta(days=1)


@pytest.fixture
def kept(tmp_path: Path) -> RetentionTerms:
    """Folders with a name of each kind, kept for 90 days."""
    return RetentionTerms(tmp_path / "recordings", tmp_path / "calls", 90 * DAY)


def file(place: Path, age: timedelta) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"RIFF")
    at = (NOW - age).timestamp()
    os.utime(place, (at, at))
    return place


def put_call(database: Database, name: str, age: timedelta, *, ended: bool = True) -> None:
    with database.writing() as connection:
        row = {"id": name, "started_at": NOW - age, "caller": "+79160000000"}
        over = {"ended_at": NOW - age, "outcome": "stored"} if ended else {}
        connection.execute(insert(tables.of(tables.Call)).values(row | over))
        steps = [{"call_id": name, "seq": n, "at": NOW - age, "kind": "keys", "detail": "1"} for n in range(3)]
        connection.execute(insert(tables.of(tables.CallStep)), steps)


@pytest.mark.both_databases
def test_old_ones_go_and_young_ones_stay(
    database: Database, stock: Stock, kept: RetentionTerms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for number in range(5):
        put_call(database, f"old-{number}", 91 * DAY)
    put_call(database, "never-closed", 91 * DAY, ended=False)
    put_call(database, "young", 89 * DAY)
    old = [file(kept.calls / f"17600.1-{side}.wav", 91 * DAY) for side in ("caller", "menu")]
    stays = [
        file(kept.calls / "17700.1-caller.wav", 89 * DAY),
        file(kept.calls / "notes.txt", 500 * DAY),
        file(kept.voices / "call-1.wav", 500 * DAY),
    ]
    said = [file(kept.voices / f"voice/2026-08-01/{name}-1.wav", 91 * DAY) for name in ("a", "b")]
    register = stock.meter(stock.account())[0]
    names = [f"voice/2026-08-01/{one.name}" for one in said]
    stock.reading(register, 5, "2026-08-01", "2026-08", voice=names[0])
    stock.reading(register, 6, "2026-08-01", "2026-09", voice=names[1], status="flagged")

    gone = remove_old(database, kept, "anna", NOW)

    assert (gone.recordings, gone.utterances, gone.calls, gone.faults) == (2, 1, 5, 0)
    assert not any(one.exists() for one in [*old, said[0]]) and all(one.exists() for one in [*stays, said[1]])
    assert stock.rows(tables.Reading, "value", "voice") == [(5, None), (6, names[1])]
    assert {row[0] for row in stock.rows(tables.CallStep, "call_id")} == {"never-closed", "young"}
    assert len(stock.rows(tables.Call, "id")) == 7
    (row,) = stock.rows(tables.Audit, "who", "action", "detail")
    assert row == (
        "anna",
        "calls.purge",
        {"older_than": "2026-08-22T12:00+03:00", "recordings": 2, "utterances": 1, "calls": 5},
    )
    assert not remove_old(database, kept, "anna", NOW).anything
    assert len(stock.rows(tables.Audit, "id")) == 1


def test_a_link_is_not_followed(database: Database, kept: RetentionTerms, tmp_path: Path) -> None:
    secret = file(tmp_path / "elsewhere" / "a-1.wav", 500 * DAY)
    (kept.voices / "voice").mkdir(parents=True)
    (kept.voices / "voice" / "2020-01-01").symlink_to(secret.parent)
    kept.calls.mkdir()
    (kept.calls / "1.1-caller.wav").symlink_to(secret)
    assert not remove_old(database, kept, "anna", NOW).anything
    assert secret.exists()


async def test_the_daemon_removes_at_its_start_and_ends_at_once(database: Database, kept: RetentionTerms) -> None:
    old = file(kept.calls / "1.1-caller.wav", 91 * DAY)
    stop = asyncio.Event()
    task = asyncio.create_task(remove_daily(database, kept, lambda: NOW, stop))
    await until(lambda: not old.exists())
    stop.set()
    async with asyncio.timeout(LIMIT_S):
        await task


async def test_nothing_is_removed_where_everything_is_kept(database: Database, kept: RetentionTerms) -> None:
    old = file(kept.calls / "1.1-caller.wav", 5000 * DAY)
    await remove_daily(database, RetentionTerms(kept.voices, kept.calls, timedelta(0)), lambda: NOW, asyncio.Event())
    assert old.exists()
