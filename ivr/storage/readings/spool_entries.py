"""What callers left in emergency mode: each entry recorded once, with its readings or why it has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from sqlalchemy import Connection, select, update
from sqlalchemy.exc import IntegrityError

from ivr.domain.contacts import Submission
from ivr.storage import tables
from ivr.storage.accounts.load import AccountLookup, Present
from ivr.storage.contacts.submissions import SubmissionWriter
from ivr.storage.database.database import Database

_TRIES = 3
_entries = tables.of(tables.SpoolEntry)

Decide = Callable[[AccountLookup], Submission | str]
"""What an entry means: its submission, or the code why there is none."""


class EntryResult(Enum):
    """What became of one entry."""

    STORED = auto()
    REFUSED = auto()  # belongs to no register by itself; recorded for the clerk
    KNOWN = auto()  # recorded before
    BROKEN = auto()  # breaks a rule of the tables however often it is tried; not recorded


@dataclass(frozen=True, slots=True)
class SpoolEntry:
    """What one caller left. values: in the order of the zones. caller: E.164, "" where unknown."""

    id: str
    taken_at: datetime
    account: str
    values: tuple[str, ...]
    caller: str


@dataclass(frozen=True, slots=True)
class Unplaced:
    """An entry whose values belong to no register by themselves. reason: the code why."""

    id: str
    account: str
    caller: str
    values: tuple[str, ...]
    taken_at: datetime
    reason: str


class SpoolEntries:
    """Entries of emergency mode in the store."""

    def __init__(self, database: Database, node: str = "") -> None:
        """node: name of this daemon."""
        self._database = database
        self._keeping = SubmissionWriter(database, node)
        self._insert = database.insert(_entries).on_conflict_do_nothing().returning(_entries.c.id)

    def take(self, entry: SpoolEntry, present: Present, decide: Decide, now: datetime) -> EntryResult:
        """Record an entry and store its readings in one transaction; an entry that is known changes nothing.

        present: the period that its readings count for. Raises StoreUnavailable.
        """
        for _ in range(_TRIES):
            try:
                with self._database.writing() as connection:
                    return self._take(connection, entry, present, decide, now)
            except IntegrityError:  # a call stored a reading of the same register in between
                continue
        return EntryResult.BROKEN

    def _take(
        self, connection: Connection, entry: SpoolEntry, present: Present, decide: Decide, now: datetime
    ) -> EntryResult:
        row = {
            "id": entry.id,
            "taken_at": entry.taken_at,
            "account": entry.account,
            "caller": entry.caller,
            "values": list(entry.values),
            "state": "refused",
            "reason": "",
            "taken_in_at": now,
        }
        if connection.execute(self._insert, row).first() is None:
            return EntryResult.KNOWN
        decided = decide(AccountLookup(connection, present))
        placed = update(_entries).where(_entries.c.id == entry.id)
        if isinstance(decided, str):
            connection.execute(placed.values(reason=str(decided)))
            return EntryResult.REFUSED
        self._keeping.keep(connection, decided, now)
        connection.execute(placed.values(state="stored"))
        return EntryResult.STORED


def unplaced(database: Database, most: int = 1000) -> list[Unplaced]:
    """Entries that could not be placed, oldest first. Raises StoreUnavailable."""
    columns = (
        _entries.c.id,
        _entries.c.account,
        _entries.c.caller,
        _entries.c["values"],
        _entries.c.taken_at,
        _entries.c.reason,
    )
    refused = select(*columns).where(_entries.c.state == "refused").order_by(_entries.c.taken_at).limit(most)
    with database.reading() as connection:
        rows = connection.execute(refused).all()
    return [Unplaced(key, account, caller, tuple(told), at, reason) for key, account, caller, told, at, reason in rows]
