"""Which worker runs which file, where tests run side by side.

A file stays with one worker, so what its module starts is started once. Half of the workers begin with the files that
wait for calls, each with a lab of its own, and leave the processors idle most of the time; the other half begin with
those that compute. A worker whose kind of file is used up takes the other kind.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

WAIT_FOR_CALLS = ("tests/asterisk/", "tests/lab/")
LONG = ("tests/browser/", "tests/web/", "tests/studio/", "tests/speech/", "tests/voice/")
"""Of the files that compute: begun last, they would leave the other workers idle at the end."""


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """Each file to one worker, in the order of collection, calls and computing apart as long as there are both."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        computes = self.numnodes > 1 and list(self.nodes).index(node) >= self.numnodes / 2
        own = (file for file in self.workqueue if file.startswith(WAIT_FOR_CALLS) != computes)
        self.workqueue.move_to_end(next(own, next(iter(self.workqueue))), last=False)
        super()._assign_work_unit(node)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = (*WAIT_FOR_CALLS, *LONG)

    def turn(item: pytest.Item) -> int:
        return next((place for place, folder in enumerate(long) if item.nodeid.startswith(folder)), len(long))

    items.sort(key=turn)
