"""The daemon beside its calls: what one bad file or one fault does not bring to an end."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr import daemon
from ivr.config import Settings
from ivr.daemon import Daemon
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.storage.users import users as people
from ivr.studio.by_phone import ENDING
from ivr.studio.studio import Studio
from ivr.telephony.emergency import keep
from tests.waiting import LIMIT_S, until

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SOUND = b"RIFF" + bytes(40000)


def settings_in(folder: Path) -> Settings:
    return Settings.model_validate(
        {
            "store": {"url": f"sqlite:///{folder}/ivr.db"},
            "line": {"socket": folder / "ivr.sock", "spool": folder / "spool"},
            "sounds": {"own": folder / "own"},
            "studio": {"takes": folder / "takes", "calls": folder / "calls"},
            "recordings": {"folder": folder / "recordings", "calls": folder / "whole"},
            "speech": {"model": "none"},
            "surge": {"reports": 0},
        }
    )


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(daemon, "SPOOL_PAUSE_S", 0.05)
    settings = settings_in(tmp_path)
    upgrade(settings.store.url)
    return settings


@asynccontextmanager
async def running(settings: Settings, prepare: Callable[[Daemon], None] = lambda _: None) -> AsyncIterator[Daemon]:
    """A daemon that answers; at the end it is told to stop, and is waited for."""
    stop, ready = asyncio.Event(), asyncio.Event()
    ours = Daemon(settings)
    prepare(ours)
    task = asyncio.create_task(ours.run(stop, ready))
    try:
        async with asyncio.timeout(LIMIT_S):
            await ready.wait()
        yield ours
    finally:
        stop.set()
        async with asyncio.timeout(LIMIT_S):
            await task


def left_by_phone(settings: Settings, name: str, sound: bytes = SOUND) -> Path:
    """A recording as a killed daemon leaves it."""
    settings.studio.calls.mkdir(exist_ok=True)
    file = settings.studio.calls / f"{name}{ENDING}"
    file.write_bytes(sound)
    os.utime(file, (0, 0))  # nobody writes it any more
    return file


def leave_in_emergency(settings: Settings, id_: str) -> None:
    """A reading as the emergency script leaves it: the daemon may take the file away at this very moment."""
    line = {"id": id_, "taken_at": "2026-11-20T18:03:11+03:00", "account": "0012345678", "values": ["123"]}
    keep(settings.line.spool, line | {"caller": ""})


def taken_in(settings: Settings) -> int:
    """Emergency readings in the database."""
    return len(rows(settings, tables.SpoolEntry))


def rows(settings: Settings, table: type[tables.Base]) -> list[object]:
    database = Database(settings.store.url)
    try:
        with database.reading() as connection:
            return list(connection.execute(tables.of(table).select()))
    finally:
        database.close()


def told(caplog: pytest.LogCaptureFixture, text: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.msg == text]


async def test_a_recording_that_cannot_be_taken_in_ends_nothing_and_stays(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(settings.store.url)
    anna = people.add(database, "anna", Role.VOICE, None, "test", NOON)
    number = Studio(settings, database).prompt("identify/ask").number
    database.close()
    files = [left_by_phone(settings, f"{anna.id}-{number}-{n:016x}") for n in range(2)]
    monkeypatch.setenv("PATH", str(tmp_path))  # no ffmpeg
    stays = "a recording by telephone cannot be taken in; it stays"
    async with running(settings) as ours:
        await until(lambda: len(told(caplog, stays)) == 2)
        leave_in_emergency(settings, "a1a1a1a1a1a1")
        await until(lambda: taken_in(settings) == 1)
        leave_in_emergency(settings, "a2a2a2a2a2a2")
        await until(lambda: taken_in(settings) == 2)
        ours.app.journal.opened("late", NOON, "", "100", "PJSIP/x")
    assert {record.reason for record in told(caplog, stays)} == {"BadSound"}  # type: ignore[attr-defined]
    assert len(told(caplog, stays)) == 2, "not tried at every look"
    assert all(file.read_bytes() == SOUND for file in files)
    assert len(rows(settings, tables.Call)) == 1, "the journal was written to its end"


async def test_a_fault_while_publications_are_followed_ends_nothing(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> list[object]:
        raise RuntimeError("nobody thought of this")

    async with running(settings) as ours:
        ours.app.studio.files.follow = broken  # type: ignore[method-assign, assignment]
        text = "a fault while spool and studio were looked after"
        await until(lambda: len(told(caplog, text)) >= 2)
        leave_in_emergency(settings, "b1b1b1b1b1b1")
        await until(lambda: taken_in(settings) == 1)


async def test_the_end_closes_everything_whatever_a_part_ended_with(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(daemon, "remove_daily", broken)
    closed = []

    def watched(ours: Daemon) -> None:
        for part in (ours.app.studio, ours.app.database):
            close = part.close
            part.close = lambda close=close, part=part: (closed.append(type(part).__name__), close())  # type: ignore

    async with running(settings, watched) as ours:
        ours.app.journal.opened("late", NOON, "", "100", "PJSIP/x")
    assert len(told(caplog, "a part of the program ended; restart it")) == 1
    assert len(rows(settings, tables.Call)) == 1
    assert closed == ["Studio", "Database"]
