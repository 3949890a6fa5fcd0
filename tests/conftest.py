"""What many tests need: a real PostgreSQL and a real Asterisk, each started when the first test asks for it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from ivr.config import REPOSITORY
from ivr.lab.lab import Lab
from ivr.storage.migrations import upgrade
from tests.lab.leftovers import AsFound
from tests.postgres.server import PostgresServer, running_server
from tests.telephony.calling import patient_launcher

LONGEST_FIRST = ("tests/asterisk/", "tests/browser/", "tests/lab/", "tests/studio/", "tests/speech/")
"""These wait for calls; begun last they would leave the other workers idle at the end."""
WAIT_FOR_CALLS = LONGEST_FIRST[:3]
TAKE_THE_PROCESSORS = (
    "tests/asterisk/test_by_voice.py",
    "tests/asterisk/test_bench_hotline.py",
    "tests/asterisk/test_recogniser_faults.py",
    "tests/studio/test_studio_day.py",
    "tests/asterisk/test_studio_benchmark.py",
)
"""These need the processors, or take them: one worker runs them, one after the other, from the beginning on."""

hypothesis.settings.register_profile("on any machine", deadline=None)  # speed is shown by benchmarks
hypothesis.settings.load_profile("on any machine")

LAB_AS_FOUND = pytest.StashKey[AsFound]()
_numbers = count(1)


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """Each file to one worker, in the order of collection; the last worker computes while the others wait for calls."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return TAKE_THE_PROCESSORS[0] if file in TAKE_THE_PROCESSORS else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        if self.numnodes > 1 and node.gateway.id == f"gw{self.numnodes - 1}":
            computes = next((file for file in self.workqueue if not file.startswith(WAIT_FOR_CALLS)), None)
            if computes is not None:
                self.workqueue.move_to_end(computes, last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def turn(item: pytest.Item) -> tuple[int, int]:
        file = item.nodeid.partition("::")[0]
        if file in TAKE_THE_PROCESSORS:
            return 0, TAKE_THE_PROCESSORS.index(file)
        return 1, next((place for place, folder in enumerate(LONGEST_FIRST) if file.startswith(folder)), 9)

    items.sort(key=turn)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL with a database `upgraded` that holds the newest schema."""
    with running_server() as server:
        server.run("CREATE DATABASE upgraded")
        upgrade(server.url("upgraded"))
        yield server


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a new database without tables."""
    yield from _new_database(postgres_server, "template1")


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a new database with the newest schema."""
    yield from _new_database(postgres_server, "upgraded")


def _new_database(server: PostgresServer, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    server.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield server.url(name)
    server.run(f"DROP DATABASE {name} WITH (FORCE)")


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
