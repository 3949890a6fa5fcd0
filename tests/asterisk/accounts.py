"""The accounts of the calls, and what is stored for them."""

from __future__ import annotations

from pathlib import Path

from ivr.app import bring_accounts
from ivr.storage.calls.reader import CallReader, ReadingView
from ivr.testbed.robot.system import System

ACCOUNTS = Path(__file__).parent / "accounts.csv"
AT_OUTAGES = Path(__file__).parent / "outages.csv"
MANY_OF_ONE_DISTRICT = Path(__file__).parent / "surge.csv"


def import_accounts(system: System, file: Path = ACCOUNTS) -> None:
    """Bring accounts into the system's database, those of accounts.csv by default."""
    assert bring_accounts(system.settings, file).imported


def stored_for(system: System, meter: str) -> list[ReadingView]:
    """Everything callers gave for a meter."""
    database = system.open_database()
    try:
        return CallReader(database).readings_of_meter(meter)
    finally:
        database.close()
