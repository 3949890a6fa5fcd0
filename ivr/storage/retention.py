"""What is kept for so many days and no longer: recordings of calls, callers' utterances, the steps of calls."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, exists, select, update

from ivr.domain.readings import Status
from ivr.storage import tables
from ivr.storage.engine import Database
from ivr.storage.people import note

AT_ONCE = 200
"""Calls whose steps are removed in one transaction: a call in progress waits for no longer one."""

MOST = 500_000
"""Files and calls of one run; the rest is removed by the next."""

RECORDED = re.compile(r"[\w.-]+-(?:caller|menu)\.wav", re.ASCII)
SPOKEN = re.compile(r"[\w-]+\.(?:wav|part)", re.ASCII)

_calls, _steps, _readings = tables.of(tables.Call), tables.of(tables.CallStep), tables.of(tables.Reading)
_reports = tables.of(tables.OutageReport)


@dataclass(frozen=True, slots=True)
class Removed:
    """What a run removed. recordings, utterances: files. calls: whose steps are gone. faults: files that stayed."""

    recordings: int
    utterances: int
    calls: int
    faults: int


def purge(database: Database, voices: Path, recordings: Path, before: datetime, who: str, now: datetime) -> Removed:
    """Remove what is older than `before`. The utterance of a reading that still waits for a clerk stays.

    voices: folder that holds `voice/DAY/…`. recordings: folder of whole calls. Run twice at once, each file goes once.
    Raises StoreUnavailable.
    """
    with database.reading() as connection:
        waiting = select(_readings.c.voice).where(
            _readings.c.status == Status.FLAGGED.value, _readings.c.voice.is_not(None)
        )
        spared = {name for name in connection.scalars(waiting) if name}
    sounds, bad = _remove(_old(recordings, RECORDED, before))
    days = (Path(day.path) for day in _entries(voices / "voice") if day.is_dir(follow_symlinks=False))
    said, bad_too = _remove(
        file for day in days for file in _old(day, SPOKEN, before) if f"voice/{day.name}/{file.name}" not in spared
    )
    _forget_files(database, before)
    calls = sum(_steps_of(database, before))
    removed = Removed(sounds, said, calls, bad + bad_too)
    if sounds or said or calls:
        with database.writing() as connection:
            told = (
                f"before {before.isoformat(timespec='minutes')}: {sounds} recordings, {said} utterances, {calls} calls"
            )
            note(connection, who, now, "calls.purge", "calls", told)
    return removed


def _forget_files(database: Database, before: datetime) -> None:
    """Rows that name a removed file name none. Found first: looking takes long, writing holds up calls."""
    old = (_readings.c.voice.is_not(None), _readings.c.status != Status.FLAGGED.value, _readings.c.taken_at < before)
    told = (_reports.c.recording.is_not(None), _reports.c.created_at < before)
    with database.reading() as connection:
        readings = list(connection.scalars(select(_readings.c.id).where(*old).limit(MOST)))
        reports = list(connection.scalars(select(_reports.c.id).where(*told).limit(MOST)))
    for table, keys, values in ((_readings, readings, {"voice": None}), (_reports, reports, {"recording": None})):
        for start in range(0, len(keys), AT_ONCE):
            with database.writing() as connection:
                connection.execute(update(table).where(table.c.id.in_(keys[start : start + AT_ONCE])).values(values))


def _steps_of(database: Database, before: datetime) -> Iterator[int]:
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
        if not calls:
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


def _remove(files: Iterator[Path]) -> tuple[int, int]:
    """How many went, and how many would not."""
    gone = stayed = 0
    for file in files:
        try:
            file.unlink()
        except FileNotFoundError:
            continue
        except OSError:
            stayed += 1
        else:
            gone += 1
    return gone, stayed
