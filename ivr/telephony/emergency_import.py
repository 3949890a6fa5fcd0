"""Readings that callers left in emergency mode come in: each exactly once, flagged, none lost.

A folder holds `*.jsonl` files, one JSON object a line, written by telephony/emergency.py while no daemon answered:

    {"id": "<hex>", "taken_at": "2026-11-20T18:03:11+03:00", "account": "0012345678", "values": ["00123"], "caller": ""}

This is an entrance like a call: what an entry means is decided by `ivr.intake`.
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
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ivr.domain.accounts import AccountFormat
from ivr.domain.contacts import Contact, Source, Submission
from ivr.domain.phones import from_caller_id
from ivr.domain.readings import Channel
from ivr.intake.identify import by_number
from ivr.intake.ports import Lookup
from ivr.intake.submit import Misfit, Rules, unasked
from ivr.storage.database.atomic_file import whole_file
from ivr.storage.readings.spool_entries import EntryResult, SpoolEntries, SpoolEntry

log = logging.getLogger(__name__)

LIVE_FILE = "readings.jsonl"
"""The file that emergency mode appends to, under a flock."""

LOCK_LIMIT_S = 5.0
"""Longest wait for that lock; its holders keep it for one write to the disk."""

EARLIEST_YEAR = 2000
CLOCKS_DIFFER = timedelta(hours=1)
"""How far the clock of the Asterisk machine may be ahead."""

_LONGEST_LINE = 4096


@dataclass(frozen=True, slots=True)
class SpoolTerms:
    """By what entries are understood. zone: where the customers live. form: of account numbers."""

    zone: ZoneInfo
    rules: Rules
    form: AccountFormat


@dataclass(slots=True)
class ImportResult:
    """Result of one import of the folder.

    stored: sets of readings. refused: sets that match no register without a clerk, who sees them later.
    known: taken in before. rejected: lines that are no entry. failed: files that could not be read or renamed.
    """

    stored: int = 0
    refused: int = 0
    known: int = 0
    rejected: int = 0
    failed: int = 0


def take_in(folder: Path, entries: SpoolEntries, terms: SpoolTerms, now: datetime) -> ImportResult:
    """Store what the files in `folder` hold; a file that is done is renamed to `*.taken`.

    A line that is no entry goes to a `*.rejected` file beside it. May be repeated and run twice at once.
    Raises StoreUnavailable; what was stored by then is known at the next try.
    """
    result = ImportResult()
    try:
        _set_aside(folder, now)
    except OSError:
        log.exception("spool file could not be set aside")
        result.failed += 1
    for file in sorted(folder.glob("*.jsonl")):
        if file.name == LIVE_FILE:
            continue
        try:
            _take_file(file, entries, terms, now, result)
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


def _take_file(file: Path, entries: SpoolEntries, terms: SpoolTerms, now: datetime, result: ImportResult) -> None:
    rejected = []
    for raw in file.read_bytes().split(b"\n"):
        if not raw.strip():
            continue
        try:
            left = parse(raw)
        except ValueError:
            rejected.append(raw)
            continue
        match _take(left, entries, terms, now):
            case EntryResult.STORED:
                result.stored += 1
            case EntryResult.REFUSED:
                result.refused += 1
            case EntryResult.KNOWN:
                result.known += 1
            case EntryResult.BROKEN:
                rejected.append(raw)
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


def _take(left: SpoolEntry, entries: SpoolEntries, terms: SpoolTerms, now: datetime) -> EntryResult:
    """Take one entry in, in one transaction."""
    read_on = left.taken_at.astimezone(terms.zone).date()
    contact = Contact(Channel.EMERGENCY, Source.EMERGENCY, left.id, left.taken_at)

    def decide(lookup: Lookup) -> Submission | Misfit:
        account = by_number(left.account, terms.form, lookup)
        if account is None:
            return Misfit.UNKNOWN_ACCOUNT
        if left.taken_at > now + CLOCKS_DIFFER:
            return Misfit.FUTURE
        return unasked(account, tuple(map(int, left.values)), contact, read_on, terms.rules)

    return entries.take(left, lambda group: terms.rules.window.of(group).period_of(read_on), decide, now)
