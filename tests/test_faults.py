"""The tree of exceptions: every class hangs in it, and pages and commands have words for each fault they meet."""

from __future__ import annotations

import ast
import builtins
import dataclasses
import typing
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from itertools import product
from types import UnionType
from typing import Any

import pytest

from ivr.cli import labels as wording
from ivr.config import REPOSITORY
from ivr.domain.faults import StoreProblem, StoreUnavailable
from ivr.domain.judgement import Judgement, Verdict
from ivr.domain.outages import Cause, Kind, Outage, Place, State
from ivr.domain.takes import Reason, Refusal, TakeFault
from ivr.domain.users import PersonFault, SecretFault
from ivr.intake.review import DoesNotFit, NotWaiting
from ivr.intake.submit import Doubted
from ivr.storage.database.database import BadDatabaseUrl
from ivr.storage.outages.changes import OutageFault
from ivr.storage.readings.export import NoSuchBatch
from ivr.web.core.labels import SECRET_FAULTS
from ivr.web.prompts import labels

PACKAGE = REPOSITORY / "ivr"
ROOT = "IvrException"
ALONE = {"NeedsPerson"}
"""Of telephony/emergency.py, which runs where nothing of ours can be imported."""
BUILTIN = {name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, Exception)}


def classes() -> dict[str, set[str]]:
    """Every class of the program and its bases, by their last names."""
    found: dict[str, set[str]] = {}
    for module in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                found.setdefault(node.name, set()).update(bases)
    return found


def test_every_exception_hangs_in_the_tree() -> None:
    known = classes()

    def above(name: str) -> set[str]:
        return {name}.union(*(above(base) for base in known.get(name, ()) if base != name))

    exceptions = {name for name in known if above(name) & BUILTIN}
    assert exceptions > {"HungUp", "StoreUnavailable"}
    assert {name for name in exceptions if ROOT not in above(name)} == ALONE
    assert {name for name, bases in known.items() if "Exception" in bases} == {ROOT} | ALONE


NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SAMPLES: dict[object, list[Any]] = {
    int: [5],
    str: ["word"],
    bool: [False, True],
    Outage: [Outage(5, Kind.EMERGENCY, state, Place("Север"), Cause.LINE, NOON, None, None) for state in State],
    Judgement: [Judgement(verdict) for verdict in Verdict],
    datetime: [NOON],
    tuple[str, ...]: [(), ("a/b", "c/d")],
    tuple[Refusal, ...]: [(Refusal(Reason.SILENCE),)],
}


def samples(kind: Any) -> list[Any]:
    """Values that an attribute of a fault may have: of an enum all of them."""
    if kind in SAMPLES:
        return SAMPLES[kind]
    if isinstance(kind, UnionType):
        return [value for one in typing.get_args(kind) for value in samples(one)]
    if kind is type(None):
        return [None]
    assert issubclass(kind, Enum), kind
    return list(kind)


def kinds(family: type[Exception]) -> Iterator[type[Exception]]:
    """The classes of a family, or the one that has none below it."""
    below = family.__subclasses__()
    if not below:
        yield family
    for one in below:
        yield one
        yield from kinds(one)


def faults(*families: type[Exception]) -> list[Exception]:
    """Each fault of these families with every code."""
    found: list[Exception] = []
    for family in families:
        for kind in dict.fromkeys(kinds(family)):
            hints = typing.get_type_hints(kind) if dataclasses.is_dataclass(kind) else {}
            found += [kind(*values) for values in product(*map(samples, hints.values()))]
    return found


@pytest.mark.parametrize("fault", faults(TakeFault), ids=str)
def test_pages_have_words_for_every_fault_of_prompts(fault: TakeFault) -> None:
    said = labels.fault_text(fault)
    assert said not in {"", "Не получилось."} and "{" not in said


@pytest.mark.parametrize(
    "fault",
    faults(
        StoreUnavailable,
        TakeFault,
        OutageFault,
        PersonFault,
        NotWaiting,
        DoesNotFit,
        Doubted,
        NoSuchBatch,
        BadDatabaseUrl,
    ),
    ids=str,
)
def test_commands_have_words_for_every_fault(fault: Exception) -> None:
    said = wording.fault_text(fault)
    assert said != str(fault) and "{" not in said


@pytest.mark.parametrize("why", sorted(set(StoreProblem) - {StoreProblem.SCHEMA}))
def test_commands_have_words_for_every_state_of_the_database(why: StoreProblem) -> None:
    said = wording.fault_text(StoreUnavailable(why, "detail"))
    assert said.startswith("the database is unavailable: ") and "{" not in said


def test_pages_and_commands_word_every_code() -> None:
    assert labels.REFUSALS.keys() == wording.REFUSALS.keys() == set(Reason)
    assert SECRET_FAULTS.keys() == wording.SECRETS.keys() == set(SecretFault)
    assert wording.STORE.keys() == set(StoreProblem) - {StoreProblem.SCHEMA}


@pytest.mark.parametrize(
    ("refusal", "page", "command"),
    [
        (Refusal(Reason.TOO_QUIET, -46, -40), "Слишком тихо: −46 дБ, нужно не тише −40.", "too quiet: -46 dB"),
        (Refusal(Reason.TOO_QUIET, "−46", "−40"), "Слишком тихо: −46 дБ, нужно не тише −40.", "too quiet: −46 dB"),
        (Refusal(Reason.CUT_OFF, 1.0, 3.5), "в нём 1,0 с звука вместо 3,5 с", "1.0 s of sound instead of 3.5 s"),
        (Refusal(Reason.TOO_LARGE, wanted=20), "слишком большой: больше 20 МБ", "has more than 20 MB"),
    ],
)
def test_figures_are_written_as_people_read_them(refusal: Refusal, page: str, command: str) -> None:
    assert page in labels.refusal_text(refusal) and command in wording.refusal_text(refusal)
