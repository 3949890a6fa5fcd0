"""The shape of the code: which way imports point, who reads the environment, how long a module is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import ivr.telephony.launcher
from ivr.config import REPOSITORY

PACKAGE = REPOSITORY / "ivr"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((REPOSITORY / "tests").rglob("*.py"))
MOST_LINES = 450
MOST_MODULES = 14
"""Of one folder, «about a dozen»; the history of the schema has as many as it needs."""


@cache
def syntax(module: Path) -> ast.Module:
    """What a module says, for Python."""
    return ast.parse(module.read_text(encoding="utf-8"))


def imported(module: Path) -> set[str]:
    """Top names of the packages that a module imports."""
    names: set[str] = set()
    for node in ast.walk(syntax(module)):
        if isinstance(node, ast.Import):
            names |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module.partition(".")[0])
    return names


def imports(module: Path) -> set[str]:
    """Modules of ours that a module imports, or names from them."""
    found = set()
    for node in ast.walk(syntax(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {target for target in found if target.startswith("ivr.")}


def dotted(module: Path) -> str:
    return ".".join(module.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


def topic(place: str, target: str) -> str:
    """The folder or module directly below a place in which a target lies, "" if it lies elsewhere."""
    return target.removeprefix(f"{place}.").partition(".")[0] if target.startswith(f"{place}.") else ""


def name(module: Path) -> str:
    return str(module.relative_to(REPOSITORY))


def test_imports_point_down_and_each_library_is_in_its_place() -> None:
    # A process of its own: the linter switches off every logger it finds.
    linter = (
        "import sys; from importlinter.cli import lint_imports as lint; sys.exit(lint(no_cache=True, no_logo=True))"
    )
    done = subprocess.run([sys.executable, "-c", linter], cwd=REPOSITORY, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout


def test_no_module_is_too_long_to_be_read() -> None:
    lines = {name(module): len(module.read_text(encoding="utf-8").splitlines()) for module in MODULES}
    assert {module: count for module, count in lines.items() if count > MOST_LINES} == {}


def test_no_folder_holds_more_than_about_a_dozen_modules() -> None:
    held = Counter(module.parent for module in MODULES if module.name != "__init__.py")
    del held[PACKAGE / "storage" / "migrations" / "versions"]
    assert {name(folder): count for folder, count in held.items() if count > MOST_MODULES} == {}


def test_topics_do_not_import_in_circles() -> None:
    """Within storage and web each folder, seen as one room, imports only folders that do not import it."""
    circles = []
    for place in ("ivr.storage", "ivr.web"):
        below: dict[str, set[str]] = defaultdict(set)
        for module in MODULES:
            room, own = topic(place, dotted(module)), dotted(module)
            if own.startswith(f"{place}.") and room:
                below[room] |= {topic(place, target) for target in imports(module)} - {room, ""}
        try:
            tuple(TopologicalSorter(below).static_order())
        except CycleError as error:
            circles.append((place, error.args[1]))
    assert circles == []


def test_only_the_settings_read_the_environment() -> None:
    readers = [
        name(module)
        for module in MODULES
        for node in ast.walk(syntax(module))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "getenvb"}
    ]
    assert set(readers) == {"ivr/config.py"}


def test_the_launcher_runs_where_nothing_is_installed() -> None:
    assert imported(Path(ivr.telephony.launcher.__file__)) <= sys.stdlib_module_names


def test_the_domain_knows_no_library() -> None:
    for module in sorted((PACKAGE / "domain").glob("*.py")):
        assert imported(module) <= sys.stdlib_module_names | {"ivr"}, name(module)


def test_every_module_says_what_it_is_for() -> None:
    silent = [name(module) for module in MODULES if module.stat().st_size and ast.get_docstring(syntax(module)) is None]
    assert silent == []


def test_helpers_stand_in_modules_of_helpers() -> None:
    """Whoever imports from a module of tests may run its tests and fixtures as their own."""
    of_tests = re.compile(r"tests\.(?:\w+\.)*test_\w+")
    borrowed = set()
    for module in TESTS:
        for node in ast.walk(syntax(module)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            borrowed |= {f"{name(module)}: {found[0]}" for found in map(of_tests.match, names) if found}
    assert sorted(borrowed) == []
