"""What many tests need: a real PostgreSQL (tests/postgres/plugin.py) and a real Asterisk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from ivr.config import REPOSITORY
from ivr.testbed.lab.lab import Lab
from tests.lab.leftovers import AsFound
from tests.telephony.calling import patient_launcher

pytest_plugins = ("tests.postgres.plugin", "tests.scheduling", "tests.seconds")

# Speed is shown by benchmarks; and a run says the same as the one before, with no luck in it.
hypothesis.settings.register_profile(
    "on any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], derandomize=True
)
hypothesis.settings.load_profile("on any machine")

LAB_AS_FOUND = pytest.StashKey[AsFound]()


@pytest.fixture
def lab_folder() -> Iterator[Path]:
    """A folder for a lab of one's own; whatever still runs in it is stopped afterwards."""
    yield from _lab_folder()


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab that is up, with the published prompts; each test and each module leaves it as it was."""
    for folder in _lab_folder():
        lab = Lab(folder)
        lab.up()
        lab.command(f"dialplan set global IVR_LAUNCHER {patient_launcher(folder)}")
        request.config.stash[LAB_AS_FOUND] = AsFound(lab)
        yield lab


@pytest.fixture(autouse=True, scope="module")
def module_leaves_the_lab_as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """What stands for a whole module, as a daemon does, leaves nothing behind either."""
    yield
    if LAB_AS_FOUND in request.config.stash:
        request.config.stash[LAB_AS_FOUND].check(request.node.nodeid)


@pytest.fixture(autouse=True)
def leaves_the_lab_as_it_was(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test after which the lab differs fails; the next one finds it as it was all the same."""
    found = AsFound(request.getfixturevalue("lab")) if "lab" in request.fixturenames else None
    yield
    if found is not None:
        found.check(request.node.nodeid)


def _lab_folder() -> Iterator[Path]:
    (REPOSITORY / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="lab-", dir=REPOSITORY / "var"))
    yield folder
    Lab(folder).down()
    shutil.rmtree(folder)
