"""The hotline of a daemon on the real Asterisk: what becomes of all its parts when one of them fails."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr.hotline.queue_board import QueueBoard
from ivr.intake.callbacks import Callbacks
from ivr.storage.callbacks.repository import CallbackRepository, CallbackUnits
from ivr.storage.database.database import Database
from ivr.storage.database.unit_of_work import UnitsOfWork
from ivr.telephony.hotline import Hotline
from ivr.telephony.manager.ami_reconnect import ManagerAccount
from ivr.testbed.lab.lab import Lab
from tests.lab.phone import waiting_callers
from tests.waiting import until

FAILED = "a part of the hotline failed; it begins again"
CANCELLED = "a part of the hotline was cancelled by nobody; it begins again"


async def test_a_part_that_fails_ends_no_other_and_begins_again(
    lab: Lab, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """All of the hotline ended then without a word: nobody was rung until a restart."""
    faults: list[BaseException] = [RuntimeError(), asyncio.CancelledError()]
    state = lab.state
    assert state is not None
    account = ManagerAccount("127.0.0.1", state.ami_port, "ivr", state.ami_secret)
    database, board = Database(f"sqlite:///{tmp_path}/ivr.db"), QueueBoard()
    units, asked = UnitsOfWork(database, threads=1, limit_s=5), 0

    def large_outage() -> bool:
        nonlocal asked
        asked += 1
        if faults:
            raise faults.pop(0)
        return False

    callbacks = Callbacks(CallbackUnits(units), lambda: datetime.now(UTC))
    hotline = Hotline(
        account, None, CallbackRepository(database), callbacks, board, lambda: datetime.now(UTC), large_outage
    )
    with caplog.at_level(logging.INFO):
        running = asyncio.create_task(hotline.run())
        try:
            for told in (FAILED, CANCELLED):
                await until(lambda: told in caplog.messages)  # noqa: B023 - waited for in this turn
            await until(lambda: asked > 2)
            async with waiting_callers(lab, 1):
                await until(lambda: board.current and len(board.queue("hotline").waiting) == 1)
            assert not running.done()
        finally:
            running.cancel()
            await asyncio.wait({running})
    assert caplog.messages.count("connected to Asterisk's manager") == 1, "the connection was not the part that failed"
    await units.close()
    database.close()
