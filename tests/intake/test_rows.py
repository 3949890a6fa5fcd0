"""The same values through the real entrances, a call, the spool of emergency mode, the office: equal rows."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ivr.dialogue.call_flow import CallFlow
from ivr.domain.accounts import AccountFormat
from ivr.domain.contacts import Contact, Source
from ivr.domain.readings import Channel
from ivr.intake.submit import MeterDraft, submit
from ivr.storage import tables
from ivr.storage.accounts.repository import AccountRepository
from ivr.storage.database.database import Database
from ivr.storage.readings.spool_entries import SpoolEntries
from ivr.telephony.emergency_import import ImportResult, SpoolTerms, take_in
from tests.dialogue.scripted import MemoryLedger, ScriptedCall, Step
from tests.dialogue.visits import desk
from tests.intake.households import MOSCOW, NOON, RULES
from tests.storage.conftest import Now, Stock

NUMBER = "1234567890"


@dataclass(frozen=True)
class Case:
    """last: of each zone in October. values: in November. doubted: which of them the caller gives twice."""

    last: tuple[int, ...]
    values: tuple[int, ...]
    rows: tuple[tuple[int, str, str], ...]
    doubted: frozenset[int] = frozenset()


CASES = {
    "usual": Case((12000,), (12150,), ((12150, "accepted", ""),)),
    "the same again": Case((12000,), (12000,), ((12000, "accepted", "same-value"),)),
    "lower": Case((12000,), (11500,), ((11500, "flagged", "lower-than-last"),), frozenset({11500})),
    "high": Case((12000,), (15150,), ((15150, "flagged", "above-usual-use"),), frozenset({15150})),
    "with the digit behind the comma": Case((1248,), (12634,), ((12634, "flagged", "with-tenth"),), frozenset({12634})),
    "two zones, one doubtful": Case(
        (12000, 5000),
        (12150, 4000),
        ((12150, "accepted", ""), (4000, "flagged", "lower-than-last")),
        frozenset({4000}),
    ),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, stock: Stock) -> Case:
    """A household in the store, and what it gives."""
    found = CASES[request.param]
    registers = stock.meter(stock.account(NUMBER), zones=len(found.last))
    for register, last in zip(registers, found.last, strict=True):
        stock.reading(register, last, "2026-10-20", "2026-10")
    return found


def rows(stock: Stock, case: Case) -> list[tuple[object, ...]]:
    """Value, status and reason of November's readings."""
    november = stock.rows(tables.Reading, "period", "value", "status", "reason")[len(case.last) :]
    assert {row[0] for row in november} == {"2026-11"}
    return [row[1:] for row in november]


async def test_by_phone(case: Case, ledger: AccountRepository, stock: Stock) -> None:
    asked = [Step("reading/ask", f"{value}#") for value in case.values for _ in range(1 + (value in case.doubted))]
    steps = [Step("identify/ask", NUMBER), Step("identify/confirm", "1")]
    for step in asked[:-1]:
        steps += [step] if int(step.keys[:-1]) in case.doubted else [step, Step("reading/confirm", "1")]
    call = ScriptedCall(*steps, asked[-1], Step("reading/confirm", "1"), Step("menu/else", "2"))
    await CallFlow(call, replace(desk(MemoryLedger([])), ledger=ledger)).run()
    assert rows(stock, case) == list(case.rows)


async def test_at_the_office(case: Case, ledger: AccountRepository, stock: Stock) -> None:
    account = await ledger.account(NUMBER)
    assert account is not None
    (meter,) = account.meters
    draft = MeterDraft(meter, RULES, NOON.date())
    for register, value in zip(meter.registers, case.values, strict=True):
        if draft.offer(register, value).doubted:
            draft.insist()
        draft.accept()
    await submit(draft, Contact(Channel.OFFICE, Source.OFFICE, "visit-1", NOON), ledger)
    assert rows(stock, case) == list(case.rows)


def test_in_emergency_mode(case: Case, database: Database, stock: Stock, now: Now, tmp_path: Path) -> None:
    entry = {"id": "a" * 32, "taken_at": NOON.isoformat(), "account": NUMBER, "caller": ""}
    entry["values"] = [str(value) for value in case.values]
    (tmp_path / "readings.jsonl").write_text(json.dumps(entry) + "\n")
    terms = SpoolTerms(MOSCOW, RULES, AccountFormat())
    assert take_in(tmp_path, SpoolEntries(database), terms, now()) == ImportResult(stored=1)
    # A clerk looks at each, and sees the same reason beside it.
    assert rows(stock, case) == [(value, "flagged", f"emergency {why}".rstrip()) for value, _, why in case.rows]
