"""`ivr bench studio` with tiny sizes: the real pages, each answered, on both databases.

Its other part needs an Asterisk: tests/asterisk/test_studio_benchmark.py.
"""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ivr.cli import app

TINY = ("--readings", "600", "--calls", "120", "--accounts", "60", "--times", "2", "--takes", "0", "--published", "0")
PAGES = {
    "/",
    "/readings",
    "/prompts",
    "/accounts",
    "/reports",
    "/people",
    "/tables/accounts/list",
    "/tables/readings/list",
}
PAGES |= {"/accounts/1", "/people/1", "/reports?span=month", "/reports/figures.csv?span=month"}


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_page_is_timed(request: pytest.FixtureRequest, kind: str) -> None:
    url = ["--url", request.getfixturevalue("empty_postgres_url")] if kind == "postgresql" else []
    done = CliRunner().invoke(app, ["bench", "studio", *TINY, *url])
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["readings"], figures["calls"], figures["accounts"]) == (600, 120, 60)
    pages = figures["page_ms"]
    assert set(pages) >= PAGES
    assert any(path.startswith("/readings/") for path in pages)
    assert all(0 < times["p50"] <= times["p95"] for times in pages.values())
