"""The tree of exceptions: every class hangs in it, and pages and commands have words for each fault they meet."""

from __future__ import annotations

import ast
import builtins

from ivr.config import REPOSITORY

PACKAGE = REPOSITORY / "ivr"
ROOT = "OwnException"
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
