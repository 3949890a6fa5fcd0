"""Meters are replaced: the old one's final values, the new one's first values, once and in the audit."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ivr.domain.meters import CannotReplace, Replacement, ReplacementProblem
from ivr.domain.readings import Channel, Period, Reading, Window
from ivr.storage import tables
from ivr.storage.accounts.replacement import replace_meter
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.database.database import Database
from tests.storage.conftest import Now, Run, Stock

DAY, EARLIER = date(2026, 11, 18), date(2026, 11, 9)
ONE = Replacement("0012345678", "00123456", DAY, (150, 70), "NEW", 6, (1, 2, 3))
HEADER = "account,meter,replaced_on,final1,final2,final3,new_meter,digits,first1,first2,first3"
LINE = "0012345678,00123456,2026-11-18,150,70,,NEW,6,1,2,3"


@pytest.mark.both_databases
@pytest.mark.parametrize("serial", ["NEW", "00123456"], ids=["replaced", "reprogrammed"])
async def test_the_old_meter_goes_and_the_new_one_is_judged_by_its_first_values(
    database: Database, stock: Stock, ledger: AccountRepository, now: Now, serial: str
) -> None:
    stock.meter(stock.account(), zones=2)
    told = Replacement("0012345678", "00123456", DAY, (150, 70), serial, 6, (1, 2, 3))
    done = [replace_meter(database, told, Channel.OFFICE, Window(), "anna", now()) for _ in range(3)]
    assert done == [True, False, False]
    assert stock.rows(tables.Meter, "serial", "zones", "digits", "installed", "removed") == [
        ("00123456", 2, 5, None, DAY),
        (serial, 3, 6, DAY, None),
    ]
    assert stock.rows(tables.Reading, "value", "read_on", "channel", "status", "reason") == [
        *((value, DAY, "office", "accepted", "meter-removed") for value in (150, 70)),
        *((value, DAY, "office", "accepted", "meter-installed") for value in (1, 2, 3)),
    ]
    account = await ledger.account("0012345678")
    assert account is not None
    (meter,) = account.meters
    assert [register.base for register in meter.registers] == [Reading(value, DAY) for value in (1, 2, 3)]
    assert stock.rows(tables.Audit, "who", "action", "subject", "detail") == [
        ("anna", "meter.replace", "meter:1", {"meter": {"old": "00123456", "new": serial}})
    ]


async def test_first_values_of_a_file_stay_the_measure_when_a_caller_gives_a_reading(
    database: Database, stock: Stock, ledger: AccountRepository, now: Now
) -> None:
    stock.meter(stock.account(), zones=2)
    replace_meter(database, ONE, Channel.FILE, Window(), "anna", now())
    first = stock.rows(tables.Register, "id")[2][0]
    assert isinstance(first, int)
    with database.writing() as connection:
        rows = tables.of(tables.Reading)
        connection.execute(rows.update().where(rows.c.register_id == first).values(status="superseded"))
    stock.reading(first, 40, "2026-11-19", str(Period(2026, 11)), status="accepted")
    account = await ledger.account("0012345678")
    assert account is not None
    register = account.meters[0].registers[0]
    assert (register.base, register.latest) == (Reading(1, DAY), Reading(40, date(2026, 11, 19)))


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (Replacement("0000000000", "00123456", DAY, (1, 2), "NEW", 5, (0,)), ReplacementProblem.NO_METER),
        (Replacement("0012345678", "OTHER", DAY, (1, 2), "NEW", 5, (0,)), ReplacementProblem.NO_METER),
        (Replacement("0012345678", "00123456", DAY, (1,), "NEW", 5, (0,)), ReplacementProblem.WRONG_COUNT),
        (Replacement("0012345678", "00123456", DAY, (1, 100_000), "NEW", 5, (0,)), ReplacementProblem.TOO_LONG),
        (Replacement("0012345678", "00123456", DAY, (1, 2), "NEW", 5, (100_000,)), ReplacementProblem.TOO_LONG),
        (Replacement("0012345678", "00123456", DAY, (1, 2), "SECOND", 5, (0,)), ReplacementProblem.IN_USE),
        (
            Replacement("0012345678", "00123456", EARLIER, (1, 2), "NEW", 5, (0,)),
            ReplacementProblem.READ_LATER,
        ),
    ],
)
def test_what_contradicts_the_store_changes_nothing(
    database: Database, stock: Stock, now: Now, told: Replacement, problem: ReplacementProblem
) -> None:
    account = stock.account()
    day, _ = stock.meter(account, zones=2)
    stock.meter(account, "SECOND")
    stock.reading(day, 100, "2026-11-10", "2026-11")
    with pytest.raises(CannotReplace) as refused:
        replace_meter(database, told, Channel.FILE, Window(), "anna", now())
    assert refused.value.problem is problem
    assert stock.rows(tables.Meter, "removed") == [(None,), (None,)]
    assert stock.rows(tables.Reading, "value") == [(100,)] and stock.rows(tables.Contact, "id") == []


def test_a_file_of_replacements(run: Run, stock: Stock, tmp_path: Path) -> None:
    stock.meter(stock.account(), zones=2)
    file = tmp_path / "replaced.csv"
    file.write_text(f"{HEADER}\n{LINE}\n0000000001,X,2026-11-18,5,,,Y,5,0,,\n".replace(",", ";"))
    first = run("db", "replace", file, "--by", "anna")
    assert (first.exit_code, first.stdout) == (1, "replaced: 1\n")
    assert first.stderr == "line 3: the account has no such meter in use\n"
    file.write_text(f"{HEADER}\n{LINE}\n")
    again = run("db", "replace", file)
    assert (again.exit_code, again.stdout) == (0, "replaced: 0\n")
    assert stock.rows(tables.Meter, "serial") == [("00123456",), ("NEW",)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (LINE.replace("2026-11-18", "18.11.2026"), "line 2: replaced_on: is no date in the form 2026-11-25"),
        (LINE.replace("2026-11-18", "2126-11-18"), "line 2: replaced_on: lies in the future"),
        (LINE.replace("NEW,6", "NEW,9"), "line 2: digits: is not a whole number from 4 to 8"),
        (LINE.replace(",150,70,,", ",,70,,"), "line 2: final1: is not a whole number of kilowatt-hours"),
        (LINE.replace(",1,2,3", ",,,"), "line 2: first1: is missing"),
        (LINE.replace("NEW", ""), "line 2: new_meter: is no serial number: up to 64 letters, digits, - . / and spaces"),
        (LINE + ",5", "line 2: 12 fields instead of 11"),
    ],
)
def test_a_bad_line_stops_the_file(run: Run, stock: Stock, tmp_path: Path, line: str, told: str) -> None:
    stock.meter(stock.account(), zones=2)
    file = tmp_path / "replaced.csv"
    file.write_text(f"{HEADER}\n{line}\n{LINE}\n")
    result = run("db", "replace", file)
    assert (result.exit_code, result.stderr) == (1, f"{told}\n")
    assert stock.rows(tables.Meter, "removed") == [(None,)]
