"""What an import leaves in the store: the whole file, or nothing, or the accounts without a fault."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ivr.domain.accounts import AccountFormat
from ivr.domain.readings import Channel, Entry, Period, Reading, Use, Window
from ivr.storage import tables
from ivr.storage.accounts.account_file import BadLine
from ivr.storage.accounts.account_import import Summary, Terms, import_accounts
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.database.database import Database
from ivr.storage.readings.export import take_batch
from tests.storage.conftest import MOSCOW, Now, Stock, utc
from tests.submissions import by_phone

pytestmark = pytest.mark.both_databases

HEADER = "account,street,house,flat,district,phones,meter,digits,zones,power_kw,read_on,t1,t2,t3"
NOVEMBER = Period(2026, 11)
READINGS = ("register_id", "value", "period", "channel", "status", "reason")


class Import:
    """Imports lines written as text."""

    def __init__(self, database: Database, folder: Path, now: Now) -> None:
        self.database, self.file = database, folder / "accounts.csv"
        self.bad: list[BadLine] = []
        self.terms = Terms(AccountFormat(), MOSCOW, Window(), now())

    def __call__(self, *lines: str, skip_bad: bool = False) -> Summary:
        self.file.write_text("\n".join([HEADER, *lines]))
        self.bad.clear()
        return import_accounts(self.database, self.file, self.terms, skip_bad=skip_bad, report=self.bad.append)


@pytest.fixture
def imported(database: Database, tmp_path: Path, now: Now) -> Import:
    """Imports into the test's database."""
    return Import(database, tmp_path, now)


def one(
    account: str = "0012345678",
    meter: str = "M1",
    zones: int = 1,
    read: str = "2026-10-20,100,,",
    house: str = "5",
    phones: str = "+79161234567",
    power: str = "15",
    digits: int = 5,
) -> str:
    """A line of one meter."""
    return f"{account},Мира,{house},12,Север,{phones},{meter},{digits},{zones},{power},{read}"


async def test_a_file_becomes_accounts_meters_and_measures(
    imported: Import, ledger: AccountRepository, stock: Stock
) -> None:
    summary = imported(
        one(), one(meter="M2", zones=2, read="2026-10-21,200,300,"), one("0000000002", meter="", power="", read=",,,")
        .replace(",5,1,", ",,,"),
    )  # fmt: skip
    assert summary == Summary(True, 3, accounts_new=2, meters_new=2, readings_new=3)
    account = await ledger.account("0012345678")
    assert account is not None
    assert (account.street, account.house, account.flat, account.district) == ("Мира", "5", "12", "Север")
    first, second = account.meters
    assert (first.serial, first.digits, first.power_kw, second.serial) == ("M1", 5, 15.0, "M2")
    assert first.registers[0].base == first.registers[0].latest == Reading(100, date(2026, 10, 20))
    assert [r.base and r.base.value for r in second.registers] == [200, 300]
    assert [a.number for a in await ledger.accounts_of_phone("+79161234567")] == ["0000000002", "0012345678"]
    assert stock.rows(tables.Reading, *READINGS)[0][2:] == ("2026-10", "billing", "exported", "")


async def test_the_same_file_again_changes_nothing(imported: Import, stock: Stock) -> None:
    lines = (one(), one(meter="M2", zones=2, read="2026-10-21,200,300,"))
    imported(*lines)
    before = [stock.rows(table, *table.__table__.columns.keys()) for table in (tables.Account, tables.Reading)]
    assert imported(*lines) == Summary(True, 2)
    assert [stock.rows(table, *table.__table__.columns.keys()) for table in (tables.Account, tables.Reading)] == before


async def test_the_next_file_updates_and_adds(imported: Import, ledger: AccountRepository, stock: Stock) -> None:
    imported(one(phones="+79161234567 +74950000000"))
    summary = imported(
        one(house="7", phones="+79169999999", power="7.5", read="2026-11-19,150,,"),
        one(meter="M2", house="7", phones="+79169999999", read=",,,"),
    )
    assert summary == Summary(True, 2, accounts_changed=1, meters_new=1, readings_new=1)
    account = await ledger.account("0012345678")
    assert account is not None and account.house == "7"
    assert [(m.serial, m.power_kw) for m in account.meters] == [("M1", 7.5), ("M2", 15.0)]
    assert account.meters[0].registers[0].base == Reading(150, date(2026, 11, 19))
    assert account.meters[0].registers[0].uses == (Use(50, 30),)
    assert await ledger.accounts_of_phone("+79161234567") == ()
    assert len(await ledger.accounts_of_phone("+79169999999")) == 1


def test_a_bad_line_stops_the_whole_file(imported: Import, stock: Stock) -> None:
    summary = imported(one(), one("0000000002", meter="M2", digits=9))
    assert summary == Summary(False, 2, bad_lines=1, left_out=1)
    assert [str(bad) for bad in imported.bad] == ["line 3: digits: “9” is not a whole number from 4 to 8"]
    for table in (tables.Account, tables.Meter, tables.Reading):
        assert stock.rows(table, "id") == []


def test_with_skip_bad_accounts_with_a_bad_line_are_left_out_whole(imported: Import, stock: Stock) -> None:
    summary = imported(
        one("0000000001", meter="A"),
        one("0000000002", meter="B"),
        one("0000000002", meter="C", digits=9),
        one("0000000003", digits=3),
        one("0000000004", meter="D"),
        "no,line",
        skip_bad=True,
    )
    assert summary == Summary(True, 6, bad_lines=3, left_out=3, accounts_new=2, meters_new=2, readings_new=2)
    assert stock.rows(tables.Account, "number") == [("0000000001",), ("0000000004",)]
    assert stock.rows(tables.Meter, "serial") == [("A",), ("D",)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (one(digits=6), "line 2: digits: is 5 for this meter so far, not 6"),
        (one(zones=2, read=",,,"), "line 2: zones: is 1 for this meter so far, not 2"),
    ],
)
def test_contradictions_to_the_store_are_bad_lines(imported: Import, stock: Stock, line: str, told: str) -> None:
    imported(one())
    assert not imported(line, one("0000000003", meter="M3")).imported
    assert [str(bad) for bad in imported.bad] == [told]
    summary = imported(line, one("0000000003", meter="M3"), skip_bad=True)
    assert (summary.imported, summary.accounts_new) == (True, 1)
    assert stock.rows(tables.Meter, "serial", "digits", "zones") == [("M1", 5, 1), ("M3", 5, 1)]


async def test_two_accounts_may_have_meters_of_one_serial_number(imported: Import, ledger: AccountRepository) -> None:
    assert imported(one(), one("0000000002", read="2026-10-20,300,,")).meters_new == 2
    imported(one(power="7", read="2026-11-19,150,,"), one("0000000002", digits=5, read="2026-11-19,390,,"))
    found = [await ledger.account(number) for number in ("0012345678", "0000000002")]
    meters = [meter for account in found if account is not None for meter in account.meters]
    assert [(m.serial, m.power_kw) for m in meters] == [("M1", 7.0), ("M1", 15.0)]
    assert [m.registers[0].base and m.registers[0].base.value for m in meters] == [150, 390]


async def test_further_columns_are_kept_and_a_file_without_them_changes_nothing(
    imported: Import, tmp_path: Path, ledger: AccountRepository
) -> None:
    further = ",ratio,remote,next_verification,aliases,group"
    told = ",20,1,2031-05-01,old:77 els:12аб-345678 bank:900,houses"
    for name, header, tail in (("told", further, told), ("silent", "", ""), ("empty", further, ",,,,,")):
        file = tmp_path / f"{name}.csv"
        file.write_text(f"{HEADER}{header}\n{one()}{tail}\n")
        assert import_accounts(imported.database, file, imported.terms, report=print).imported
        account = await ledger.account("0012345678")
        assert account is not None
        (meter,) = account.meters
        facts = (meter.ratio, meter.remote, meter.next_verification, account.aliases, account.group)
        if name == "empty":
            assert facts == (1, False, None, (), "")
        else:
            assert facts == (20, True, date(2031, 5, 1), ("12АБ345678", "77", "900"), "houses")


def test_readings_count_for_the_month_of_the_accounts_window(imported: Import, stock: Stock) -> None:
    imported.terms = Terms(
        AccountFormat(), MOSCOW, Window(groups=(("houses", Window(10, 19)),)), utc("2026-11-25T09:00:00")
    )
    imported.file.write_text(f"{HEADER},group\n{one(read=',,,')},houses\n")
    import_accounts(imported.database, imported.file, imported.terms, report=print)
    imported(one(read="2026-11-20,100,,"), one("0000000002", read="2026-11-20,100,,"))
    assert stock.rows(tables.Reading, "register_id", "period") == [(1, "2026-12"), (2, "2026-11")]


def test_an_alias_of_an_account_beside_the_file_is_a_bad_line(imported: Import, tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    bad: list[str] = []
    for number, taken in (("0000000001", True), ("0000000002", False)):
        file.write_text(f"{HEADER},aliases\n{one(number)},old:77\n")
        summary = import_accounts(imported.database, file, imported.terms, report=lambda line: bad.append(str(line)))
        assert summary.imported is taken
    assert bad == ["line 2: aliases: old:77 is in use at another account"]


def test_a_removed_meter_may_be_installed_elsewhere(imported: Import, stock: Stock, database: Database) -> None:
    imported(one())
    with database.writing() as connection:
        connection.execute(tables.of(tables.Meter).update().values(removed=date(2026, 11, 1)))
    assert imported(one("0000000002", digits=6)).meters_new == 1
    assert stock.rows(tables.Meter, "serial", "digits") == [("M1", 5), ("M1", 6)]


async def given_by_phone(ledger: AccountRepository, value: int, call: str = "call") -> None:
    """A caller gives a value of M1 in the present period."""
    account = await ledger.account("0012345678")
    assert account is not None
    register = account.meters[0].registers[0].id
    at = utc("2026-11-20T09:00:00")
    await ledger.keep(by_phone(call, at, NOVEMBER, Channel.KEYS, (Entry(register, value),)))


async def test_billing_stands_behind_a_callers_reading_but_is_measured_against(
    imported: Import, ledger: AccountRepository, stock: Stock
) -> None:
    imported(one())
    await given_by_phone(ledger, 180)
    summary = imported(one(read="2026-11-10,150,,"))
    assert (summary.readings_new, summary.readings_behind) == (1, 1)
    assert [row[1:] for row in stock.rows(tables.Reading, *READINGS)] == [
        (100, "2026-10", "billing", "exported", ""),
        (180, "2026-11", "phone-keys", "accepted", ""),
        (150, "2026-11", "billing", "superseded", ""),
    ]
    account = await ledger.account("0012345678")
    assert account is not None
    register = account.meters[0].registers[0]
    assert (register.base, register.latest) == (Reading(150, date(2026, 11, 10)), Reading(180, date(2026, 11, 20)))
    assert imported(one(read="2026-11-10,150,,")).readings_new == 0


async def test_what_left_for_billing_and_comes_back_is_known(
    imported: Import, ledger: AccountRepository, stock: Stock, database: Database, now: Now
) -> None:
    imported(one())
    await given_by_phone(ledger, 180)
    take_batch(database, now())
    assert imported(one(read="2026-11-20,180,,")).readings_new == 0
    await given_by_phone(ledger, 170, call="a correction is measured against October")
    account = await ledger.account("0012345678")
    assert account is not None and account.meters[0].registers[0].base == Reading(100, date(2026, 10, 20))


async def test_billing_corrects_itself(imported: Import, ledger: AccountRepository, stock: Stock) -> None:
    for value in (100, 90, 100):
        imported(one(read=f"2026-10-20,{value},,"))
    refused = "refused corrected-by-billing"
    assert stock.rows(tables.Reading, "value", "status", "reason") == [
        (100, "superseded", refused),
        (90, "superseded", refused),
        (100, "exported", ""),
    ]
    account = await ledger.account("0012345678")
    assert account is not None and account.meters[0].registers[0].uses == ()


def test_of_two_readings_in_a_period_the_later_day_counts(imported: Import, stock: Stock) -> None:
    for day, value in (("10", 100), ("15", 120), ("12", 110)):
        imported(one(read=f"2026-10-{day},{value},,"))
    assert stock.rows(tables.Reading, "value", "status") == [
        (100, "superseded"),
        (120, "exported"),
        (110, "superseded"),
    ]


def test_readings_after_the_window_count_for_the_next_month(imported: Import, stock: Stock) -> None:
    imported(one(read="2026-10-26,100,,"))
    assert stock.rows(tables.Reading, "period", "read_on") == [("2026-11", date(2026, 10, 26))]


def test_progress_reaches_the_end_of_the_file(database: Database, tmp_path: Path, now: Now) -> None:
    file = tmp_path / "many.csv"
    file.write_text("\n".join([HEADER, *(one(f"{n:010d}", meter=f"M{n}") for n in range(5000))]))
    seen: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        seen.append((done, total))

    terms = Terms(AccountFormat(), MOSCOW, Window(), now())
    assert import_accounts(database, file, terms, report=print, progress=note).accounts_new == 5000
    assert seen == sorted(seen) and seen[-1] == (file.stat().st_size,) * 2 and len(seen) >= 3
