"""Which worker runs which file, where tests run side by side.

A file stays with one worker, so what its module starts is started once. Most of the workers begin with the files that
wait for calls, each with a lab of its own, and leave the processors idle most of the time; the others begin with the
files that compute. A worker whose kind of file is used up takes the other kind.
"""

from __future__ import annotations

import pytest
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

LONGEST_CALLS = (
    "tests/asterisk/test_studio.py",
    "tests/lab/test_dialplan.py",
    "tests/asterisk/test_surge.py",
    "tests/asterisk/test_callbacks.py",
    "tests/asterisk/test_callback_faults.py",
    "tests/asterisk/test_by_voice.py",
    "tests/asterisk/test_daemon_down.py",
    "tests/asterisk/test_ringbacks.py",
    "tests/browser/test_prompts.py",
    "tests/browser/test_calls.py",
)
WAIT_FOR_CALLS = (*LONGEST_CALLS, "tests/asterisk/", "tests/lab/", "tests/telephony/test_new_take.py")
LONG = ("tests/browser/", "tests/web/", "tests/studio/", "tests/speech/", "tests/voice/")
"""Of the files that compute: begun last, they would leave the other workers idle at the end."""
ONE_OF_SO_MANY_COMPUTES = 4


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """Each file to one worker, in the order of collection, calls and computing apart as long as there are both."""

    def _assign_work_unit(self, node: WorkerController) -> None:
        computing = max(self.numnodes // ONE_OF_SO_MANY_COMPUTES, 1)
        computes = list(self.nodes).index(node) >= self.numnodes - computing
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
