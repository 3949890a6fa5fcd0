"""The accounts of the calls, and what is stored for them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from ivr.app import account_format, window
from ivr.robot.system import System
from ivr.storage import importing
from ivr.storage.following import Follower, SeenReading

ACCOUNTS = Path(__file__).parent / "accounts.csv"


def import_accounts(system: System, file: Path = ACCOUNTS) -> None:
    """Bring accounts.csv into the system's database."""
    settings = system.settings
    terms = importing.Terms(account_format(settings), settings.zone, window(settings), datetime.now(UTC))
    faults: list[object] = []
    database = system.open_database()
    try:
        importing.import_accounts(database, file, terms, report=faults.append)
    finally:
        database.close()
    assert not faults, faults


def stored_for(system: System, meter: str) -> list[SeenReading]:
    """Everything callers gave for a meter."""
    database = system.open_database()
    try:
        return Follower(database).readings_of_meter(meter)
    finally:
        database.close()
