"""The schema's history (Alembic), run by `ivr db upgrade` from inside the package."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ivr.domain.faults import StoreProblem, StoreUnavailable
from ivr.storage.database.database import Database, database_url

UPGRADE_LIMIT_S = 600.0
"""Longest statement of an upgrade: tables with millions of rows may be rewritten."""

MOSCOW = ZoneInfo("Europe/Moscow")


def _config(connection: Connection | None = None, zone: ZoneInfo = MOSCOW) -> Config:
    config = Config()
    # Alembic reads the option by configparser, to which % begins a substitution.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["zone"] = zone
    return config


@dataclass(eq=False)
class SchemaOutdated(StoreUnavailable):
    """The tables are those of another version. found: the revision of the schema, "" for none; needed: by this code."""

    found: str = ""
    needed: str = ""


def upgrade(url: str, to: str = "head", zone: ZoneInfo = MOSCOW) -> str:
    """Bring the schema to a revision, the newest by default, in one transaction; return the newest.

    zone: where the customers live; it tells the days of times that are stored already.
    Makes the folder of an SQLite file. Raises StoreUnavailable, BadDatabaseUrl.
    """
    address = database_url(url)
    if address.drivername.startswith("sqlite") and address.database:
        _make_folder(Path(address.database).parent)
    database = Database(url, UPGRADE_LIMIT_S)
    try:
        with database.writing() as connection:
            command.upgrade(_config(connection, zone), to)
    finally:
        database.close()
    return newest()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(StoreProblem.NO_FOLDER, f"{folder}: {error.strerror}") from error


def newest() -> str:
    """The revision that this code needs."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def require_current(database: Database) -> None:
    """Raises SchemaOutdated, with what to do, unless the schema is the one that this code needs."""
    with database.reading() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != newest():
        raise SchemaOutdated(StoreProblem.SCHEMA, found=found or "", needed=newest())
