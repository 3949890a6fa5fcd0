"""What a clerk sees of `ivr outage`."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ivr.storage import tables
from tests.storage.conftest import Run, Stock

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture(autouse=True)
def account(stock: Stock) -> None:
    """One account to be without light."""
    stock.account(district="Север", street="Ленина", house="5")


def test_an_outage_from_its_beginning_to_its_end(run: Run) -> None:
    added = run("outage", "add", "--district", "Север", "--street", "Ленина", "--cause", "cable", "--by", "anna")
    assert (added.exit_code, added.stdout) == (0, "outage 1: Север, Ленина, 1 accounts, nobody knows its end\n")
    changed = run("outage", "change", 1, "--expected", "2030-01-02T09:00", "--cause", "weather", "--by", "boris")
    assert (changed.exit_code, changed.stdout) == (
        0,
        "outage 1: Север, Ленина, weather, expected end 2030-01-02 09:00\n",
    )
    listed = run("outage", "list", "--history")
    assert listed.exit_code == 0
    assert all(word in listed.stdout for word in ("Север, Ленина", "weather", "2030-01-02 09:00", "anna", "boris"))
    ended = run("outage", "end", 1, "--note", "all back")
    assert (ended.exit_code, ended.stdout) == (0, "outage 1 is ended; callers to be rung: 0\n")
    assert "weather" not in run("outage", "list").stdout
    assert "all back" in run("outage", "list", "--all", "--history").stdout
    again = run("outage", "end", 1)
    assert (again.exit_code, again.stderr) == (1, "ivr outage end: outage 1 is ended\n")


def test_an_outage_that_was_ended_by_mistake(run: Run) -> None:
    run("outage", "add", "--street", "Ленина", "--by", "anna")
    on = run("outage", "reopen", 1)
    assert (on.exit_code, on.stderr) == (1, "ivr outage reopen: outage 1 goes on\n")
    run("outage", "end", 1)
    reopened = run("outage", "reopen", 1, "--note", "house 7 is dark", "--by", "boris")
    told = "outage 1 is open: Ленина, nobody knows its end; callers who wait again: 0\n"
    assert (reopened.exit_code, reopened.stdout) == (0, told)
    listed = run("outage", "list", "--history").stdout
    assert all(word in listed for word in ("to ring", "rung", "still dark", "given up", "reopen", "boris", "house 7"))


def test_a_time_without_a_day_is_today(run: Run, stock: Stock) -> None:
    now = datetime.now(MOSCOW)
    began = now.replace(second=0, microsecond=0)  # one before midnight would be tomorrow's
    words = ("outage", "add", "--district", "Север", "--began", f"{began:%H:%M}", "--expected", "tomorrow 9:05")
    assert run(*words).exit_code == 0
    ((at, ends),) = stock.rows(tables.Outage, "began_at", "expected_end")
    assert isinstance(at, datetime) and isinstance(ends, datetime)
    assert at == began
    tomorrow = (now + timedelta(days=1)).date()
    assert ends.astimezone(MOSCOW) == datetime(tomorrow.year, tomorrow.month, tomorrow.day, 9, 5, tzinfo=MOSCOW)


def test_planned_works_begin_later(run: Run, stock: Stock) -> None:
    words = ("--planned", "--began", "2030-01-02 10:00", "--expected", "2030-01-02 16:00")
    assert run("outage", "add", "--street", "Ленина", *words).exit_code == 0
    assert stock.rows(tables.Outage, "kind", "cause", "state") == [("planned", "works", "open")]


REFUSED: list[tuple[tuple[str, ...], str]] = [
    ((), "--district"),
    (("--district", "Север", "--house", "5"), "--street"),
    (("--district", "Север", "--expected", "25:00"), "is no time"),
    (("--district", "Север", "--expected", "2030-01-02"), "is no time"),
    (("--district", "Север", "--expected", "2026-11-20T10:00"), "not in the future"),
    (("--district", "Север", "--began", "2030-01-02T10:00"), "not in the past"),
    (
        ("--district", "Север", "--planned", "--began", "2030-01-02T10:00", "--expected", "2030-01-01T10:00"),
        "before --began",
    ),
    (("--district", "Север", "--cause", "mice"), "mice"),
]


def test_what_cannot_be_meant_is_refused(run: Run, stock: Stock) -> None:
    for words, told in REFUSED:
        result = run("outage", "add", *words)
        assert result.exit_code == 2, words
        assert told in " ".join(result.stderr.replace("│", " ").split())
    assert stock.rows(tables.Outage, "id") == []


def test_a_misspelt_place_and_a_second_outage_are_told(run: Run) -> None:
    wrong = run("outage", "add", "--district", "Сервер")
    assert wrong.exit_code == 1 and wrong.stderr.startswith("ivr outage add: no account lies there")
    assert run("outage", "add", "--district", "Сервер", "--anywhere").exit_code == 0
    assert run("outage", "add", "--district", "Север").exit_code == 0
    second = run("outage", "add", "--district", "север")
    assert (second.exit_code, second.stderr.count("\n")) == (1, 1) and "outage 2 is of the same place" in second.stderr


def test_nothing_to_change(run: Run) -> None:
    assert run("outage", "change", 1).exit_code == 2


def test_reports_of_nobody(run: Run) -> None:
    result = run("outage", "reports")
    assert result.exit_code == 0 and "reports: 0" in result.stdout
