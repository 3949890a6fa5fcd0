"""What clerks switch for all daemons on one database at once. Every change is in the audit, subject `switch:NAME`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from ivr.domain.audit import Action, Fact
from ivr.domain.surges import Greeting
from ivr.storage import tables
from ivr.storage.database.audit import note
from ivr.storage.database.database import Database

GREETING, SURGE = "greeting", "surge"
ON, OFF = "on", "off"

_switches = tables.of(tables.Switch)


@dataclass(frozen=True, slots=True)
class RuntimeFlags:
    """How everything is switched. suspects: whether many reports open a suspected outage."""

    greeting: Greeting = Greeting.AUTO
    suspects: bool = True


def switched(database: Database) -> RuntimeFlags:
    """How everything is switched now. Raises StoreUnavailable."""
    with database.reading() as connection:
        return switched_in(connection)


def switched_in(connection: Connection) -> RuntimeFlags:
    """The same within a transaction."""
    values = {row.name: row.value for row in connection.execute(select(_switches))}
    greeting = values.get(GREETING, "")
    known = Greeting(greeting) if greeting in set(Greeting) else Greeting.AUTO
    return RuntimeFlags(known, values.get(SURGE) != OFF)


def switch(database: Database, name: str, value: str, who: str, now: datetime) -> None:
    """Switch GREETING to a word of `Greeting`, or SURGE to ON or OFF. Raises StoreUnavailable."""
    row = {"name": name, "value": value, "changed_at": now, "changed_by": who}
    with database.writing() as connection:
        connection.execute(delete(_switches).where(_switches.c.name == name))
        connection.execute(insert(_switches).values(row))
        note(connection, who, now, Action(f"{name}.switch"), f"switch:{name}", {Fact.VALUE: value})
