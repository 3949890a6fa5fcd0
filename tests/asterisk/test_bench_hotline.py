"""`ivr bench hotline` with a handful of callers: everything is measured, and nobody is lost."""

from __future__ import annotations

import json
import re

import pytest
from typer.testing import CliRunner

from ivr.cli.testbed.bench import app

pytestmark = [pytest.mark.nightly, pytest.mark.timeout(1200)]

SMALL = ["--calls", "2", "--callers", "7", "--callbacks", "3", "--people", "3", "--storm-s", "2"]


def test_a_small_run() -> None:
    result = CliRunner().invoke(app, ["hotline", *SMALL])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output.splitlines()[-1])
    assert 0 < found["first_ring_ms"]["p50"] <= found["first_ring_ms"]["p95"] < 5000
    crowd = found["crowd"]
    assert (crowd["callers"], crowd["lost"], crowd["refused"]) == (7, 0, 0)
    assert crowd["told"] == 3  # those at the outage
    assert crowd["queued"] == 4
    assert crowd["agreed"] >= 2
    assert found["callbacks"]["kept"] == 3
    assert found["callbacks"]["a_minute"] > 0
    assert found["events"]["a_second"] >= 400
    assert re.search(r"lost +│ 0 +│ 0", result.output), result.output
