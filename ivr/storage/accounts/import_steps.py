"""The statements of an import, from the temporary tables into the real ones; the same words for both databases."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Date, Float, Integer, MetaData, Table, Text, bindparam, text

from ivr.domain.meters import MOST_ZONES
from ivr.domain.review import Reason
from ivr.storage.accounts.account_file import FURTHER_OF_METER, FURTHER_TEXTS, OF_ACCOUNT, BadLine
from ivr.storage.tables.columns import UtcTime

staging = MetaData()
"""Temporary tables: seen by one connection only, gone when it closes."""

_TEMPORARY = ["TEMPORARY"]

lines = Table(
    "import_lines",
    staging,
    Column("line", Integer, primary_key=True),
    Column("account", Text, index=True),
    Column("leads", Boolean),  # the account's first line
    *(Column(name, Text) for name in OF_ACCOUNT),
    Column("meter", Text, index=True),  # NULL for an account without meter
    Column("digits", Integer),
    Column("zones", Integer),
    Column("power_kw", Float(53)),
    Column("read_on", Date),
    Column("period", Text),
    Column("ratio", Integer),
    Column("remote", Boolean),
    Column("next_verification", Date),
    Column("window_group", Text),
    *(Column(f"t{place}", Integer) for place in range(1, MOST_ZONES + 1)),
    prefixes=_TEMPORARY,
)
phones = Table(
    "import_phones", staging, Column("account", Text), Column("phone", Text, index=True), prefixes=_TEMPORARY
)
aliases = Table(
    "import_aliases",
    staging,
    Column("line", Integer),
    Column("account", Text),
    Column("kind", Text),
    Column("alias", Text, index=True),
    prefixes=_TEMPORARY,
)
spoiled = Table("import_spoiled", staging, Column("account", Text, primary_key=True), prefixes=_TEMPORARY)
readings = Table(
    "import_readings",
    staging,
    Column("register_id", Integer, primary_key=True, autoincrement=False),
    Column("value", Integer),
    Column("read_on", Date),
    Column("period", Text),
    prefixes=_TEMPORARY,
)

_METER_OF_LINE = """JOIN accounts a ON a.number = l.account
    JOIN meters m ON m.account_id = a.id AND m.serial = l.meter AND m.removed IS NULL"""

_CONFLICTS = text(f"""
    SELECT l.line, l.account, l.digits, l.zones, m.digits AS stored_digits, m.zones AS stored_zones
    FROM import_lines l {_METER_OF_LINE}
    WHERE m.digits <> l.digits OR m.zones <> l.zones
    ORDER BY l.line
""")

_NEW_ACCOUNTS = f"""
    INSERT INTO accounts (number, {", ".join(OF_ACCOUNT)})
    SELECT account, {", ".join(OF_ACCOUNT)} FROM import_lines l
    WHERE leads AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.number = l.account)
    ORDER BY line
"""
_CHANGED_ACCOUNTS = """
    UPDATE accounts SET {values} FROM import_lines l
    WHERE l.leads AND l.account = accounts.number AND ({differences})
"""
_OLD_PHONES = """
    DELETE FROM account_phones
    WHERE account_id IN (SELECT a.id FROM accounts a JOIN import_lines l ON l.account = a.number)
    AND NOT EXISTS (SELECT 1 FROM import_phones p JOIN accounts a ON a.number = p.account
        WHERE a.id = account_phones.account_id AND p.phone = account_phones.phone)
"""
_NEW_PHONES = """
    INSERT INTO account_phones (phone, account_id)
    SELECT p.phone, a.id FROM import_phones p JOIN accounts a ON a.number = p.account
    WHERE NOT EXISTS (SELECT 1 FROM account_phones o WHERE o.phone = p.phone AND o.account_id = a.id)
"""
_NEW_METERS = """
    INSERT INTO meters (account_id, serial, digits, zones, power_kw)
    SELECT a.id, l.meter, l.digits, l.zones, l.power_kw FROM import_lines l JOIN accounts a ON a.number = l.account
    WHERE l.meter IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM meters m WHERE m.account_id = a.id AND m.serial = l.meter AND m.removed IS NULL)
    ORDER BY l.line
"""
_CHANGED_METERS = """
    UPDATE meters SET {0} = l.{0} FROM import_lines l JOIN accounts a ON a.number = l.account
    WHERE l.meter = meters.serial AND meters.account_id = a.id AND meters.removed IS NULL
    AND l.{0} IS DISTINCT FROM meters.{0}
"""
_CHANGED_GROUPS = """
    UPDATE accounts SET window_group = l.window_group FROM import_lines l
    WHERE l.leads AND l.account = accounts.number AND l.window_group <> accounts.window_group
"""
_TAKEN_ALIASES = """
    SELECT p.line, p.account, p.kind, p.alias FROM import_aliases p JOIN account_aliases o
        ON o.kind = p.kind AND o.alias = p.alias
    JOIN accounts a ON a.id = o.account_id
    WHERE a.number <> p.account AND NOT EXISTS (SELECT 1 FROM import_lines l WHERE l.account = a.number)
    ORDER BY p.line
"""
_OLD_ALIASES = """
    DELETE FROM account_aliases
    WHERE account_id IN (SELECT a.id FROM accounts a JOIN import_lines l ON l.account = a.number)
"""
_NEW_ALIASES = """
    INSERT INTO account_aliases (kind, alias, account_id)
    SELECT p.kind, p.alias, a.id FROM import_aliases p JOIN accounts a ON a.number = p.account
    WHERE NOT EXISTS (SELECT 1 FROM account_aliases o WHERE o.kind = p.kind AND o.alias = p.alias)
"""
_NEW_REGISTERS = """
    INSERT INTO registers (meter_id, zone)
    SELECT m.id, 'T{0}' FROM import_lines l {1}
    WHERE l.zones >= {0} AND NOT EXISTS (SELECT 1 FROM registers r WHERE r.meter_id = m.id AND r.zone = 'T{0}')
    ORDER BY m.id
"""
_READINGS_OF_FILE = """
    INSERT INTO import_readings (register_id, value, read_on, period)
    SELECT r.id, l.t{0}, l.read_on, l.period
    FROM import_lines l {1}
    JOIN registers r ON r.meter_id = m.id AND r.zone = 'T{0}'
    WHERE l.t{0} IS NOT NULL
"""
_IDENTICAL = f"""
    DELETE FROM import_readings WHERE EXISTS (SELECT 1 FROM readings o
        WHERE o.register_id = import_readings.register_id AND o.read_on = import_readings.read_on
        AND o.value = import_readings.value AND o.channel = 'billing' AND o.reason NOT LIKE '{Reason.REFUSED}%')
"""
# Callers who store a reading of these registers wait from here to the end; see _TURN in contacts/submissions.
_TURN = "SELECT id FROM registers WHERE id IN (SELECT register_id FROM import_readings) ORDER BY id FOR NO KEY UPDATE"
# What a caller gave and billing got from here comes back: it is no measure of its own, and is known already.
_ECHOES = """
    DELETE FROM import_readings WHERE EXISTS (SELECT 1 FROM readings o
        WHERE o.register_id = import_readings.register_id AND o.period = import_readings.period
        AND o.value = import_readings.value AND o.status = 'exported' AND o.channel <> 'billing')
"""
_CORRECTED = f"""
    UPDATE readings SET status = 'superseded', reason = '{Reason.REFUSED} {Reason.BY_BILLING}' FROM import_readings n
    WHERE readings.register_id = n.register_id AND readings.read_on = n.read_on AND readings.channel = 'billing'
    AND readings.reason NOT LIKE '{Reason.REFUSED}%'
"""
_OUTDATED = """
    UPDATE readings SET status = 'superseded' FROM import_readings n
    WHERE readings.register_id = n.register_id AND readings.period = n.period AND readings.channel = 'billing'
    AND readings.status <> 'superseded' AND readings.read_on < n.read_on
"""
_BEHIND = """
    SELECT count(*) FROM import_readings n WHERE EXISTS (SELECT 1 FROM readings o
        WHERE o.register_id = n.register_id AND o.period = n.period AND o.status <> 'superseded')
"""
_NEW_READINGS = """
    INSERT INTO readings (register_id, value, read_on, received_at, period, channel, status, created_at)
    SELECT n.register_id, n.value, n.read_on, :now, n.period, 'billing', CASE WHEN EXISTS (SELECT 1 FROM readings o
        WHERE o.register_id = n.register_id AND o.period = n.period AND o.status <> 'superseded')
        THEN 'superseded' ELSE 'exported' END, :now
    FROM import_readings n ORDER BY n.register_id
"""


def conflicts(connection: Connection) -> Iterator[BadLine]:
    """Lines of the file that contradict the meters in the store."""
    for row in connection.execute(_CONFLICTS):
        for name, told, stored in (("digits", row.digits, row.stored_digits), ("zones", row.zones, row.stored_zones)):
            if told != stored:
                yield BadLine(row.line, name, f"is {stored} for this meter so far, not {told}", (row.account,))


def groups(connection: Connection) -> dict[str, str]:
    """Window groups by account number, of the accounts that have one."""
    rows = connection.execute(text("SELECT number, window_group FROM accounts WHERE window_group <> ''"))
    return {row.number: row.window_group for row in rows}


def taken_aliases(connection: Connection) -> Iterator[BadLine]:
    """Aliases of the file that an account has which the file does not name."""
    for row in connection.execute(text(_TAKEN_ALIASES)):
        yield BadLine(row.line, "aliases", f"{row.kind}:{row.alias} is in use at another account", (row.account,))


def forget_spoiled(connection: Connection) -> None:
    """Leave out all lines of the accounts in `spoiled`."""
    for table in (lines, phones, aliases):
        connection.execute(text(f"DELETE FROM {table.name} WHERE account IN (SELECT account FROM import_spoiled)"))


def bring_in_accounts(connection: Connection, told: Collection[str]) -> tuple[int, int]:
    """Accounts, their phones and aliases; how many are new, how many changed. told: columns beyond the fixed ones."""
    new = _run(connection, _NEW_ACCOUNTS)
    names = [name for name in OF_ACCOUNT if name not in FURTHER_TEXTS or name in told]
    values = ", ".join(f"{name} = l.{name}" for name in names)
    differences = " OR ".join(f"l.{name} <> accounts.{name}" for name in names)
    changed = _run(connection, _CHANGED_ACCOUNTS.format(values=values, differences=differences))
    _run(connection, _OLD_PHONES)
    _run(connection, _NEW_PHONES)
    if "group" in told:
        _run(connection, _CHANGED_GROUPS)
    if "aliases" in told:
        _run(connection, _OLD_ALIASES)
        _run(connection, _NEW_ALIASES)
    return new, changed


def bring_in_meters(connection: Connection, told: Collection[str]) -> int:
    """Meters and registers; how many meters are new. told: columns beyond the fixed ones."""
    new = _run(connection, _NEW_METERS)
    for column in ("power_kw", *(name for name in FURTHER_OF_METER if name in told)):
        _run(connection, _CHANGED_METERS.format(column))
    for place in range(1, MOST_ZONES + 1):
        _run(connection, _NEW_REGISTERS.format(place, _METER_OF_LINE))
    return new


def bring_in_readings(connection: Connection, now: datetime) -> tuple[int, int]:
    """The readings of the file; how many are new, and how many of them stand behind a live one of their period."""
    for place in range(1, MOST_ZONES + 1):
        _run(connection, _READINGS_OF_FILE.format(place, _METER_OF_LINE))
    _run(connection, _IDENTICAL)
    if connection.dialect.name != "sqlite":
        connection.execute(text("ANALYZE import_readings"))
        connection.execute(text(_TURN))
    for statement in (_ECHOES, _CORRECTED, _OUTDATED):
        _run(connection, statement)
    behind = int(connection.execute(text(_BEHIND)).scalar_one())
    insert = text(_NEW_READINGS).bindparams(bindparam("now", type_=UtcTime))
    return connection.execute(insert, {"now": now}).rowcount, behind


def look_again(connection: Connection) -> None:
    """Let PostgreSQL look at the tables' new sizes now: until it does by itself, callers would wait for poor plans."""
    if connection.dialect.name != "sqlite":
        connection.execute(text("ANALYZE accounts, account_phones, account_aliases, meters, registers, readings"))


def _run(connection: Connection, statement: str) -> int:
    return connection.execute(text(statement)).rowcount
