"""The studio's part of `ivr bench studio`: a real call hears what was published, a zip is processed."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ivr.cli import app

pytestmark = pytest.mark.nightly

TINY = ("--readings", "1", "--calls", "1", "--accounts", "1", "--times", "2", "--takes", "3", "--published", "2")


def test_published_is_heard_and_a_zip_is_processed() -> None:
    done = CliRunner().invoke(app, ["bench", "studio", *TINY])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout.splitlines()[-1])
    assert 0 < figures["publish_ms"]["p50"] < figures["first_heard_ms"]["p50"]
    assert (figures["zip"]["takes"], figures["zip"]["per_second"] > 0) == (3, True)
