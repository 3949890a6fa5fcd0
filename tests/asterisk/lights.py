"""Outages that end, and callers who asked to be rung then."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import insert

from ivr.domain.outages import Cause, Kind, Place
from ivr.storage import tables
from ivr.storage.outages import changes as outages
from ivr.storage.outages.reports import ReportView, reports
from ivr.testbed.robot.system import System

FIRST, SECOND = "+79160000001", "+79160000002"
STREET = Place("Север", "Ленина")


def enter(system: System, place: Place = STREET) -> int:
    """An outage that has begun; its number."""
    now, database = datetime.now(UTC), system.open_database()
    entered = outages.add(database, Kind.EMERGENCY, place, Cause.CABLE, now, None, "test", now, anywhere=True)
    database.close()
    return entered.id


def asked(system: System, outage: int, *phones: str, account: int = 1) -> None:
    """These callers were promised a call at the end of an outage; account: the key of their account."""
    now, database = datetime.now(UTC), system.open_database()
    row = {"kind": "power", "state": "due", "outage_id": outage, "created_at": now, "due_at": None}
    with database.writing() as connection:
        rows = [{"phone": phone, "account_id": account, **row} for phone in phones]
        connection.execute(insert(tables.of(tables.Callback)), rows)
    database.close()


def end(system: System, outage: int) -> None:
    now, database = datetime.now(UTC), system.open_database()
    outages.end(database, outage, "test", now, ended_at=now)
    database.close()


def reported(system: System) -> list[ReportView]:
    database = system.open_database()
    try:
        return reports(database)
    finally:
        database.close()
