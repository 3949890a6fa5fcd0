"""Several nodes and clerks at work on one PostgreSQL at the same moment."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from ivr.domain.accounts import AccountFormat
from ivr.domain.faults import StoreProblem, StoreUnavailable
from ivr.domain.readings import Channel, Entry, Period, Window
from ivr.storage import tables
from ivr.storage.accounts.account_import import Summary, Terms, import_accounts
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.database.database import Database
from ivr.storage.readings.export import ExportBatch, take_batch
from tests.submissions import by_phone
from tests.waiting import LIMIT_S, until

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOVEMBER = Period(2026, 11)
HEADER = "account,street,house,flat,district,phones,meter,digits,zones,power_kw,read_on,t1,t2,t3"
TERMS = Terms(AccountFormat(), MOSCOW, Window(), NOON)


def a_file(folder: Path, accounts: int, t1: int, read_on: str = "2026-11-10") -> Path:
    """A file of accounts with one meter each."""
    file = folder / f"{t1}.csv"
    rows = (f"{n:010d},Мира,5,{n},Север,,M{n},5,1,15,{read_on},{t1},," for n in range(accounts))
    file.write_text("\n".join([HEADER, *rows]))
    return file


def ledger(database: Database) -> AccountRepository:
    """The ledger of a node."""
    return AccountRepository(database, zone=MOSCOW, window=Window(), now=lambda: NOON, limit_s=LIMIT_S)


def rows(database: Database, *columns: str) -> list[tuple[Any, ...]]:
    """Columns of all readings."""
    readings = tables.of(tables.Reading)
    with database.reading() as connection:
        return [tuple(row) for row in connection.execute(select(*(readings.c[name] for name in columns)))]


async def test_exports_at_once_never_take_the_same_reading(postgres_url: str, tmp_path: Path) -> None:
    nodes = [Database(postgres_url, LIMIT_S) for _ in range(3)]
    import_accounts(nodes[0], a_file(tmp_path, 60, 100, "2026-10-20"), TERMS, report=print)
    book = ledger(nodes[0])
    registers = sorted(key for (key,) in rows(nodes[0], "register_id"))
    stop = threading.Event()
    batches: list[ExportBatch] = []

    def export(node: Database) -> None:
        while not stop.is_set():
            batch = take_batch(node, NOON)
            if batch is not None:
                batches.append(batch)

    workers = [threading.Thread(target=export, args=(node,)) for node in nodes[1:]]
    for worker in workers:
        worker.start()
    submissions = (by_phone(f"call-{key}", NOON, NOVEMBER, Channel.KEYS, (Entry(key, 150),)) for key in registers)
    await asyncio.gather(*map(book.keep, submissions))
    stop.set()
    for worker in workers:
        await asyncio.to_thread(worker.join, LIMIT_S)
    last = take_batch(nodes[0], NOON)
    batches += [last] if last else []
    exported = [batch for batch, channel in rows(nodes[0], "batch", "channel") if channel == "phone-keys"]
    assert len(exported) == 60 and None not in exported
    assert sum(batch.readings for batch in batches) == 60
    assert {batch.number: batch.readings for batch in batches} == {n: exported.count(n) for n in set(exported)}
    await book.close()
    for node in nodes:
        node.close()


def waits_for_a_lock(database: Database) -> bool:
    """Whether somebody waits for what another transaction holds."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with database.reading() as connection:
        return bool(connection.exec_driver_sql(query).scalar_one())


async def test_an_export_that_waited_for_another_takes_nothing_not_even_a_number(
    postgres_url: str, tmp_path: Path
) -> None:
    one, two = Database(postgres_url, LIMIT_S), Database(postgres_url, LIMIT_S)
    import_accounts(one, a_file(tmp_path, 1, 100, "2026-10-20"), TERMS, report=print)
    ((register,),) = rows(one, "register_id")
    book = ledger(one)
    await book.keep(by_phone("call", NOON, NOVEMBER, Channel.KEYS, (Entry(register, 150),)))
    with one.writing() as connection:  # as another export does
        readings = tables.of(tables.Reading)
        connection.execute(readings.update().where(readings.c.status == "accepted").values(status="exported"))
        second = asyncio.create_task(asyncio.to_thread(take_batch, two, NOON))
        await until(lambda: waits_for_a_lock(one))
    assert await second is None
    with one.reading() as connection:
        assert connection.execute(tables.of(tables.Batch).select()).all() == []
    await book.close()
    one.close()
    two.close()


async def test_callers_and_an_import_of_the_same_period(postgres_url: str, tmp_path: Path) -> None:
    one, two = Database(postgres_url, LIMIT_S), Database(postgres_url, LIMIT_S)
    import_accounts(one, a_file(tmp_path, 300, 100, "2026-10-20"), TERMS, report=print)
    registers = sorted(key for (key,) in rows(one, "register_id"))
    book = ledger(one)
    importing = asyncio.create_task(
        asyncio.to_thread(import_accounts, two, a_file(tmp_path, 300, 120), TERMS, report=print)
    )
    for key in registers:
        entry = Entry(key, 150)
        await book.keep(by_phone(f"call-{key}", NOON, NOVEMBER, Channel.KEYS, (entry,)))
    summary = await importing
    assert summary.imported and summary.readings_new == 300
    november = [(c, s) for p, c, s in rows(one, "period", "channel", "status") if p == "2026-11"]
    assert november.count(("phone-keys", "accepted")) == november.count(("billing", "superseded")) == 300
    await book.close()
    one.close()
    two.close()


def test_two_imports_of_the_same_accounts(postgres_url: str, tmp_path: Path) -> None:
    nodes = [Database(postgres_url, LIMIT_S) for _ in range(2)]
    file = a_file(tmp_path, 2000, 100)
    results: list[Summary | StoreUnavailable] = []

    def run(node: Database) -> None:
        try:
            results.append(import_accounts(node, file, TERMS, report=print))
        except StoreUnavailable as error:
            results.append(error)

    workers = [threading.Thread(target=run, args=(node,)) for node in nodes]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(LIMIT_S)
    assert any(isinstance(result, Summary) and result.accounts_new == 2000 for result in results)
    for result in results:  # the other one saw the first one's accounts, or was told to try again
        assert isinstance(result, Summary) or result.why is StoreProblem.OTHER_IMPORT
    assert len(rows(nodes[0], "id")) == 2000
    for node in nodes:
        node.close()
