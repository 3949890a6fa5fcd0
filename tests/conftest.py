"""What many tests need: a real PostgreSQL (tests/postgres/plugin.py) and a real Asterisk."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from ivr.config import REPOSITORY
from ivr.lab.lab import Lab
from tests.telephony.calling import patient_launcher

pytest_plugins = ("tests.postgres.plugin", "tests.seconds")

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


@pytest.fixture
def lab_folder() -> Iterator[Path]:
    """A folder for a lab of one's own; whatever still runs in it is stopped afterwards."""
    yield from _lab_folder()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """A lab that is up, with the published prompts."""
    for folder in _lab_folder():
        lab = Lab(folder)
        lab.up()
        lab.command(f"dialplan set global IVR_LAUNCHER {patient_launcher(folder)}")
        yield lab


def _lab_folder() -> Iterator[Path]:
    (REPOSITORY / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="lab-", dir=REPOSITORY / "var"))
    yield folder
    Lab(folder).down()
    shutil.rmtree(folder)
