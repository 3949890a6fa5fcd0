"""What an administrator and a clerk see of `ivr db` and `ivr readings`."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from ivr.cli import app
from ivr.domain.readings import Channel, Entry, Period
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.migrations import newest
from tests.storage.conftest import Run, Stock, utc
from tests.submissions import by_phone

HEADER = "account;street;house;flat;district;phones;meter;digits;zones;power_kw;read_on;t1;t2;t3\n"
GOOD = "0012345678;Мира;5;1;Север;+79161234567;A-1;5;1;15;2026-10-20;100;;\n"

EXPORTED = "batch,account,meter,zone,value,taken_at,period,channel,status,receipt,reason,read_on,ratio"


@pytest.fixture
def accounts(tmp_path: Path) -> Path:
    """A good file of one account in cp1251."""
    file = tmp_path / "accounts.csv"
    file.write_text(HEADER + GOOD, encoding="cp1251")
    return file


def test_upgrade_says_the_schema(run: Run) -> None:
    result = run("db", "upgrade")
    assert (result.exit_code, result.stdout) == (0, f"the schema is {newest()}\n")


@pytest.mark.both_databases
def test_import_says_what_came_in(run: Run, accounts: Path, stock: Stock) -> None:
    result = run("db", "import", accounts)
    assert (result.exit_code, result.stdout) == (
        0,
        "lines: 1\naccounts: 1 new, 0 changed\nmeters: 1 new\nreadings: 1 new\n",
    )
    assert stock.rows(tables.Account, "street") == [("Мира",)]


def test_import_names_bad_lines_and_writes_all_of_them(run: Run, accounts: Path, tmp_path: Path, stock: Stock) -> None:
    accounts.write_text(HEADER + GOOD + "1;;;;;;;;;;;;;\n" * 3)
    report = tmp_path / "report.txt"
    result = run("db", "import", accounts, "--show", 1, "--report", report)
    assert result.exit_code == 1 and result.stdout == ""
    assert result.stderr.splitlines() == [
        "line 3: account: “1” is no account number: 10 digits",
        f"… and 2 faults more, all of them in {report}",
        "nothing is imported: 3 of 4 lines are bad",
    ]
    assert [line.split(":")[0] for line in report.read_text().splitlines()] == ["line 3", "line 4", "line 5"]
    assert stock.rows(tables.Account, "number") == []
    result = run("db", "import", accounts, "--skip-bad")
    assert result.exit_code == 0 and "left out: 1 accounts (bad lines: 3)" in result.stdout


def test_import_of_something_else(run: Run, accounts: Path, tmp_path: Path) -> None:
    result = run("db", "import", tmp_path / "none.csv")
    assert result.exit_code == 1 and "No such file" in result.stderr and result.stderr.count("\n") == 1
    accounts.write_text("a,b\n1,2\n")
    result = run("db", "import", accounts)
    assert result.exit_code == 1 and result.stderr.startswith("ivr db import: line 1: the header is without account")


async def phoned(ledger: AccountRepository, stock: Stock, flagged: bool = False) -> str:
    """A stored reading 123 of a new account; its receipt."""
    (register,) = stock.meter(stock.account())
    entry = Entry(register, 123, flagged=flagged, reason="above-usual-use" if flagged else "")
    at = utc("2026-11-20T09:00:00")
    return await ledger.keep(by_phone("c1", at, Period(2026, 11), Channel.KEYS, (entry,)))


@pytest.mark.both_databases
async def test_export_once_and_again(run: Run, ledger: AccountRepository, stock: Stock, tmp_path: Path) -> None:
    receipt = await phoned(ledger, stock)
    row = f"1,0012345678,00123456,T1,123,2026-11-20T09:00:00Z,2026-11,phone-keys,accepted,{receipt},,2026-11-20,1"
    first = run("db", "export")
    assert (first.exit_code, first.stderr) == (0, "batch 1: 1 readings\n")
    assert first.stdout.splitlines() == [EXPORTED, row]
    nothing = run("db", "export")
    assert (nothing.exit_code, nothing.stderr) == (0, "no readings wait: no batch\n")
    assert nothing.stdout.splitlines() == first.stdout.splitlines()[:1]
    again = run("db", "export", "--batch", 1, "--out", tmp_path / "again.csv")
    assert again.exit_code == 0 and (tmp_path / "again.csv").read_text() == first.stdout
    unknown = run("db", "export", "--batch", 7)
    assert (unknown.exit_code, unknown.stderr) == (1, "ivr db export: there is no batch 7\n")


async def test_export_tells_of_a_batch_whose_file_was_lost(
    run: Run, ledger: AccountRepository, stock: Stock, tmp_path: Path
) -> None:
    await phoned(ledger, stock)
    (tmp_path / "taken").mkdir()
    lost = run("db", "export", "--out", tmp_path / "taken")
    assert lost.exit_code == 1 and "Is a directory" in lost.stderr
    assert "batch 1 was never written whole: ask for it by --batch 1" in run("db", "export").stderr
    assert len(run("db", "export", "--batch", 1).stdout.splitlines()) == 2
    assert run("db", "export").stderr == "no readings wait: no batch\n"


async def test_export_into_no_folder_takes_nothing(
    run: Run, ledger: AccountRepository, stock: Stock, tmp_path: Path
) -> None:
    await phoned(ledger, stock)
    assert run("db", "export", "--out", tmp_path / "none" / "out.csv").exit_code == 2
    assert stock.rows(tables.Reading, "status") == [("accepted",)]


async def test_a_clerk_accepts(run: Run, ledger: AccountRepository, stock: Stock) -> None:
    await phoned(ledger, stock, flagged=True)
    for words in ((), ("--flagged",)):
        listed = run("readings", "list", *words)
        assert listed.exit_code == 0
        assert all(word in listed.stdout for word in ("0012345678", "00123456", "123", "above-usual-use"))
    assert "above-usual-use" not in run("readings", "list", "--emergency").stdout
    assert run("readings", "accept", 1, "--by", "anna").exit_code == 0
    assert stock.rows(tables.Reading, "status") == [("accepted",)]
    assert stock.rows(tables.Audit, "who", "action") == [("anna", "reading.accept")]
    again = run("readings", "accept", 1)
    assert (again.exit_code, again.stderr) == (1, "ivr readings accept: reading 1 is accepted, not flagged\n")


async def test_a_clerk_refuses(run: Run, ledger: AccountRepository, stock: Stock) -> None:
    await phoned(ledger, stock, flagged=True)
    assert run("readings", "refuse", 1).exit_code == 2  # without a reason
    assert run("readings", "refuse", 1, "--reason", "typing error").exit_code == 0
    assert stock.rows(tables.Reading, "status", "reason", "note") == [("superseded", "refused", "typing error")]


async def test_a_clerk_corrects_and_a_doubtful_value_needs_insisting(
    run: Run, ledger: AccountRepository, stock: Stock
) -> None:
    await phoned(ledger, stock, flagged=True)
    (register,) = [row[0] for row in stock.rows(tables.Register, "id")]
    stock.reading(register, 100, "2026-10-20", "2026-10")
    doubted = run("readings", "correct", 1, 50, "--by", "anna")
    assert (doubted.exit_code, doubted.stderr) == (
        1,
        "ivr readings correct: the value is doubtful (lower-than-last); --insist stores it\n",
    )
    assert run("readings", "correct", 1, 123456).exit_code == 1
    assert run("readings", "correct", 1, 50, "--insist", "--by", "anna").exit_code == 0
    assert stock.rows(tables.Reading, "value", "status", "reason")[-1] == (50, "accepted", "corrected lower-than-last")
    assert stock.rows(tables.Audit, "who", "action") == [("anna", "reading.correct")]


def test_registers_with_the_same_value_three_times_in_a_row_are_listed(run: Run, stock: Stock) -> None:
    (still,) = stock.meter(stock.account("0000000001"), "STILL")
    (moved,) = stock.meter(stock.account("0000000002"), "MOVED")
    for month in ("2026-12", "2027-01", "2027-02"):
        stock.reading(still, 70, f"{month}-20", month, reason="same-value", status="accepted")
        stock.reading(moved, 70, f"{month}-20", month, reason="" if month == "2027-01" else "same-value")
    shown = run("readings", "unchanged", "--period", "2027-02").stdout
    assert "STILL" in shown and "0000000001" in shown and "MOVED" not in shown
    assert "STILL" not in run("readings", "unchanged", "--period", "2027-03").stdout
    assert run("readings", "unchanged", "--period", "February").exit_code == 2


@pytest.mark.parametrize("words", [("db", "export"), ("readings", "list"), ("readings", "accept", "1")])
def test_faults_are_one_line(words: tuple[str, ...], tmp_path: Path) -> None:
    def told(setting: str) -> tuple[int, str]:
        config = tmp_path / "ivr.toml"
        config.write_text(setting)
        result = CliRunner().invoke(app, [*words, "--config", str(config)])
        assert result.stderr.count("\n") == 1 and result.stderr.startswith(f"ivr {words[0]} {words[1]}: ")
        return result.exit_code, result.stderr

    assert told('[store]\nurl = "mysql://x"\n')[0] == 2
    assert told("[store]\nspeed = 1\n")[0] == 2
    code, text = told('[store]\nurl = "postgresql://127.0.0.1:1/x"\n')
    assert code == 1 and "the database is unavailable" in text and "refused" in text
    code, text = told(f'[store]\nurl = "sqlite:///{tmp_path}/new.db"\n')
    assert code == 1 and "run `ivr db upgrade`" in text
