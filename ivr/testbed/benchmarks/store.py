"""`ivr bench store`: how long the import takes, and what a call waits for in the store."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

from ivr.domain.accounts import AccountFormat
from ivr.domain.contacts import Contact, Submission
from ivr.domain.readings import Channel, Entry, Window
from ivr.storage.accounts.account_import import Terms, import_accounts
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.database.database import Database

ZONE = ZoneInfo("Europe/Moscow")
HEADER = "account,street,house,flat,district,phones,meter,digits,zones,power_kw,read_on,t1,t2,t3"
SEED = 7


@dataclass(frozen=True, slots=True)
class Times:
    """import_s: seconds for the whole file. lookups_ms, keeps_ms: milliseconds of single units of work."""

    accounts: int
    import_s: float
    lookups_ms: tuple[float, ...]
    keeps_ms: tuple[float, ...]


def write_file(file: Path, accounts: int) -> None:
    """A file of accounts: every fifth has a second meter, every sixth meter two zones, every third account a phone."""
    with file.open("w", encoding="utf-8") as out:
        out.write(HEADER + "\n")
        for n in range(accounts):
            phone = f"+7916{n:07d}" if n % 3 == 0 else ""
            place = f"{4_000_000_000 + n},улица Ленина,{n // 100},{n % 100},Север,{phone}"
            for meter in range(2 if n % 5 == 0 else 1):
                zones = 2 if (n + meter) % 6 == 0 else 1
                night = "5000" if zones == 2 else ""
                out.write(f"{place},{meter + 1}{n:08d},5,{zones},15,2020-01-20,12000,{night},\n")


def measure(database: Database, file: Path, accounts: int, calls: int, progress: Callable[[str], None]) -> Times:
    """Import `file`, then look up and store for `calls` random accounts. Raises StoreUnavailable, BadFile."""
    now = datetime.now(ZONE)
    progress("importing")
    began = time.perf_counter()
    import_accounts(database, file, Terms(AccountFormat(), ZONE, Window(), now), report=lambda bad: None)
    import_s = time.perf_counter() - began
    progress("calling")
    lookups, keeps = asyncio.run(_calls(database, accounts, calls))
    return Times(accounts, import_s, tuple(lookups), tuple(keeps))


async def _calls(database: Database, accounts: int, calls: int) -> tuple[list[float], list[float]]:
    ledger = AccountRepository(database, zone=ZONE, window=Window(), now=lambda: datetime.now(ZONE))
    lookups: list[float] = []
    keeps: list[float] = []
    chosen = random.Random(SEED).sample(range(accounts), min(calls, accounts))
    try:
        for n in chosen:
            began = time.perf_counter()
            account = await ledger.account(str(4_000_000_000 + n))
            lookups.append((time.perf_counter() - began) * 1000)
            if account is None:
                continue
            entries = tuple(Entry(register.id, 12_150) for register in account.meters[0].registers)
            now = datetime.now(ZONE)
            period = Window().period_of(now.date())
            began = time.perf_counter()
            contact = Contact.by_phone(uuid4().hex, now)
            await ledger.keep(Submission(contact, now.date(), period, Channel.KEYS, entries))
            keeps.append((time.perf_counter() - began) * 1000)
    finally:
        await ledger.close()
    return lookups, keeps
