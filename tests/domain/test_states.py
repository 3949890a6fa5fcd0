"""States of call-backs and outages are spelt once, in their enums: no other module compares texts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ivr.config import REPOSITORY
from ivr.domain.callbacks import CallbackKind, CallbackState, GivenUp
from ivr.domain.outages import State

PACKAGE = REPOSITORY / "ivr"
SPELT_IN = {
    "domain/callbacks.py",
    "domain/outages.py",
    "domain/takes.py",  # a take may be withdrawn, too
}
LEFT_OUT = {"testbed", "versions"}  # benchmarks fill tables by SQL; the history of the schema stays as it was
SHARED = {"done", "open", "ended", "queue", "power"}
"""Everyday words, which mean other things elsewhere: a tone of a page, a step of the journal, a column."""


def spelt(module: Path, words: set[str]) -> Iterator[str]:
    """Where a module spells one of these words."""
    place = module.relative_to(PACKAGE)
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in words:
            yield f"{place}:{node.lineno} {node.value}"


def test_no_other_module_spells_a_state() -> None:
    words = {*CallbackState, *State, *CallbackKind, *GivenUp} - SHARED
    product = (place for place in PACKAGE.rglob("*.py") if not LEFT_OUT & set(place.relative_to(PACKAGE).parts))
    others = [module for module in product if str(module.relative_to(PACKAGE)) not in SPELT_IN]
    assert [stray for module in others for stray in spelt(module, words)] == []
