"""The schema that the migrations make is the one that the tables describe."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import StatementError

from ivr.storage import tables
from ivr.storage.database.database import BadDatabaseUrl, Database
from ivr.storage.migrations import SchemaOutdated, newest, require_current, upgrade

DESIGN = {"accounts", "meters", "registers", "readings", "calls", "call_steps", "outages", "outage_reports"}
DESIGN |= {"callbacks", "takes", "prompts", "users", "api_clients", "audit"}
PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}


def schema(connection: Connection) -> dict[str, object]:
    """Everything that the database knows about the tables, checks and conditions of indexes included."""
    look = inspect(connection)
    names = [name for name in look.get_table_names() if name != "alembic_version"]

    def by_name(found: list) -> list[str]:
        def plain(value: object) -> object:
            return {k: str(v) for k, v in value.items()} if isinstance(value, dict) else value

        return sorted(str([(name, plain(value)) for name, value in sorted(one.items())]) for one in found)

    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"], c["default"]) for c in look.get_columns(name)],
            by_name(look.get_indexes(name)),
            by_name(look.get_unique_constraints(name)),
            by_name(look.get_check_constraints(name)),
            by_name(look.get_foreign_keys(name)),
            look.get_pk_constraint(name),
        )
        for name in names
    }


@pytest.mark.both_databases
def test_migrations_make_what_the_tables_describe(database: Database, empty_url: str) -> None:
    described = Database(empty_url)
    with described.writing() as connection:
        tables.Base.metadata.create_all(connection)
        expected = schema(connection)
    described.close()
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), tables.Base.metadata) == []
        assert schema(connection) == expected


def test_names_of_the_design_are_there(database: Database) -> None:
    with database.reading() as connection:
        assert set(inspect(connection).get_table_names()) >= DESIGN


@pytest.mark.both_databases
def test_upgrade_twice_changes_nothing(url: str) -> None:
    assert upgrade(url) == upgrade(url) == newest()


@pytest.mark.both_databases
def test_reports_and_callbacks_of_before_they_were_made_stay(empty_url: str) -> None:
    upgrade(empty_url, "0004")
    database = Database(empty_url)
    waits, over = "9000-01-01 00:00:00+00:00", "2026-11-20 09:00:00+00:00"
    outage = "INSERT INTO outages (kind, state, began_at, created_at) VALUES ('emergency', 'ended', :at, :at)"
    report = "INSERT INTO outage_reports (created_at, outage_id, house, trouble) VALUES (:at, 1, '5', 'house')"
    promise = "INSERT INTO callbacks (kind, state, phone, outage_id, due_at, created_at)"
    with database.writing() as connection:
        for insert in (outage, report):
            connection.execute(text(insert), {"at": over})
        for phone, due in (("+79160000001", waits), ("+79160000002", over)):
            values = {"phone": phone, "due": due, "at": over}
            connection.execute(text(f"{promise} VALUES ('power', 'due', :phone, 1, :due, :at)"), values)
    database.close()
    upgrade(empty_url)
    database = Database(empty_url)
    reports, callbacks = tables.of(tables.OutageReport), tables.of(tables.Callback)
    with database.reading() as connection:
        (kept,) = connection.execute(select(reports.c.id, reports.c.outage_id, reports.c.house, reports.c.callback_id))
        assert tuple(kept) == (1, 1, "5", None)
        ends = connection.scalars(select(callbacks.c.joined_at).order_by(callbacks.c.id)).all()
    database.close()
    assert ends == [None, datetime(2026, 11, 20, 9, tzinfo=UTC)]


@pytest.mark.both_databases
def test_callbacks_of_before_keep_their_times_and_what_was_asked_during_a_try(empty_url: str) -> None:
    upgrade(empty_url, "0012")
    database = Database(empty_url)
    at, never = "2026-11-20 09:00:00+00:00", "9000-01-01 00:00:00+00:00"
    row = (
        "INSERT INTO callbacks (kind, state, phone, due_at, reason, created_at)"
        " VALUES (:kind, :state, :phone, :due, :reason, :at)"
    )
    rows = [
        ("power", "due", never, ""),
        ("power", "due", at, "busy"),
        ("queue", "calling", at, "asked anew"),
        ("queue", "given-up", at, "asked anew"),
    ]
    with database.writing() as connection:
        for number, (kind, state, due, reason) in enumerate(rows):
            values = {"kind": kind, "state": state, "due": due, "reason": reason, "at": at, "phone": f"+7916{number}"}
            connection.execute(text(row), values)
        report = "INSERT INTO outage_reports (created_at, trouble, callback_id) VALUES (:at, 'house', 2)"
        connection.execute(text(report), {"at": at})
    database.close()
    upgrade(empty_url)
    database = Database(empty_url)
    callbacks, reports = tables.of(tables.Callback), tables.of(tables.OutageReport)
    columns = (callbacks.c.state, callbacks.c.due_at, callbacks.c.reason, callbacks.c.asked_again)
    with database.reading() as connection:
        kept = [tuple(one) for one in connection.execute(select(*columns).order_by(callbacks.c.id))]
        assert connection.scalars(select(reports.c.callback_id)).all() == [2]
    database.close()
    nine = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert kept == [
        ("due", None, "", False),
        ("due", nine, "busy", False),
        ("calling", nine, "", True),
        ("given-up", nine, "asked anew", False),
    ]


def test_upgrade_makes_the_folder_of_the_file(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/new folder/deep/ivr.db")
    assert (tmp_path / "new folder/deep/ivr.db").is_file()


@pytest.mark.both_databases
def test_a_schema_that_is_missing_is_told_with_its_mend(empty_url: str) -> None:
    database = Database(empty_url)
    with pytest.raises(SchemaOutdated, match=f"needed={newest()}"):
        require_current(database)
    upgrade(empty_url)
    require_current(database)
    database.close()


def test_sqlite_writes_through_to_the_disk_and_keeps_foreign_keys(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/ivr.db")
    database = Database(f"sqlite:///{tmp_path}/ivr.db")
    with database.reading() as connection:
        pragmas = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
    database.close()
    assert pragmas == PRAGMAS


def test_a_time_without_zone_is_not_stored(database: Database) -> None:
    naive = datetime(2026, 11, 20)
    with pytest.raises(StatementError, match="needs a zone"), database.writing() as connection:
        connection.execute(tables.of(tables.Call).insert(), {"id": "c", "started_at": naive})


@pytest.mark.parametrize("url", ["mysql://localhost/ivr", "sqlite://", "sqlite:///:memory:", "ivr.db", ""])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(BadDatabaseUrl):
        Database(url)
