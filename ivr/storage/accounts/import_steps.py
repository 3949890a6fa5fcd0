"""The statements of an import, from the temporary tables into the real ones; the same words for both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, Float, Integer, MetaData, Table, Text, bindparam, text

from ivr.domain.meters import MOST_ZONES
from ivr.storage.accounts.account_file import PLACE, BadLine
from ivr.storage.accounts.load import REFUSED
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
    *(Column(name, Text) for name in PLACE),
    Column("meter", Text, index=True),  # NULL for an account without meter
    Column("digits", Integer),
    Column("zones", Integer),
    Column("power_kw", Float(53)),
    Column("taken_at", UtcTime),
    Column("period", Text),
    *(Column(f"t{place}", Integer) for place in range(1, MOST_ZONES + 1)),
    prefixes=_TEMPORARY,
)
phones = Table(
    "import_phones", staging, Column("account", Text), Column("phone", Text, index=True), prefixes=_TEMPORARY
)
spoiled = Table("import_spoiled", staging, Column("account", Text, primary_key=True), prefixes=_TEMPORARY)
readings = Table(
    "import_readings",
    staging,
    Column("register_id", Integer, primary_key=True, autoincrement=False),
    Column("value", Integer),
    Column("taken_at", UtcTime),
    Column("period", Text),
    prefixes=_TEMPORARY,
)

_CONFLICTS = text("""
    SELECT l.line, l.account, l.digits, l.zones, a.number, m.digits AS stored_digits, m.zones AS stored_zones
    FROM import_lines l JOIN meters m ON m.serial = l.meter AND m.removed IS NULL JOIN accounts a ON a.id = m.account_id
    WHERE a.number <> l.account OR m.digits <> l.digits OR m.zones <> l.zones
    ORDER BY l.line
""")

_NEW_ACCOUNTS = """
    INSERT INTO accounts (number, street, house, flat, district, phones)
    SELECT account, street, house, flat, district, phones FROM import_lines l
    WHERE leads AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.number = l.account)
    ORDER BY line
"""
_CHANGED_ACCOUNTS = """
    UPDATE accounts SET street = l.street, house = l.house, flat = l.flat, district = l.district, phones = l.phones
    FROM import_lines l
    WHERE l.leads AND l.account = accounts.number AND (l.street <> accounts.street OR l.house <> accounts.house
        OR l.flat <> accounts.flat OR l.district <> accounts.district OR l.phones <> accounts.phones)
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
    AND NOT EXISTS (SELECT 1 FROM meters m WHERE m.serial = l.meter AND m.removed IS NULL)
    ORDER BY l.line
"""
_CHANGED_POWER = """
    UPDATE meters SET power_kw = l.power_kw FROM import_lines l
    WHERE l.meter = meters.serial AND meters.removed IS NULL AND l.power_kw IS DISTINCT FROM meters.power_kw
"""
_NEW_REGISTERS = """
    INSERT INTO registers (meter_id, zone)
    SELECT m.id, 'T{0}' FROM import_lines l JOIN meters m ON m.serial = l.meter AND m.removed IS NULL
    WHERE l.zones >= {0} AND NOT EXISTS (SELECT 1 FROM registers r WHERE r.meter_id = m.id AND r.zone = 'T{0}')
    ORDER BY m.id
"""
_READINGS_OF_FILE = """
    INSERT INTO import_readings (register_id, value, taken_at, period)
    SELECT r.id, l.t{0}, l.taken_at, l.period
    FROM import_lines l JOIN meters m ON m.serial = l.meter AND m.removed IS NULL
    JOIN registers r ON r.meter_id = m.id AND r.zone = 'T{0}'
    WHERE l.t{0} IS NOT NULL
"""
_IDENTICAL = f"""
    DELETE FROM import_readings WHERE EXISTS (SELECT 1 FROM readings o
        WHERE o.register_id = import_readings.register_id AND o.taken_at = import_readings.taken_at
        AND o.value = import_readings.value AND o.channel = 'billing' AND o.reason NOT LIKE '{REFUSED}%')
"""
# Callers who store a reading of these registers wait from here to the end; see keeping._TURN.
_TURN = "SELECT id FROM registers WHERE id IN (SELECT register_id FROM import_readings) ORDER BY id FOR NO KEY UPDATE"
# What a caller gave and billing got from here comes back: it is no measure of its own, and is known already.
_ECHOES = """
    DELETE FROM import_readings WHERE EXISTS (SELECT 1 FROM readings o
        WHERE o.register_id = import_readings.register_id AND o.period = import_readings.period
        AND o.value = import_readings.value AND o.status = 'exported' AND o.channel <> 'billing')
"""
_CORRECTED = f"""
    UPDATE readings SET status = 'superseded', reason = '{REFUSED}: corrected by billing' FROM import_readings n
    WHERE readings.register_id = n.register_id AND readings.taken_at = n.taken_at AND readings.channel = 'billing'
    AND readings.reason NOT LIKE '{REFUSED}%'
"""
_OUTDATED = """
    UPDATE readings SET status = 'superseded' FROM import_readings n
    WHERE readings.register_id = n.register_id AND readings.period = n.period AND readings.channel = 'billing'
    AND readings.status <> 'superseded' AND readings.taken_at < n.taken_at
"""
_BEHIND = """
    SELECT count(*) FROM import_readings n WHERE EXISTS (SELECT 1 FROM readings o
        WHERE o.register_id = n.register_id AND o.period = n.period AND o.status <> 'superseded')
"""
_NEW_READINGS = """
    INSERT INTO readings (register_id, value, taken_at, period, channel, status, created_at)
    SELECT n.register_id, n.value, n.taken_at, n.period, 'billing', CASE WHEN EXISTS (SELECT 1 FROM readings o
        WHERE o.register_id = n.register_id AND o.period = n.period AND o.status <> 'superseded')
        THEN 'superseded' ELSE 'exported' END, :now
    FROM import_readings n ORDER BY n.register_id
"""


def conflicts(connection: Connection) -> Iterator[BadLine]:
    """Lines of the file that contradict the meters in the store."""
    for row in connection.execute(_CONFLICTS):
        if row.number != row.account:
            yield BadLine(row.line, "meter", "is in use at another account", (row.account,))
            continue
        for name, told, stored in (("digits", row.digits, row.stored_digits), ("zones", row.zones, row.stored_zones)):
            if told != stored:
                yield BadLine(row.line, name, f"is {stored} for this meter so far, not {told}", (row.account,))


def forget_spoiled(connection: Connection) -> None:
    """Leave out all lines of the accounts in `spoiled`."""
    for table in (lines, phones):
        connection.execute(text(f"DELETE FROM {table.name} WHERE account IN (SELECT account FROM import_spoiled)"))


def bring_in_accounts(connection: Connection) -> tuple[int, int]:
    """Accounts and their phones; how many are new, how many changed."""
    new, changed = _run(connection, _NEW_ACCOUNTS), _run(connection, _CHANGED_ACCOUNTS)
    _run(connection, _OLD_PHONES)
    _run(connection, _NEW_PHONES)
    return new, changed


def bring_in_meters(connection: Connection) -> int:
    """Meters and registers; how many meters are new."""
    new = _run(connection, _NEW_METERS)
    _run(connection, _CHANGED_POWER)
    for place in range(1, MOST_ZONES + 1):
        _run(connection, _NEW_REGISTERS.format(place))
    return new


def bring_in_readings(connection: Connection, now: datetime) -> tuple[int, int]:
    """The readings of the file; how many are new, and how many of them stand behind a live one of their period."""
    for place in range(1, MOST_ZONES + 1):
        _run(connection, _READINGS_OF_FILE.format(place))
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
        connection.execute(text("ANALYZE accounts, account_phones, meters, registers, readings"))


def _run(connection: Connection, statement: str) -> int:
    return connection.execute(text(statement)).rowcount
