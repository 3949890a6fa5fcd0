"""Retention: recordings of calls, callers' utterances and the steps of calls are deleted after a number of days."""

from __future__ import annotations

import asyncio
import logging
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, exists, select, update

from ivr.concurrency.periodic import Periodic
from ivr.domain.audit import Action, Fact, Facts
from ivr.domain.faults import StoreUnavailable
from ivr.domain.readings import Status
from ivr.storage import tables
from ivr.storage.database.audit import minute, note
from ivr.storage.database.database import Database

log = logging.getLogger(__name__)

DAY_S = 24 * 3600.0
AT_ONCE = 200
"""Calls whose steps are removed in one transaction: a call in progress waits for no longer one."""

MOST = 500_000
"""Files and calls of one run; the rest is removed by the next."""

RECORDED = re.compile(r"[\w.-]+-(?:caller|menu)\.wav", re.ASCII)
SPOKEN = re.compile(r"[\w-]+\.(?:wav|part)", re.ASCII)

_calls, _steps, _readings = tables.of(tables.Call), tables.of(tables.CallStep), tables.of(tables.Reading)
_reports = tables.of(tables.OutageReport)


@dataclass(frozen=True, slots=True)
class RetentionTerms:
    """What retention covers, and its age limit. voices: folder that holds `voice/DAY/…`. calls: of whole calls."""

    voices: Path
    calls: Path
    age: timedelta


@dataclass(frozen=True, slots=True)
class Removed:
    """What a run removed. recordings, utterances: files. calls: whose steps are gone. faults: files that stayed."""

    recordings: int
    utterances: int
    calls: int
    faults: int

    @property
    def anything(self) -> bool:
        """Whether there was anything to remove."""
        return bool(self.recordings or self.utterances or self.calls)


async def remove_daily(
    database: Database, kept: RetentionTerms, now: Callable[[], datetime], stop: asyncio.Event
) -> None:
    """At once and every day until `stop` remove what is too old; nothing if `kept.age` is 0. A fault is tried again."""

    async def remove() -> None:
        try:
            gone = await asyncio.to_thread(remove_old, database, kept, "ivr serve", now(), stopped=stop.is_set)
        except (StoreUnavailable, OSError):
            log.error("old recordings could not be removed; it is tried again tomorrow")
            return
        if gone.faults:
            log.error("old recordings stay; their folder is not writable", extra={"count": gone.faults})
        if gone.anything:
            log.info("old recordings and steps of calls are removed", extra={"count": gone.calls})

    if kept.age:
        await Periodic(remove, DAY_S, fault="a fault while old recordings were removed").run_until(stop)


def remove_old(
    database: Database, kept: RetentionTerms, who: str, now: datetime, *, stopped: Callable[[], bool] = lambda: False
) -> Removed:
    """Remove what is older than `kept.age`. The utterance of a reading that still waits for a clerk stays.

    stopped: asked again and again; True ends it early, and the next run goes on. Two runs at once harm nothing.
    Raises StoreUnavailable, OSError.
    """
    before = now - kept.age
    with database.reading() as connection:
        waiting = select(_readings.c.voice).where(
            tables.WAITING, _readings.c.status == Status.FLAGGED.value, _readings.c.voice.is_not(None)
        )
        spared = {name for name in connection.scalars(waiting) if name}
    sounds, bad = _remove(_old(kept.calls, RECORDED, before), stopped)
    days = (Path(day.path) for day in _entries(kept.voices / "voice") if day.is_dir(follow_symlinks=False))
    utterances = (
        file for day in days for file in _old(day, SPOKEN, before) if f"voice/{day.name}/{file.name}" not in spared
    )
    said, bad_too = _remove(utterances, stopped)
    _forget_files(database, before)
    calls = sum(_steps_of(database, before, stopped))
    removed = Removed(sounds, said, calls, bad + bad_too)
    if removed.anything:
        facts: Facts = {
            Fact.OLDER_THAN: minute(before, now),
            Fact.RECORDINGS: sounds,
            Fact.UTTERANCES: said,
            Fact.CALLS: calls,
        }
        with database.writing() as connection:
            note(connection, who, now, Action.CALLS_PURGE, "calls", facts)
    return removed


def _forget_files(database: Database, before: datetime) -> None:
    """Rows that name a removed file name none. Found first: looking takes long, writing holds up calls."""
    old = (_readings.c.voice.is_not(None), _readings.c.status != Status.FLAGGED.value, _readings.c.received_at < before)
    told = (_reports.c.recording.is_not(None), _reports.c.created_at < before)
    with database.reading() as connection:
        readings = list(connection.scalars(select(_readings.c.id).where(*old).limit(MOST)))
        reports = list(connection.scalars(select(_reports.c.id).where(*told).limit(MOST)))
    for table, keys, values in ((_readings, readings, {"voice": None}), (_reports, reports, {"recording": None})):
        for start in range(0, len(keys), AT_ONCE):
            with database.writing() as connection:
                connection.execute(update(table).where(table.c.id.in_(keys[start : start + AT_ONCE])).values(values))


def _steps_of(database: Database, before: datetime, stopped: Callable[[], bool]) -> Iterator[int]:
    """Removes the steps of old calls, AT_ONCE by AT_ONCE from the oldest on; how many calls each time."""
    has_steps = exists().where(_steps.c.call_id == _calls.c.id)
    old = (
        select(_calls.c.id, _calls.c.started_at)
        .where(_calls.c.started_at < before, _calls.c.ended_at.is_not(None), has_steps)
        .order_by(_calls.c.started_at)
        .limit(AT_ONCE)
    )
    page = old
    for _ in range(MOST // AT_ONCE):
        with database.reading() as connection:
            calls = connection.execute(page).all()
        if not calls or stopped():
            return
        with database.writing() as connection:
            connection.execute(delete(_steps).where(_steps.c.call_id.in_([call.id for call in calls])))
        yield len(calls)
        page = old.where(_calls.c.started_at >= calls[-1].started_at)


def _old(folder: Path, names: re.Pattern[str], before: datetime) -> Iterator[Path]:
    """Files of our own making that were written last before then."""
    for _, entry in zip(range(MOST), _entries(folder), strict=False):
        if not names.fullmatch(entry.name) or not entry.is_file(follow_symlinks=False):
            continue
        try:
            if entry.stat(follow_symlinks=False).st_mtime < before.timestamp():
                yield Path(entry.path)
        except FileNotFoundError:
            continue


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        return


def _remove(files: Iterator[Path], stopped: Callable[[], bool]) -> tuple[int, int]:
    """How many went, and how many would not."""
    gone = stayed = 0
    for file in files:
        if stopped():
            break
        try:
            file.unlink()
        except FileNotFoundError:
            continue
        except OSError:
            stayed += 1
        else:
            gone += 1
    return gone, stayed
