"""Composition root: makes from Settings what every process of the line works with, with no telephone in it.

The processes above it, ivr.daemon and the pages of ivr.web, each take the parts that they need, add their own
(telephony, pages) and close it at their end.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from ivr.config import Settings
from ivr.domain.accounts import AccountFormat, CheckDigit
from ivr.domain.judgement import Limits
from ivr.domain.readings import Window
from ivr.domain.surges import SurgeTerms
from ivr.hotline.queue_board import QueueBoard
from ivr.hotline.surge_detector import SurgeDetector
from ivr.intake.callbacks import Callbacks
from ivr.intake.submit import Rules
from ivr.speech.engine import Engine
from ivr.storage.accounts.account_file import BadFile, BadLine
from ivr.storage.accounts.account_import import Summary, Terms, import_accounts
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.callbacks.repository import CallbackRepository, CallbackUnits
from ivr.storage.calls.journal import Journal
from ivr.storage.calls.retention import RetentionTerms
from ivr.storage.database.database import Database
from ivr.storage.database.unit_of_work import UnitsOfWork
from ivr.storage.outages.repository import OutageRepository
from ivr.storage.readings.review import Reviews
from ivr.storage.readings.spool_entries import SpoolEntries
from ivr.storage.users.credentials import Hashers
from ivr.studio.studio import Studio


def account_format(settings: Settings) -> AccountFormat:
    """Format of account numbers."""
    return AccountFormat(settings.accounts.lengths, CheckDigit(settings.accounts.check))


def window(settings: Settings) -> Window:
    """When readings are awaited."""
    readings = settings.readings
    groups = tuple((group, Window(first, last)) for group, (first, last) in sorted(readings.windows.items()))
    return Window(readings.first_day, readings.last_day, groups)


def limits(settings: Settings) -> Limits:
    """When readings are doubted."""
    doubts = settings.readings
    return Limits(doubts.high_factor, doubts.high_floor_kwh, doubts.no_history_kwh, doubts.power_kw)


def surge_terms(settings: Settings) -> SurgeTerms:
    """When an outage is suspected."""
    surge = settings.surge
    return SurgeTerms(surge.reports, timedelta(minutes=surge.minutes), timedelta(hours=surge.hours))


class Clock:
    """The time where the customers live."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """now: aware local time."""
        self.now = now


class App:
    """One process's parts, each made when it is first asked for. `close` ends those that were made."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] | None = None) -> None:
        """now: another clock, for tests. Nothing is asked of the database yet. Raises BadDatabaseUrl."""
        self.settings = settings
        self.clock = Clock(now or (lambda: datetime.now(settings.zone)))
        self.node = f"{socket.gethostname()}:{settings.line.socket}"
        self.accounts = account_format(settings)
        self.rules = Rules(window(settings), limits(settings))
        self.database = Database(settings.store.url, settings.store.limit_s)

    @cached_property
    def ledger(self) -> AccountRepository:
        """Accounts, meters and readings."""
        store = self.settings.store
        return AccountRepository(
            self.database,
            zone=self.settings.zone,
            window=self.rules.window,
            now=self.clock.now,
            node=self.node,
            threads=store.threads,
            limit_s=store.limit_s,
        )

    @property
    def units(self) -> UnitsOfWork:
        """Units of work within the time that a caller may wait."""
        return self.ledger.units

    def outages(self, reported: Callable[[], None] = lambda: None) -> OutageRepository:
        """Outages as callers hear of them. reported: is called after a report was stored; must not wait."""
        return OutageRepository(self.units, self.clock.now, self.node, reported)

    @cached_property
    def owed_callbacks(self) -> CallbackRepository:
        """Calls that are owed."""
        return CallbackRepository(self.database)

    @cached_property
    def callbacks(self) -> Callbacks:
        """The store of call-backs."""
        return Callbacks(CallbackUnits(self.units, self.node), self.clock.now)

    @cached_property
    def journal(self) -> Journal:
        """The journal of calls. Its owner starts it."""
        return Journal(self.database, self.node)

    @cached_property
    def hashers(self) -> Hashers:
        """Checks passwords and PINs for all entrances together."""
        return Hashers(self.settings.store.limit_s * 2)

    @cached_property
    def studio(self) -> Studio:
        """Prompts, their takes and texts."""
        return Studio(self.settings, self.database, self.clock.now)

    @cached_property
    def engine(self) -> Engine | None:
        """The recogniser of calls, None where no model is configured. Its owner starts it."""
        speech = self.settings.speech
        if not speech.model:
            return None
        return Engine(
            speech.model.absolute(),
            speech.workers,
            speech.speakers,
            memory_mb=speech.memory_mb,
            result_s=speech.result,
        )

    def surges(self, board: QueueBoard, queues: Sequence[str]) -> SurgeDetector:
        """The surge detector. queues: names of the board's queues whose callers count."""
        surge = self.settings.surge
        return SurgeDetector(
            self.database, surge_terms(self.settings), surge.waiting, board, queues, self.clock.now, surge.notice
        )

    @property
    def kept(self) -> RetentionTerms:
        """Retention of calls."""
        folders = self.settings.recordings
        return RetentionTerms(folders.folder, folders.calls, timedelta(days=folders.keep_days))

    @cached_property
    def reviews(self) -> Reviews:
        """Doubtful readings, for a clerk to decide on."""
        return Reviews(self.database)

    @cached_property
    def spool_entries(self) -> SpoolEntries:
        """What callers left in emergency mode."""
        return SpoolEntries(self.database, self.node)

    async def close(self) -> None:
        """End what was made, each whatever became of the others: the journal holds what calls told last."""
        made = vars(self)
        async with contextlib.AsyncExitStack() as closing:
            closing.callback(self.database.close)
            if "studio" in made:
                closing.push_async_callback(asyncio.to_thread, self.studio.close)
            if "hashers" in made:
                closing.push_async_callback(self.hashers.close)
            if "ledger" in made:
                closing.push_async_callback(self.ledger.close)
            if "journal" in made:
                closing.push_async_callback(self.journal.close)
            if "engine" in made and self.engine is not None:
                closing.push_async_callback(self.engine.close)


def make_database_folder(settings: Settings) -> None:
    """Make the folder of an SQLite file. Raises OSError."""
    name, _, file = settings.store.url.partition(":///")
    if name.startswith("sqlite") and file:
        Path(file).absolute().parent.mkdir(parents=True, exist_ok=True)


def open_database(settings: Settings) -> Database:
    """The database of the settings; the folder of an SQLite file is made. Raises ValueError, OSError."""
    make_database_folder(settings)
    return Database(settings.store.url, settings.store.limit_s)


def bring_accounts(settings: Settings, file: Path) -> Summary:
    """Import a file of accounts that has no bad line. Raises BadFile, OSError, StoreUnavailable."""

    def refuse(bad: BadLine) -> None:
        raise BadFile(str(bad))

    database = open_database(settings)
    try:
        terms = Terms(account_format(settings), settings.zone, window(settings), datetime.now(UTC))
        return import_accounts(database, file, terms, report=refuse)
    finally:
        database.close()
