"""What callers left in emergency mode is taken in exactly once, and nothing of it is lost."""

from __future__ import annotations

import fcntl
import json
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.accounts import AccountFormat
from ivr.domain.faults import StoreUnavailable
from ivr.domain.judgement import Limits
from ivr.domain.readings import Channel, Entry, Period, Window
from ivr.intake.submit import Rules
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.database.database import Database
from ivr.storage.readings.review import flagged
from ivr.storage.readings.spool_entries import SpoolEntries, unplaced
from ivr.telephony import emergency_import
from ivr.telephony.emergency_import import ImportResult, SpoolTerms, parse
from tests.storage.conftest import MOSCOW, Now, Stock, utc
from tests.submissions import by_phone
from tests.waiting import LIMIT_S

TERMS = SpoolTerms(MOSCOW, Rules(Window(), Limits()), AccountFormat())
READINGS = ("register_id", "value", "period", "channel", "call_id", "status", "reason")


def take_in(folder: Path, database: Database, now: datetime) -> ImportResult:
    return emergency_import.take_in(folder, SpoolEntries(database, MOSCOW, "node"), TERMS, now)


def left(key: str = "a" * 32, account: str = "0012345678", *values: str, at: str = "2026-11-19T18:03:11+03:00") -> str:
    """A line as the emergency script writes it."""
    entry = {"id": key, "taken_at": at, "account": account, "values": values or ["00123"], "caller": "89161234567"}
    return json.dumps(entry) + "\n"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """An empty spool folder."""
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.mark.both_databases
def test_a_reading_comes_in_flagged(spool: Path, database: Database, stock: Stock, now: Now) -> None:
    (register,) = stock.meter(stock.account())
    (spool / "readings.jsonl").write_text(left())
    assert take_in(spool, database, now()) == ImportResult(stored=1)
    assert stock.rows(tables.Reading, *READINGS) == [
        (register, 123, "2026-11", "phone-emergency", "a" * 32, "flagged", "emergency")
    ]
    at = utc("2026-11-19T15:03:11")
    assert stock.rows(tables.Call, "id", "started_at", "ended_at", "caller", "outcome") == [
        ("a" * 32, at, at, "+79161234567", "stored")
    ]
    assert stock.rows(tables.SpoolEntry, "id", "taken_at", "account", "values", "state") == [
        ("a" * 32, at, "0012345678", ["00123"], "stored")
    ]
    assert [w.value for w in flagged(database, emergency=True)] == [123]
    assert not (spool / "readings.jsonl").exists()
    (taken,) = spool.iterdir()
    assert taken.suffix == ".taken" and taken.read_text() == left()


@pytest.mark.both_databases
def test_zones_are_in_the_order_of_the_meter_and_doubts_are_told(
    spool: Path, database: Database, stock: Stock, now: Now
) -> None:
    day, night = stock.meter(stock.account(), zones=2)
    stock.reading(day, 5000, "2026-10-20", "2026-10")
    stock.reading(night, 100, "2026-10-20", "2026-10")
    (spool / "readings.jsonl").write_text(left("a" * 32, "0012345678", "05050", "00090"))
    take_in(spool, database, now())
    assert [(w.zone, w.value, w.last, w.reason) for w in flagged(database)] == [
        ("T1", 5050, 5000, "emergency"),
        ("T2", 90, 100, "emergency lower-than-last"),
    ]


def test_exchanged_zones_are_told(spool: Path, database: Database, stock: Stock, now: Now) -> None:
    day, night = stock.meter(stock.account(), zones=2)
    stock.reading(day, 50000, "2026-10-20", "2026-10")
    stock.reading(night, 100, "2026-10-20", "2026-10")
    (spool / "readings.jsonl").write_text(left("a" * 32, "0012345678", "00150", "50050"))
    take_in(spool, database, now())
    assert [w.reason for w in flagged(database)] == ["emergency zones-swapped"] * 2


@pytest.mark.both_databases
def test_taken_in_twice_is_stored_once(spool: Path, database: Database, stock: Stock, now: Now) -> None:
    """A daemon killed between commit and renaming reads the same file again."""
    stock.meter(stock.account())
    for _ in range(2):
        (spool / "readings.jsonl").write_text(left() + left())
    assert take_in(spool, database, now()) == ImportResult(stored=1, known=1)
    (spool / "readings.jsonl").write_text(left())
    assert take_in(spool, database, now()) == ImportResult(known=1)
    assert len(stock.rows(tables.Reading, "id")) == 1
    assert len(list(spool.glob("*.taken"))) == 2


@pytest.mark.both_databases
def test_what_fits_no_meter_is_kept_for_the_clerk(spool: Path, database: Database, stock: Stock, now: Now) -> None:
    stock.meter(stock.account())
    stock.account("0000000001")
    two = stock.account("0000000002")
    stock.meter(two, "A")
    stock.meter(two, "B")
    lines = {
        left("a" * 32, account="0000000000"): "unknown account",
        left("b" * 32, "0000000001"): "no meter",
        left("c" * 32, "0000000002"): "several meters",
        left("d" * 32, "0012345678", "1", "2"): "another number of zones",
        left("e" * 32, "0012345678", "123456"): "more digits than the meter has",
        left("f" * 32, at="2026-11-21T18:00:00+03:00"): "taken in the future",
    }
    (spool / "readings.jsonl").write_text("".join(lines))
    assert take_in(spool, database, now()) == ImportResult(refused=6)
    expected = [(told["account"], told["values"], lines[line]) for line in lines for told in [json.loads(line)]]
    kept = [(one.account, list(one.values), one.reason) for one in unplaced(database)]
    assert sorted(kept) == sorted(expected)
    assert stock.rows(tables.Reading, "id") == stock.rows(tables.Call, "id") == []


GARBAGE = [
    left()[:-20].encode(),
    b"\xff\xfe\x00garbage",
    b"[" * 4000,
    b'{"id": "' + b"x" * 9000 + b'"}',
    b"[]",
    left(account="12*4").encode(),
    left(at="2026-11-19T18:03:11").encode(),
    left(at="yesterday").encode(),
    left(key="../../etc").encode(),
    b'{"id": null}',
]


def test_garbage_goes_aside_and_stops_nobody(spool: Path, database: Database, stock: Stock, now: Now) -> None:
    stock.meter(stock.account())
    for number, garbage in enumerate(GARBAGE):
        before, after = (left(f"{word}{number:031}").encode() for word in "bc")
        (spool / "readings.jsonl").write_bytes(before + garbage.strip() + b"\n" + after)
        assert take_in(spool, database, now()) == ImportResult(stored=2, rejected=1), garbage
        (rejected,) = spool.glob("*.rejected")
        assert len(rejected.read_text().splitlines()) == 1, garbage
        rejected.unlink()


@given(st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode)))
def test_no_line_breaks_the_parser(raw: bytes) -> None:
    with pytest.raises(ValueError):
        parse(raw)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=40) | st.integers(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(list(json.loads(left()))), inner),
        max_leaves=12,
    )
)
def test_no_json_breaks_the_parser(told: object) -> None:
    with pytest.raises(ValueError):
        parse(json.dumps(told).encode())


@pytest.mark.both_databases
async def test_a_newer_reading_of_the_period_stays(
    spool: Path, database: Database, ledger: AccountRepository, stock: Stock, now: Now
) -> None:
    (register,) = stock.meter(stock.account())
    entry = Entry(register, 200)
    await ledger.keep(by_phone("call", now(), Period(2026, 11), Channel.KEYS, (entry,)))
    (spool / "readings.jsonl").write_text(left())
    assert take_in(spool, database, now()) == ImportResult(stored=1)
    assert stock.rows(tables.Reading, "value", "status") == [(200, "accepted"), (123, "superseded")]


@pytest.mark.both_databases
async def test_an_older_reading_of_the_period_is_replaced(
    spool: Path, database: Database, ledger: AccountRepository, stock: Stock, now: Now
) -> None:
    (register,) = stock.meter(stock.account())
    earlier = now() - timedelta(days=2)
    await ledger.keep(by_phone("call", earlier, Period(2026, 11), Channel.KEYS, (Entry(register, 90),)))
    (spool / "readings.jsonl").write_text(left())
    take_in(spool, database, now())
    assert stock.rows(tables.Reading, "value", "status") == [(90, "superseded"), (123, "flagged")]


def test_the_file_is_taken_under_the_lock_of_its_writer(
    spool: Path, database: Database, stock: Stock, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emergency_import, "LOCK_LIMIT_S", LIMIT_S)
    stock.meter(stock.account())
    live = spool / "readings.jsonl"
    done = threading.Event()
    with live.open("a") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        worker = threading.Thread(target=lambda: (take_in(spool, database, now()), done.set()))
        worker.start()
        writer.write(left())
        writer.flush()
        assert not done.wait(0.2) and live.exists()  # it waits for us
    worker.join(LIMIT_S)
    assert done.is_set() and len(stock.rows(tables.Reading, "id")) == 1


def test_a_lock_that_is_never_released_is_told_and_left(
    spool: Path, database: Database, now: Now, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(emergency_import, "LOCK_LIMIT_S", 0.05)
    live = spool / "readings.jsonl"
    with live.open("a") as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert take_in(spool, database, now()) == ImportResult(failed=1)
    assert live.exists() and "spool file could not be set aside" in caplog.messages


def test_a_store_that_is_away_leaves_the_file_for_the_next_start(
    spool: Path, database: Database, url: str, stock: Stock, now: Now
) -> None:
    stock.meter(stock.account())
    (spool / "readings.jsonl").write_text(left())
    gone = Database("postgresql://127.0.0.1:1/none", limit_s=1)
    with pytest.raises(StoreUnavailable):
        take_in(spool, gone, now())
    gone.close()
    assert take_in(spool, database, now()) == ImportResult(stored=1)


def test_no_folder_and_no_file(tmp_path: Path, spool: Path, database: Database, now: Now) -> None:
    assert take_in(tmp_path / "none", database, now()) == take_in(spool, database, now()) == ImportResult()


@pytest.mark.both_databases
def test_two_daemons_at_once(spool: Path, database: Database, url: str, stock: Stock, now: Now) -> None:
    stock.meter(stock.account())
    for file in range(4):
        lines = "".join(left(f"{file:016x}{n:016x}", "0012345678", f"{file}{n}") for n in range(10))
        (spool / f"readings.{file}.jsonl").write_text(lines)
    other = Database(url, LIMIT_S)
    results: list[ImportResult] = []
    workers = [
        threading.Thread(target=lambda store=store: results.append(take_in(spool, store, now())))
        for store in (database, other)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(LIMIT_S)
    other.close()
    assert sum(result.stored for result in results) == 40
    assert all(result.failed == result.rejected == 0 for result in results)
    assert len(stock.rows(tables.Reading, "id")) == 40
    live = [status for (status,) in stock.rows(tables.Reading, "status") if status != "superseded"]
    assert live == ["flagged"]
