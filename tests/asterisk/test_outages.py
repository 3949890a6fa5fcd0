"""Callers at a known outage and callers who report one, on the real Asterisk."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ivr.domain.outages import Cause, Kind, Place
from ivr.lab.lab import Lab
from ivr.robot.ringing import Result
from ivr.robot.scenario import Scenario, parse
from ivr.robot.system import System
from ivr.storage import outages, tables
from tests.asterisk.accounts import import_accounts
from tests.asterisk.conftest import SHORT_WAITS, ringing
from tests.asterisk.promises import rings_back
from tests.asterisk.steps import Steps

FILE = Path(__file__).parent / "outages.csv"
KNOWN = ["greeting/welcome", "outage/known", "outage/expected", "outage/choices"]
READING: Steps = [
    {"hears": "identify/confirm", "keys": "1"},
    {"hears": "reading/ask", "keys": "12150"},
    {"hears": "reading/confirm", "keys": "1"},
]


def scenario(caller: int | None, steps: Steps, outcome: str, heard: list[str]) -> Scenario:
    """caller: last digit of the number, None for a hidden one."""
    expect = {"outcome": outcome, "heard": heard}
    number = f"+7916000000{caller}" if caller is not None else "anonymous"
    table: dict[str, Any] = {"title": "outage", "from": number, "step": steps, "expect": expect}
    return parse(table, FILE.parent)


def at_choices(answer: dict[str, Any]) -> Steps:
    return [{"hears": "outage/choices", "timeout": 40, **answer}]


SCENARIOS = {
    "promised": scenario(1, at_choices({"keys": "1"}), "nothing", [*KNOWN, "outage/promised", "menu/else"]),
    "a-person-by-voice": scenario(2, at_choices({"says": "оператор"}), "hotline", [*KNOWN, "hotline/connecting"]),
    "a-message": scenario(3, at_choices({"keys": "2"}), "message", [*KNOWN, "fixed/message"]),
    "on-with-readings": scenario(
        4,
        [*at_choices({"keys": "4"}), *READING, {"hears": "menu/else", "keys": "2"}],
        "stored",
        [*KNOWN, "reading/receipt"],
    ),
    "spoken-address": scenario(
        None,
        [
            {"hears": "identify/ask", "keys": "#"},
            {"hears": "identify/without", "keys": "3"},
            {"hears": "report/trouble", "keys": "2"},
            {"hears": "report/address", "says": "улица Мира, дом два, квартира пять"},
        ],
        "hotline",
        ["identify/without", "report/trouble", "report/address", "report/number", "hotline/connecting"],
    ),
    "report-from-the-menu": scenario(
        5,
        [
            *READING,
            {"hears": "menu/else", "keys": "1"},
            {"hears": "menu/main", "keys": "3"},
            {"hears": "report/trouble", "keys": "5"},
        ],
        "hotline",
        ["menu/main", "report/trouble", "report/number", "hotline/connecting"],
    ),
}


@pytest.fixture(scope="module")
def rung(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, dict[str, Result]]]:
    """A system with an outage in one street, after all scenarios were rung at once, and what came of each."""
    folder = tmp_path_factory.mktemp("outages")
    lab.up()
    changes = {**rings_back(lab), **SHORT_WAITS, "recordings": {"folder": str(folder / "kept")}, "speech": {}}
    system = System(folder, lab, changes=changes)
    system.prepare()
    import_accounts(system, FILE)
    enter_outage(system)
    system.start_daemon()

    async def ring_all() -> dict[str, Result]:
        async with ringing(system) as robot:
            results = await asyncio.gather(*map(robot.ring, SCENARIOS.values()))
        return dict(zip(SCENARIOS, results, strict=True))

    try:
        yield system, asyncio.run(ring_all())
        system.stop_daemon()
    finally:
        system.kill_daemon()


def enter_outage(system: System) -> None:
    now = datetime.now(UTC)
    database = system.open_database()
    try:
        place, ends = Place("Север", "ул. Ленина"), now + timedelta(hours=30)
        outages.add(database, Kind.EMERGENCY, place, Cause.CABLE, now, ends, "test", now)
    finally:
        database.close()


def rows(system: System, table: type[tables.Base], *columns: str) -> list[tuple[Any, ...]]:
    database = system.open_database()
    try:
        with database.reading() as connection:
            found = tables.of(table)
            return [tuple(row) for row in connection.execute(select(*(found.c[name] for name in columns)))]
    finally:
        database.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(rung: tuple[System, dict[str, Result]], name: str) -> None:
    result = rung[1][name]
    assert not result.faults, [f"{it.at:.1f} {it.who} {it.prompt or it.text}" for it in result.happenings]


def test_the_promise_is_stored_and_waits_for_the_end(rung: tuple[System, dict[str, Result]]) -> None:
    system, results = rung
    promised = rows(system, tables.Callback, "kind", "state", "phone", "call_id", "outage_id", "due_at")
    call = results["promised"].call_id
    assert promised == [("power", "due", "+79160000001", call, 1, outages.NOT_YET)]


def report_of(system: System, call: str, *columns: str) -> tuple[Any, ...]:
    (found,) = [row[1:] for row in rows(system, tables.OutageReport, "call_id", *columns) if row[0] == call]
    return found


def test_the_report_is_stored_with_the_place_of_the_account(rung: tuple[System, dict[str, Result]]) -> None:
    call = rung[1]["report-from-the-menu"].call_id
    columns = ("trouble", "district", "street", "house", "outage_id", "recording")
    assert report_of(rung[0], call, *columns) == ("flicker", "Юг", "Мира", "2", None, None)


def test_the_spoken_address_is_kept_with_the_report(rung: tuple[System, dict[str, Result]]) -> None:
    system, results = rung
    trouble, street, recording = report_of(system, results["spoken-address"].call_id, "trouble", "street", "recording")
    assert (trouble, street) == ("house", "")
    with wave.open(str(system.settings.recordings.folder / recording)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (1, 8000, 2)
        samples = memoryview(sound.readframes(sound.getnframes())).cast("h").tolist()
    assert 1.5 < len(samples) / 8000 < 6
    assert max(samples) > 2000, "the caller is heard"
    assert max(map(abs, samples[:800])) < 500, "it begins with a little silence"


def test_logs_name_no_caller_and_no_place(rung: tuple[System, dict[str, Result]]) -> None:
    log = rung[0].log_file.read_text(encoding="utf-8")
    assert "call ends" in log
    for secret in ("7916", "10000000", "Ленина", "Мира"):
        assert secret not in log
