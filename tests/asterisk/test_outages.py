"""Callers at a known outage and callers who report one, on the real Asterisk: recordings, places, call-backs.

What is heard and stored in the calls of all files in `at_outages` is proven by `tests/dialogue/test_scenarios.py`.
"""

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
from ivr.storage import tables
from ivr.storage.outages import changes as outages
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.scenario import load
from ivr.testbed.robot.scripted_call import Result
from ivr.testbed.robot.system import System
from tests.asterisk.accounts import AT_OUTAGES
from tests.asterisk.callbacks import system_of
from tests.asterisk.conftest import ringing
from tests.asterisk.steps import logged, patient, story
from tests.lab.phone import waiting_callers

FOLDER = Path(__file__).parent / "at_outages"
ON_THE_LINE = ("a-message", "danger", "promised", "spoken-address")


@pytest.fixture(scope="module")
def rung(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, dict[str, Result]]]:
    """A system with an outage in one street, after the scenarios were rung at once, and what came of each.

    Somebody waited for the hotline all the time.
    """

    async def ring_all(system: System) -> dict[str, Result]:
        async with waiting_callers(lab, 1), ringing(system) as robot:
            scenarios = (patient(load(FOLDER / f"{name}.toml")) for name in ON_THE_LINE)
            results = await asyncio.gather(*map(robot.ring, scenarios))
        return dict(zip(ON_THE_LINE, results, strict=True))

    kept = {"folder": str(tmp_path_factory.mktemp("outages"))}
    with system_of(lab, accounts=AT_OUTAGES, recordings=kept) as system:
        enter_outage(system)
        system.start_daemon()
        yield system, asyncio.run(ring_all(system))
        system.stop_daemon()


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


@pytest.mark.parametrize("name", ON_THE_LINE)
def test_scenario(rung: tuple[System, dict[str, Result]], name: str) -> None:
    result = rung[1][name]
    assert not result.faults, story(result)


def test_who_reports_danger_is_first_in_the_queue(rung: tuple[System, dict[str, Result]]) -> None:
    system, results = rung
    assert "in the queue hotline, place 1" in [happening.text for happening in results["danger"].happenings]
    assert report_of(system, results["danger"].call_id, "trouble") == ("danger",)


def test_the_callback_is_stored_and_waits_for_the_end(rung: tuple[System, dict[str, Result]]) -> None:
    system, results = rung
    promised = rows(system, tables.Callback, "kind", "state", "phone", "call_id", "outage_id", "due_at")
    call = results["promised"].call_id
    assert promised == [("power", "due", "+79160000001", call, 1, None)]


def report_of(system: System, call: str, *columns: str) -> tuple[Any, ...]:
    (found,) = [row[1:] for row in rows(system, tables.OutageReport, "call_id", *columns) if row[0] == call]
    return found


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
