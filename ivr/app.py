"""Composition root: makes the parts of the line from Settings. The daemon that runs them: ivr.daemon."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ivr.config import Settings
from ivr.domain.accounts import AccountFormat, CheckDigit
from ivr.domain.callbacks import CallbackTerms
from ivr.domain.judgement import Limits
from ivr.domain.readings import Window
from ivr.domain.surges import SurgeTerms
from ivr.hotline.callback_dialer import DialerLimits
from ivr.storage.accounts.account_file import BadFile, BadLine
from ivr.storage.accounts.account_import import Summary, Terms, import_accounts
from ivr.storage.database.database import Database
from ivr.telephony.hotline import DialerSettings
from ivr.telephony.manager.ami_reconnect import ManagerAccount
from ivr.telephony.manager.exchange import Dialling


def account_format(settings: Settings) -> AccountFormat:
    """What account numbers look like."""
    return AccountFormat(settings.accounts.lengths, CheckDigit(settings.accounts.check))


def window(settings: Settings) -> Window:
    """When readings are awaited."""
    return Window(settings.readings.first_day, settings.readings.last_day)


def limits(settings: Settings) -> Limits:
    """When readings are doubted."""
    doubts = settings.readings
    return Limits(doubts.high_factor, doubts.high_floor_kwh, doubts.no_history_kwh, doubts.power_kw)


def manager_account(settings: Settings) -> ManagerAccount | None:
    """Our account of Asterisk's manager, None if the settings have none."""
    ami = settings.ami
    return ManagerAccount(ami.host, ami.port, ami.user, ami.secret) if ami.user else None


def ringing(settings: Settings) -> DialerSettings | None:
    """How people are rung back, None if they are not."""
    ami, calls = settings.ami, settings.callbacks
    if not calls.dial:
        return None
    host = socket.gethostname() if ami.host in {"127.0.0.1", "::1", "localhost"} else ami.host
    pauses = tuple(timedelta(seconds=pause) for pause in calls.pauses_s)
    fresh = timedelta(seconds=calls.fresh_s)
    return DialerSettings(
        exchange=f"{host}:{ami.port}",
        dialling=Dialling(calls.dial, calls.caller_id, calls.ring_s),
        numbers=calls.numbers,
        terms=CallbackTerms(settings.zone, pauses, calls.quiet_from, calls.quiet_to, fresh),
        pace=DialerLimits(calls.at_once, timedelta(seconds=calls.lease_s), calls.power_per_minute),
    )


def surge_terms(settings: Settings) -> SurgeTerms:
    """When an outage is suspected."""
    surge = settings.surge
    return SurgeTerms(surge.reports, timedelta(minutes=surge.minutes), timedelta(hours=surge.hours))


def open_database(settings: Settings) -> Database:
    """The database of the settings; the folder of an SQLite file is made. Raises ValueError, OSError."""
    name, _, file = settings.store.url.partition(":///")
    if name.startswith("sqlite") and file:
        Path(file).absolute().parent.mkdir(parents=True, exist_ok=True)
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
