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
from ivr.robot.scenario import load
from ivr.robot.system import System
from ivr.storage import outages, tables
from tests.asterisk.accounts import import_accounts
from tests.asterisk.conftest import SHORT_WAITS, ringing
from tests.asterisk.promises import rings_back
from tests.asterisk.steps import logged, story

FILE = Path(__file__).parent / "outages.csv"
SCENARIOS = {file.stem: load(file) for file in sorted((Path(__file__).parent / "at_outages").glob("*.toml"))}


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
    assert not result.faults, story(result)


def test_who_reports_danger_is_first_in_the_queue(rung: tuple[System, dict[str, Result]]) -> None:
    system, results = rung
    assert "in the queue hotline, place 1" in [happening.text for happening in results["danger"].happenings]
    assert report_of(system, results["danger"].call_id, "trouble") == ("danger",)


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
    log = logged(rung[0])
    assert "call ends" in log
    for secret in ("7916", "10000000", "Ленина", "Мира"):
        assert secret not in log
