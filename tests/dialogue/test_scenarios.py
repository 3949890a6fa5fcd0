"""Scenario files of callers who press keys: the real dialogue, listening and store, in virtual time.

A robot can ring the line with the same files; here the line alone is scripted, at the pace of the published audio.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ivr.config import REPOSITORY
from ivr.dialogue.call_flow import CallFlow, Dependencies
from ivr.dialogue.conversation import Patience
from ivr.dialogue.ports import HungUp, Next
from ivr.domain.accounts import AccountFormat
from ivr.domain.journal.words import Outcome
from ivr.domain.judgement import Limits
from ivr.domain.outages import Cause, Kind, Place
from ivr.domain.readings import Window
from ivr.intake.callbacks import Callbacks
from ivr.intake.submit import Rules
from ivr.storage import tables
from ivr.storage.accounts.account_import import Terms, import_accounts
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.callbacks.repository import CallbackUnits
from ivr.storage.calls.reader import CallReader, ReadingView
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.storage.outages import changes as outages
from ivr.storage.outages.repository import OutageRepository
from ivr.testbed.robot.scenario import HangsUp, Hears, Presses, Scenario, load
from ivr.testbed.robot.scripted_call import REACTION_S
from tests.dialogue.published import seconds
from tests.dialogue.scripted import MOSCOW, NOON, FixedClock, Pace, ScriptedCall, Step

FOLDER = REPOSITORY / "tests" / "asterisk"


def keyed(scenario: Scenario) -> bool:
    """Whether the caller only presses keys, and hears nothing of the dialplan's own."""
    return all(
        isinstance(step, Presses | HangsUp) or (isinstance(step, Hears) and not step.prompt.startswith("fixed/"))
        for step in scenario.steps
    )


def loaded(folder: str) -> dict[str, Scenario]:
    files = sorted((FOLDER / folder).glob("*.toml"))
    return {file.stem: scenario for file in files if keyed(scenario := load(file))}


SCENARIOS, AT_OUTAGES = loaded("scenarios"), loaded("at_outages")


def script(scenario: Scenario) -> list[Step]:
    """What the caller does at each prompt they wait for."""
    steps: list[Step] = []
    for step in scenario.steps:
        match step:
            case Hears(prompt):
                steps.append(Step(prompt))
            case Presses(keys, gap_ms, length_ms):
                steps[-1].keys, steps[-1].gap_s = keys, (gap_ms + length_ms) / 1000
                steps[-1].first_s = REACTION_S + length_ms / 1000
            case HangsUp():
                steps[-1].hangs_up = True
    return steps


@dataclass(frozen=True)
class Rung:
    """What came of a call."""

    outcome: Outcome
    heard: list[str]
    readings: list[ReadingView]


class Company:
    """The store with its accounts, and whoever rings."""

    def __init__(self, url: str, accounts: Path) -> None:
        upgrade(url)
        self.database = Database(url)
        terms = Terms(AccountFormat(), MOSCOW, Window(), NOON)
        assert import_accounts(self.database, accounts, terms, report=pytest.fail).imported
        self._follower = CallReader(self.database)

    async def ring(self, scenario: Scenario, call_id: str) -> Rung:
        clock = FixedClock()
        ledger = AccountRepository(self.database, zone=MOSCOW, window=Window(), now=clock.now)
        emergencies = OutageRepository(ledger.units, clock.now)
        callbacks = Callbacks(CallbackUnits(ledger.units), clock.now)
        rules = Rules(Window(), Limits())
        desk = Dependencies(
            ledger, emergencies, callbacks, clock, AccountFormat(), rules, Patience(), rings=lambda _number: True
        )
        call = ScriptedCall(*script(scenario), caller_number=scenario.caller, pace=Pace(seconds))
        call.id = call_id
        visit = CallFlow(call, desk)
        try:
            outcome = visit.outcome(await visit.run())
        except HungUp:
            outcome = visit.outcome(Next.HANGUP)
        finally:
            await ledger.close()
        assert not call.line.script, "the caller waits in vain for the rest"
        return Rung(outcome, call.heard, self._follower.readings_of_call(call_id))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    company = Company(f"sqlite:///{tmp_path_factory.mktemp('company')}/ivr.db", FOLDER / "accounts.csv")
    yield company
    company.database.close()


@pytest.fixture(scope="module")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company with an outage in one street."""
    company = Company(f"sqlite:///{tmp_path_factory.mktemp('dark')}/ivr.db", FOLDER / "outages.csv")
    place, ends = Place("Север", "ул. Ленина"), NOON + timedelta(hours=30)
    outages.add(company.database, Kind.EMERGENCY, place, Cause.CABLE, NOON, ends, "test", NOON)
    yield company
    company.database.close()


def assert_met(scenario: Scenario, rung: Rung) -> None:
    """As the robot looks at it: outcome, exactly these readings, and these prompts in this order."""
    expect = scenario.expect
    assert rung.outcome == expect.outcome
    if expect.readings is not None:
        stored = {(reading.meter, reading.zone, reading.value) for reading in rung.readings}
        assert stored == {(reading.meter, reading.zone, reading.value) for reading in expect.readings}
    left = iter(rung.heard)
    assert [prompt for prompt in expect.heard if prompt not in left] == [], rung.heard


CHECKED = {
    "same-value": ("accepted", "same-value"),
    "too-high-insisted": ("flagged", "above-connection"),
    "rollover": ("flagged", "rollover-without-history"),
}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_call(company: Company, name: str) -> None:
    rung = await company.ring(SCENARIOS[name], name)
    assert_met(SCENARIOS[name], rung)
    assert {(reading.status, reading.reason) for reading in rung.readings} <= {CHECKED.get(name, ("accepted", ""))}


@pytest.mark.parametrize("name", AT_OUTAGES)
async def test_a_call_at_an_outage(dark: Company, name: str) -> None:
    rung = await dark.ring(AT_OUTAGES[name], name)
    assert_met(AT_OUTAGES[name], rung)
    callbacks, reports = tables.of(tables.Callback), tables.of(tables.OutageReport)
    own = callbacks.c.kind, callbacks.c.state, callbacks.c.phone, callbacks.c.outage_id, callbacks.c.due_at
    place = reports.c.trouble, reports.c.district, reports.c.street, reports.c.house, reports.c.outage_id
    with dark.database.reading() as connection:
        promised = connection.execute(select(*own).where(callbacks.c.call_id == name)).all()
        reported = connection.execute(select(*place).where(reports.c.call_id == name)).all()
    assert promised == ([("power", "due", "+79160000001", 1, None)] if name == "promised" else [])
    reports_of = {
        "danger": [("danger", "", "", "", None)],
        "report-from-the-menu": [("flicker", "Юг", "Мира", "2", None)],
    }
    assert reported == reports_of.get(name, [])
