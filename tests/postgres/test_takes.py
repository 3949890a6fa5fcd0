"""Publishers of two nodes at once on one PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ivr.storage.database.database import Database
from ivr.studio.studio import Studio
from tests.studio.stock import settings_in, together


@pytest.fixture
def studio(tmp_path: Path, postgres_url: str) -> Iterator[Studio]:
    database = Database(postgres_url)
    studio = Studio(settings_in(tmp_path, postgres_url), database)
    yield studio
    studio.close()
    database.close()


def test_two_publishers_at_once_leave_one_take_whole(tmp_path: Path, postgres_url: str, studio: Studio) -> None:
    together(tmp_path, postgres_url, studio)
