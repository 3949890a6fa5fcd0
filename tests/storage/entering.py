"""An outage as a clerk enters it, for the tests of what follows from it."""

from __future__ import annotations

from datetime import datetime, timedelta

from ivr.domain.outages import Cause, Kind, Place
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.outages import changes as outages
from tests.storage.conftest import MOSCOW, Stock

NOON = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
HOUR = timedelta(hours=1)
STREET = Place("Север", "Ленина")
PHONE = "+79161234567"


def entered(database: Database, stock: Stock, place: Place = STREET, **fields: object) -> int:
    """An outage of a place where one account lies, from 11 o'clock to 18:30; its id."""
    if not stock.rows(tables.Account, "id"):
        stock.account(district="Север", street="Ленина", house="5")
    terms = {"kind": Kind.EMERGENCY, "cause": Cause.CABLE, "began_at": NOON - HOUR, **fields}
    ends = NOON + 6.5 * HOUR
    return outages.add(database, place=place, expected_end=ends, who="anna", now=NOON, **terms).id  # type: ignore[arg-type]
