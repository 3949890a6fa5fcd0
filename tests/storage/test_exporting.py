"""Readings leave once, and any batch can be written again as it was."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from ivr.domain.readings import Channel, Entry, Period
from ivr.intake.review import NotWaiting
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.database.database import Database
from ivr.storage.readings.export import ExportBatch, NoSuchBatch, find_batch, take_batch, unwritten_batches, write_batch
from ivr.storage.readings.review import flagged
from tests.clerk import accept, refuse
from tests.storage.conftest import Now, Stock, utc
from tests.submissions import by_phone
from tests.waiting import LIMIT_S

HEADER = "batch,account,meter,zone,value,taken_at,period,channel,status,receipt,reason,read_on,ratio\n"
AT = utc("2026-11-20T09:15:30.500000")


def names(folder: Path) -> list[str]:
    """Files of exports in a folder, drafts too."""
    return [file.name for file in folder.iterdir() if "out.csv" in file.name]


async def phoned(ledger: AccountRepository, register: int, value: int, call: str, reason: str = "") -> str:
    """A caller's reading, flagged if it has a reason; its receipt."""
    entry = Entry(register, value, flagged=bool(reason), reason=reason)
    return await ledger.keep(by_phone(call, AT, Period(2026, 11), Channel.KEYS, (entry,)))


@pytest.mark.both_databases
async def test_each_reading_leaves_once(
    ledger: AccountRepository, stock: Stock, database: Database, now: Now, tmp_path: Path
) -> None:
    day, night = stock.meter(stock.account("0012345678"), "00123456", zones=2)
    receipt = await phoned(ledger, day, 123, "c1")
    await phoned(ledger, night, 45, "c1")
    batch = take_batch(database, now())
    assert batch is not None and batch.readings == 2
    write_batch(database, batch, tmp_path / "out.csv", now())
    number, told = batch.number, f"2026-11-20T09:15:30Z,2026-11,phone-keys,accepted,{receipt},,2026-11-20,1"
    assert (tmp_path / "out.csv").read_bytes().decode() == (
        HEADER + f"{number},0012345678,00123456,T1,123,{told}\n" + f"{number},0012345678,00123456,T2,45,{told}\n"
    )
    assert take_batch(database, now()) is None
    assert unwritten_batches(database) == []


async def test_nothing_waits(database: Database, now: Now, tmp_path: Path, stock: Stock) -> None:
    batch = take_batch(database, now())
    assert batch is None
    write_batch(database, batch, tmp_path / "out.csv", now())
    assert (tmp_path / "out.csv").read_text() == HEADER
    assert stock.rows(tables.Batch, "number") == []


@pytest.mark.both_databases
async def test_a_batch_again_is_the_same_whatever_happened_since(
    ledger: AccountRepository, stock: Stock, database: Database, now: Now, tmp_path: Path
) -> None:
    (register,) = stock.meter(stock.account())
    await phoned(ledger, register, 123, "c1", "above-usual-use")
    batch = take_batch(database, now(), with_flagged=True)
    assert batch is not None
    write_batch(database, batch, tmp_path / "first.csv", now())
    await phoned(ledger, register, 150, "c2")  # a correction: it leaves in a batch of its own
    second = take_batch(database, now())
    assert second is not None and second.number != batch.number
    write_batch(database, find_batch(database, batch.number), tmp_path / "again.csv", now() + timedelta(days=9))
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "first.csv").read_bytes()
    assert ",123," in (tmp_path / "again.csv").read_text() and ",flagged," in (tmp_path / "again.csv").read_text()


async def test_a_crash_before_the_file_loses_nothing(
    ledger: AccountRepository, stock: Stock, database: Database, now: Now, tmp_path: Path
) -> None:
    (register,) = stock.meter(stock.account())
    await phoned(ledger, register, 123, "c1")
    batch = take_batch(database, now())
    assert batch is not None
    with pytest.raises(OSError):
        write_batch(database, batch, tmp_path / "no folder" / "out.csv", now())
    assert unwritten_batches(database) == [batch.number]
    write_batch(database, find_batch(database, batch.number), tmp_path / "out.csv", now())
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2
    assert unwritten_batches(database) == []
    assert names(tmp_path) == ["out.csv"]


async def test_a_file_that_cannot_be_finished_does_not_replace_the_old_one(
    ledger: AccountRepository, stock: Stock, database: Database, now: Now, tmp_path: Path
) -> None:
    (register,) = stock.meter(stock.account())
    await phoned(ledger, register, 123, "c1")
    (tmp_path / "out.csv").mkdir()
    batch = take_batch(database, now())
    with pytest.raises(OSError):
        write_batch(database, batch, tmp_path / "out.csv", now())
    assert names(tmp_path) == ["out.csv"]


@pytest.mark.both_databases
async def test_flagged_readings_wait_for_the_clerk(
    ledger: AccountRepository, stock: Stock, database: Database, now: Now
) -> None:
    account = stock.account()
    (one,), (two,) = stock.meter(account, "A"), stock.meter(account, "B")
    stock.reading(one, 100, "2026-10-20", "2026-10")
    await phoned(ledger, one, 900, "c1", "above-usual-use")
    await phoned(ledger, two, 5, "c1", "same-value")
    assert take_batch(database, now()) is None
    waiting = flagged(database)
    assert [(w.account, w.meter, w.zone, w.value, w.last, w.reason) for w in waiting] == [
        ("0012345678", "A", "T1", 900, 100, "above-usual-use"),
        ("0012345678", "B", "T1", 5, None, "same-value"),
    ]
    accept(database, waiting[0].id, "anna", now())
    assert take_batch(database, now()) == ExportBatch(find_batch(database, 1).number, 1)
    assert [w.meter for w in flagged(database)] == ["B"]
    assert stock.rows(tables.Audit, "at", "who", "action", "subject") == [
        (now(), "anna", "reading.accept", f"reading:{waiting[0].id}")
    ]


@pytest.mark.both_databases
async def test_a_refused_reading_never_counts_again(
    ledger: AccountRepository, stock: Stock, database: Database, now: Now
) -> None:
    (register,) = stock.meter(stock.account())
    await phoned(ledger, register, 900, "c1", "same-value")
    (waiting,) = flagged(database)
    refuse(database, waiting.id, "typing error", "anna", now())
    assert stock.rows(tables.Reading, "status", "reason", "note") == [("superseded", "refused", "typing error")]
    assert take_batch(database, now(), with_flagged=True) is None
    account = await ledger.account("0012345678")
    assert account is not None and account.meters[0].registers[0].latest is None
    for decide in (
        lambda: accept(database, waiting.id, "anna", now()),
        lambda: refuse(database, waiting.id, "", "anna", now()),
    ):
        with pytest.raises(NotWaiting, match=f"reading={waiting.id} status=superseded"):
            decide()
    with pytest.raises(NotWaiting, match="reading=999"):
        accept(database, 999, "anna", now())
    assert stock.rows(tables.Audit, "action", "detail") == [("reading.refuse", {"note": "typing error"})]


@pytest.mark.both_databases
async def test_refusing_a_correction_brings_back_what_it_replaced(
    ledger: AccountRepository, stock: Stock, database: Database, now: Now
) -> None:
    (register,) = stock.meter(stock.account())
    await phoned(ledger, register, 120, "c1")
    await phoned(ledger, register, 900, "c2", "above-usual-use")
    refuse(database, flagged(database)[0].id, "typing error", "anna", now())
    (waiting,) = flagged(database)
    assert (waiting.value, waiting.reason) == (120, "restored")


@pytest.mark.both_databases
async def test_refusing_brings_back_what_billing_knows_as_it_was(
    ledger: AccountRepository, stock: Stock, database: Database, now: Now
) -> None:
    (register,) = stock.meter(stock.account())
    await phoned(ledger, register, 120, "c1")
    batch = take_batch(database, now())
    assert batch is not None
    await phoned(ledger, register, 900, "c2", "above-usual-use")
    refuse(database, flagged(database)[0].id, "typing error", "anna", now())
    assert stock.rows(tables.Reading, "value", "status", "batch") == [
        (120, "exported", batch.number),
        (900, "superseded", None),
    ]
    assert take_batch(database, now()) is None


@pytest.mark.both_databases
def test_exports_at_once_share_nothing(database: Database, url: str, stock: Stock, now: Now) -> None:
    account = stock.account()
    for number in range(40):
        (register,) = stock.meter(account, f"M{number}")
        stock.reading(register, number, "2026-11-20", "2026-11", status="accepted")
    other = Database(url, LIMIT_S)
    batches: list[ExportBatch | None] = []
    gate = threading.Barrier(4)

    def export(node: Database) -> None:
        gate.wait(LIMIT_S)
        batches.append(take_batch(node, now()))

    workers = [threading.Thread(target=export, args=(node,)) for node in (database, other) * 2]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(LIMIT_S)
    other.close()
    assert [batch.readings for batch in batches if batch] == [40] and len(batches) == 4
    assert set(stock.rows(tables.Reading, "status", "exported_as")) == {("exported", "accepted")}


def test_an_unknown_batch(database: Database) -> None:
    with pytest.raises(NoSuchBatch, match="batch=7"):
        find_batch(database, 7)
