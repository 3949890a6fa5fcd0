"""Where the seconds of a run went: the slowest tests, and the seconds by folder, so that growth is seen.

The seconds of a test are those of its set-up, its call and its end. What a module or a worker starts once counts for
the test that asked for it first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest

SLOWEST = 20


@dataclass
class Seconds:
    """Seconds by test id."""

    by_test: dict[str, float] = field(default_factory=dict)

    def add(self, test: str, seconds: float) -> None:
        """Count seconds for a test."""
        self.by_test[test] = self.by_test.get(test, 0.0) + seconds

    def slowest(self) -> list[tuple[str, float]]:
        """The SLOWEST tests, the slowest first."""
        return sorted(self.by_test.items(), key=lambda test: -test[1])[:SLOWEST]

    def by_folder(self) -> list[tuple[str, int, float]]:
        """Folder, number of tests and seconds, the slowest folder first."""
        folders: dict[str, tuple[int, float]] = {}
        for test, seconds in self.by_test.items():
            folder = test.partition("::")[0].rpartition("/")[0]
            count, sum_ = folders.get(folder, (0, 0.0))
            folders[folder] = count + 1, sum_ + seconds
        return sorted(((name, *found) for name, found in folders.items()), key=lambda row: -row[2])

    def lines(self) -> Iterable[str]:
        """The report."""
        yield f"the {SLOWEST} slowest tests, seconds:"
        yield from (f"{seconds:8.1f}  {test}" for test, seconds in self.slowest())
        yield "seconds and tests by folder:"
        yield from (f"{seconds:8.1f} {count:5}  {folder}" for folder, count, seconds in self.by_folder())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the report behind the results of a run."""
    seconds = Seconds()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds.add(report.nodeid, report.duration)
    if len(seconds.by_test) > 1:
        terminalreporter.section("seconds")
        for line in seconds.lines():
            terminalreporter.write_line(line)
