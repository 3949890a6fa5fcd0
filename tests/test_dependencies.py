"""What the package imports is what it says it needs: an installation without the tests' own packages works."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import distribution, packages_distributions

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

IMPORTS_ALL = """
import importlib, json, pkgutil, sys, ivr
for module in pkgutil.walk_packages(ivr.__path__, "ivr."):
    if not module.name.endswith("__main__") and ".migrations." not in module.name:  # alembic runs those itself
        importlib.import_module(module.name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def needed(
    name: str, extras: frozenset[str] = frozenset(), seen: set[tuple[str, frozenset[str]]] | None = None
) -> set[str]:
    """Names of a distribution and of all that it needs here, with these extras of it."""
    seen = set() if seen is None else seen
    name = canonicalize_name(name)
    if (name, extras) in seen:
        return set()
    seen.add((name, extras))
    found = {name}
    for text in distribution(name).requires or ():
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            found |= needed(requirement.name, frozenset(requirement.extras), seen)
    return found


def test_what_is_imported_is_installed_with_the_package() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTS_ALL], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    where = packages_distributions()
    imported = {canonicalize_name(name) for module in json.loads(done.stdout) for name in where.get(module, ())[:1]}
    assert {"sqlalchemy", "fastapi"} <= imported
    assert imported - needed("ivr") - {"setuptools", "pip"} == set()
