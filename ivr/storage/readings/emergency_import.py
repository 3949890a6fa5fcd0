"""Readings that callers left in emergency mode come in: each exactly once, flagged, none lost.

A folder holds `*.jsonl` files, one JSON object a line, written by telephony/emergency.py while no daemon answered:

    {"id": "<hex>", "taken_at": "2026-11-20T18:03:11+03:00", "account": "0012345678", "values": ["00123"], "caller": ""}
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import re
import time
import uuid
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, auto
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, update
from sqlalchemy.exc import IntegrityError

from ivr.domain.judgement import BELIEVED, Limits, Verdict, judge, swapped_with
from ivr.domain.meters import Meter
from ivr.domain.phones import from_caller_id
from ivr.domain.readings import Channel, Entry, Submission, Window
from ivr.storage import tables
from ivr.storage.accounts.load import load_account
from ivr.storage.database.atomic_file import whole_file
from ivr.storage.database.database import Database
from ivr.storage.readings.submissions import Keeping

log = logging.getLogger(__name__)

LIVE_FILE = "readings.jsonl"
"""The file that emergency mode appends to, under a flock."""

LOCK_LIMIT_S = 5.0
"""Longest wait for that lock; its holders keep it for one write to the disk."""

REASON = "emergency"
EARLIEST_YEAR = 2000
CLOCKS_DIFFER = timedelta(hours=1)
"""How far the clock of the Asterisk machine may be ahead."""

_LONGEST_LINE = 4096
_TRIES = 3
_calls, _entries = tables.of(tables.Call), tables.of(tables.SpoolEntry)


@dataclass(frozen=True, slots=True)
class SpoolTerms:
    """By what the readings are judged. zone: where the customers live. window: tells a reading's period."""

    zone: ZoneInfo
    window: Window
    limits: Limits


@dataclass(slots=True)
class ImportResult:
    """What one visit to the folder brought.

    stored: sets of readings. refused: those that belong to no register by themselves, kept for the clerk.
    known: taken in before. rejected: lines that are no entry. failed: files that could not be read or renamed.
    """

    stored: int = 0
    refused: int = 0
    known: int = 0
    rejected: int = 0
    failed: int = 0


class EntryResult(Enum):
    """What became of one entry."""

    STORED = auto()
    REFUSED = auto()
    KNOWN = auto()


@dataclass(frozen=True, slots=True)
class SpoolEntry:
    """What one caller left."""

    id: str
    taken_at: datetime
    account: str
    values: tuple[str, ...]
    caller: str


def take_in(folder: Path, database: Database, terms: SpoolTerms, now: datetime, node: str = "") -> ImportResult:
    """Store what the files in `folder` hold; a file that is done is renamed to `*.taken`.

    A line that is no entry goes to a `*.rejected` file beside it. May be repeated and run twice at once.
    node: name of this daemon. Raises StoreUnavailable; what was stored by then is known at the next try.
    """
    result = ImportResult()
    try:
        _set_aside(folder, now)
    except OSError:
        log.exception("spool file could not be set aside")
        result.failed += 1
    keeping = Keeping(database, node)
    for file in sorted(folder.glob("*.jsonl")):
        if file.name == LIVE_FILE:
            continue
        try:
            _take_file(file, database, keeping, terms, now, result)
        except FileNotFoundError:
            continue  # another daemon was faster
        except OSError:
            log.exception("spool file could not be taken in")
            result.failed += 1
    if result != ImportResult():
        counts = {"stored": result.stored, "refused": result.refused, "rejected": result.rejected}
        log.warning("readings of emergency mode taken in", extra=counts)
    return result


def _set_aside(folder: Path, now: datetime) -> None:
    """Rename the live file under its lock. A writer that waits for the lock then begins a new one."""
    live = folder / LIVE_FILE
    try:
        descriptor = os.open(live, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        _lock(descriptor)
        try:
            ours, there = os.fstat(descriptor), live.stat()
        except FileNotFoundError:
            return  # another daemon set it aside while we waited
        if (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino):
            live.rename(folder / f"readings.{now:%Y%m%dT%H%M%S}.{uuid.uuid4().hex[:8]}.jsonl")
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    end = time.monotonic() + LOCK_LIMIT_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


def _take_file(
    file: Path, database: Database, keeping: Keeping, terms: SpoolTerms, now: datetime, result: ImportResult
) -> None:
    rejected = []
    for raw in file.read_bytes().split(b"\n"):
        if not raw.strip():
            continue
        try:
            left = parse(raw)
        except ValueError:
            rejected.append(raw)
            continue
        try:
            fate = _take(left, database, keeping, terms, now)
        except IntegrityError:  # breaks a rule of the tables however often it is tried
            rejected.append(raw)
            continue
        match fate:
            case EntryResult.STORED:
                result.stored += 1
            case EntryResult.REFUSED:
                result.refused += 1
            case EntryResult.KNOWN:
                result.known += 1
    if rejected:
        with whole_file(file.with_suffix(".rejected")) as kept:
            kept.writelines(raw.decode("utf-8", errors="backslashreplace") + "\n" for raw in rejected)
        result.rejected += len(rejected)
        log.error("spool lines rejected", extra={"count": len(rejected)})
    file.rename(file.with_suffix(".taken"))


def parse(raw: bytes) -> SpoolEntry:
    """One line of a spool file. Raises ValueError if it is none: torn by a crash, or garbage."""
    if len(raw) > _LONGEST_LINE:
        raise ValueError("too long")
    try:
        told = json.loads(raw)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(told, dict):
        raise ValueError("no object")
    values = told.get("values")
    if not isinstance(values, list) or not 1 <= len(values) <= 9:
        raise ValueError("no values")
    taken_at = datetime.fromisoformat(_text(told.get("taken_at"), r".{1,40}"))
    if taken_at.tzinfo is None or taken_at.year < EARLIEST_YEAR:
        raise ValueError("no time")
    return SpoolEntry(
        id=_text(told.get("id"), r"[0-9a-f]{8,64}"),
        taken_at=taken_at,
        account=_text(told.get("account"), r"[0-9]{1,20}"),
        values=tuple(_text(value, r"[0-9]{1,20}") for value in values),
        caller=from_caller_id(_text(told.get("caller", ""), r".{0,100}")),
    )


def _text(value: object, form: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(form, value):
        raise ValueError("a field is missing or of another form")
    return value


def _take(left: SpoolEntry, database: Database, keeping: Keeping, terms: SpoolTerms, now: datetime) -> EntryResult:
    """Take one entry in, in one transaction."""
    for _ in range(_TRIES - 1):
        try:
            with database.writing() as connection:
                return _store(connection, left, database, keeping, terms, now)
        except IntegrityError:  # a call stored a reading of the same register in between
            continue
    with database.writing() as connection:
        return _store(connection, left, database, keeping, terms, now)


def _store(
    connection: Connection, left: SpoolEntry, database: Database, keeping: Keeping, terms: SpoolTerms, now: datetime
) -> EntryResult:
    entry = {
        "id": left.id,
        "taken_at": left.taken_at,
        "account": left.account,
        "caller": left.caller,
        "values": list(left.values),
        "state": "refused",
        "reason": "",
        "taken_in_at": now,
    }
    first_time = database.insert(_entries).on_conflict_do_nothing().returning(_entries.c.id)
    if connection.execute(first_time, entry).first() is None:
        return EntryResult.KNOWN
    day = left.taken_at.astimezone(terms.zone).date()
    period = terms.window.period_of(day)
    account = load_account(connection, left.account, period, terms.zone)
    placed = update(_entries).where(_entries.c.id == left.id)
    if account is None:
        reason = "unknown account"
    elif left.taken_at > now + CLOCKS_DIFFER:
        reason = "taken in the future"
    else:
        reason = _misfit(account.meters, left.values)
    if account is None or reason:
        connection.execute(placed.values(reason=reason))
        return EntryResult.REFUSED
    call = {"id": left.id, "started_at": left.taken_at, "ended_at": left.taken_at, "outcome": "stored"}
    connection.execute(
        database.insert(_calls).on_conflict_do_nothing(), {**call, "caller": left.caller, "account_id": account.id}
    )
    entries = _judged(account.meters[0], left.values, day, terms.limits)
    submission = Submission(left.id, left.taken_at, period, Channel.EMERGENCY, entries)
    keeping.keep(connection, submission, now, late=True)
    connection.execute(placed.values(state="stored"))
    return EntryResult.STORED


def _misfit(meters: tuple[Meter, ...], values: tuple[str, ...]) -> str:
    """Why it is not clear which registers the values belong to, "" if it is."""
    if len(meters) != 1:
        return "several meters" if meters else "no meter"
    registers = meters[0].registers
    if len(registers) != len(values):
        return f"{len(values)} values for a meter of {len(registers)} zones"
    if any(int(value) >= register.capacity for value, register in zip(values, registers, strict=True)):
        return "more digits than the meter has"
    return ""


def _judged(meter: Meter, values: tuple[str, ...], day: date, limits: Limits) -> tuple[Entry, ...]:
    """Entries for the clerk, all flagged; nobody could ask the caller again, so the reason says what is doubtful."""
    given = {register.id: int(value) for register, value in zip(meter.registers, values, strict=True)}
    entries = []
    for register in meter.registers:
        value = given[register.id]
        verdict = judge(meter, register, value, day, limits).verdict
        if verdict not in BELIEVED and swapped_with(meter, register, value, given, day, limits) is not None:
            verdict = Verdict.SWAPPED
        reason = REASON if verdict is Verdict.ACCEPTED else f"{REASON}: {verdict}"
        entries.append(Entry(register.id, value, flagged=True, reason=reason))
    return tuple(entries)
