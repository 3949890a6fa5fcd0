"""An upgrade from every earlier schema keeps what is stored, and what makes it whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from ivr.domain.contacts import Contact, Submission
from ivr.domain.readings import Channel, Entry, Period
from ivr.storage import tables
from ivr.storage.contacts.submissions import SubmissionWriter
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from tests.storage.conftest import Stock, utc
from tests.storage.old_schemas import EMERGENCY, READINGS, REPORTED, count, fill

SCHEMAS = [f"{number:04d}" for number in range(1, 13)]
NOVEMBER = Period(2026, 11)


@pytest.fixture
def upgraded(request: pytest.FixtureRequest, empty_url: str) -> Iterator[tuple[Database, dict[str, int]]]:
    """A database that was filled under an earlier schema, now under the newest; how many rows its tables had."""
    upgrade(empty_url, request.param)
    database = Database(empty_url)
    with database.writing() as connection:
        before = fill(connection)
    database.close()
    upgrade(empty_url, zone=ZoneInfo("Europe/Moscow"))
    database = Database(empty_url)
    yield database, before
    database.close()


@pytest.mark.both_databases
@pytest.mark.parametrize("upgraded", SCHEMAS, indirect=True)
def test_an_upgrade_keeps_everything(upgraded: tuple[Database, dict[str, int]]) -> None:
    database, before = upgraded
    stock = Stock(database)
    reported = "outage_reports" in before
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.Base.metadata) == []
        after = count(connection)
    expected = before | {"contacts": 5}
    expected.pop("login_failures", None)  # 0012 forgets those of the last minutes
    expected["calls"] -= 1 if reported else 2  # invented for entries of emergency mode
    del expected["receipts"]
    assert {name: after[name] for name in expected} == expected
    _readings_are_kept(stock)
    _contacts_are_made(stock, reported=reported)
    _submissions_go_on(database, stock)
    _uniqueness_holds(database)


def _readings_are_kept(stock: Stock) -> None:
    kept = ("id", "register_id", "value", "status", "batch", "exported_as", "reason", "voice")
    defaults = dict.fromkeys(kept) | {"reason": ""}
    assert stock.rows(tables.Reading, *kept) == [
        tuple((defaults | dict(row))[name] for name in kept) for row in READINGS
    ]
    days = dict(stock.rows(tables.Reading, "id", "read_on"))
    assert days[1] == date(2026, 10, 20) and {days[key] for key in range(2, 9)} == {date(2026, 11, 20)}


def _contacts_are_made(stock: Stock, *, reported: bool) -> None:
    rows = stock.rows(tables.Contact, "id", "channel", "source", "key", "call_id", "receipt")
    assert rows[:4] == [
        (1, "phone", "phone", "call-1", "call-1", "1001"),
        (2, "phone", "phone", "call-2", "call-2", "1002"),
        (5, "phone-emergency", "emergency", EMERGENCY, None, "1005"),
        (6, "phone-emergency", "emergency", REPORTED, REPORTED if reported else None, "1006"),
    ]
    key = int(str(rows[4][0]))
    assert key > 9 and rows[4][1:] == ("phone", "phone", "call-3", "call-3", None)
    of_reading = dict(stock.rows(tables.Reading, "id", "contact_id"))
    assert of_reading == {1: None, 2: 1, 3: 2, 4: 2, 5: 5, 6: 1, 7: 6, 8: key}
    calls = {name for (name,) in stock.rows(tables.Call, "id")}
    assert calls == {"call-1", "call-2", "call-3", "gone"} | ({REPORTED} if reported else set())


def _submissions_go_on(database: Database, stock: Stock) -> None:
    """The same again changes nothing; a new contact gets a receipt that nobody had."""
    before = stock.rows(tables.Reading, "id", "status")
    now = utc("2026-11-20T10:00:00")
    again = Contact.by_phone("call-2", utc("2026-11-20T09:00:00"))
    left = Contact(Channel.EMERGENCY, "emergency", EMERGENCY, utc("2026-11-19T21:30:00"))
    for contact, register, value, receipt in ((again, 1, 150, "1002"), (left, 3, 30, "1005")):
        for _ in range(3):
            assert _keep(database, contact, register, value, now) == receipt
    assert stock.rows(tables.Reading, "id", "status") == before
    told = _keep(database, Contact.by_phone("new", now), 1, 160, now)
    assert int(told) > 1010
    assert dict(stock.rows(tables.Reading, "id", "status"))[3] == "superseded"


def _keep(database: Database, contact: Contact, register: int, value: int, now: datetime) -> str:
    submission = Submission(contact, date(2026, 11, 20), NOVEMBER, Channel.KEYS, (Entry(register, value),))
    with database.writing() as connection:
        return SubmissionWriter(database).keep(connection, submission, now)


def _uniqueness_holds(database: Database) -> None:
    contacts, readings, meters = map(tables.of, (tables.Contact, tables.Reading, tables.Meter))
    with database.reading() as connection:
        live = connection.execute(select(readings).where(readings.c.status == "flagged")).first()
    assert live is not None
    twice = {key: value for key, value in live._asdict().items() if key != "id"}
    contact = {"channel": "phone", "source": "phone", "key": "call-1", "received_at": live.received_at}
    for statement in (
        insert(contacts).values(contact),
        insert(contacts).values({**contact, "key": "another", "receipt": "1001"}),
        insert(readings).values({**twice, "contact_id": None}),  # the period has one already
        insert(readings).values({**twice, "period": "2027-01"}),  # the contact has given it already
        insert(meters).values(account_id=1, serial="A1", digits=5, zones=1),
    ):
        with pytest.raises(IntegrityError), database.writing() as connection:
            connection.execute(statement)
