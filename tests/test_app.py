"""The parts that processes share: each made once, all of them ended whatever becomes of the others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.app import App
from ivr.config import Settings
from ivr.domain.faults import StoreUnavailable
from ivr.storage.migrations import upgrade

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> App:
    settings = Settings.model_validate({"store": {"url": f"sqlite:///{tmp_path}/ivr.db"}, "speech": {"model": "none"}})
    upgrade(settings.store.url)
    return App(settings, lambda: NOON)


async def test_callers_parts_share_one_database_and_one_clock(app: App) -> None:
    assert app.ledger.units is app.units
    assert app.clock.now() == NOON
    assert await app.ledger.account("0012345678") is None
    assert await app.hashers.fits("1234", await app.hashers.hashed("1234"))
    await app.close()


async def test_what_was_made_is_ended_although_a_part_fails_to(app: App) -> None:
    def broken() -> None:
        raise OSError("nobody thought of this")

    app.journal.start()
    app.journal.opened("late", NOON, "", "100", "PJSIP/x")
    app.studio.close = broken  # type: ignore[method-assign]
    ledger = app.ledger
    with pytest.raises(OSError, match="nobody thought"):
        await app.close()
    with pytest.raises(StoreUnavailable):
        await ledger.account("0012345678")
    assert app.journal.dropped == 0


async def test_without_a_speech_model_there_is_no_recogniser(app: App) -> None:
    assert app.engine is None
    await app.close()
