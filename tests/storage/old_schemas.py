"""Rows for every table of an earlier schema, as the version of that time left them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import JSON, Connection, DateTime, MetaData, Table, func, insert, inspect, select, text

from tests.storage.conftest import utc

Row = Mapping[str, Any]

NOON = "2026-11-20T09:00:00"
NIGHT = "2026-11-19T21:30:00"  # the 20th already where the customers live
EMERGENCY, REPORTED = "e" * 32, "f" * 32
"""Entries of emergency mode; somebody's report refers to the call that was invented for the second."""

READINGS: tuple[Row, ...] = (
    {"id": 1, "register_id": 1, "value": 100, "taken_at": "2026-10-19T21:00:00", "channel": "billing"}
    | {"period": "2026-10", "status": "exported"},
    {"id": 2, "register_id": 1, "value": 140, "call_id": "call-1", "receipt": "1001", "status": "superseded"},
    {"id": 3, "register_id": 1, "value": 150, "call_id": "call-2", "receipt": "1002", "status": "accepted"},
    {"id": 4, "register_id": 2, "value": 70, "call_id": "call-2", "receipt": "1002", "status": "flagged"}
    | {"reason": "above-usual-use", "voice": "voice/2026-11-20/call-2-1.wav", "channel": "phone-voice"},
    {"id": 5, "register_id": 3, "value": 30, "call_id": EMERGENCY, "receipt": "1005", "status": "flagged"}
    | {"reason": "emergency", "channel": "phone-emergency", "taken_at": NIGHT},
    {"id": 6, "register_id": 3, "value": 20, "call_id": "call-1", "receipt": "1001", "status": "exported"}
    | {"period": "2026-10", "batch": 1, "exported_as": "accepted"},
    {"id": 7, "register_id": 4, "value": 10, "call_id": REPORTED, "receipt": "1006", "status": "accepted"}
    | {"channel": "phone-emergency", "reason": "emergency"},
    {"id": 8, "register_id": 4, "value": 9, "call_id": "call-3", "status": "superseded"},
)
_PLAIN = {"taken_at": NOON, "created_at": NOON, "period": "2026-11", "channel": "phone-keys"}

ROWS: dict[str, tuple[Row, ...]] = {
    "accounts": (
        {
            "id": 1,
            "number": "0012345678",
            "street": "Мира",
            "house": "5",
            "district": "Север",
            "phones": "+79160000001",
        },
        {"id": 2, "number": "0012345679"},
    ),
    "account_phones": ({"phone": "+79160000001", "account_id": 1},),
    "meters": (
        {"id": 1, "account_id": 1, "serial": "A1", "digits": 5, "zones": 2, "power_kw": 15.0},
        {"id": 2, "account_id": 2, "serial": "B2", "digits": 5, "zones": 1},
        {"id": 3, "account_id": 2, "serial": "C3", "digits": 5, "zones": 1, "removed": "2026-11-21"},
    ),
    "registers": (
        {"id": 1, "meter_id": 1, "zone": "T1"},
        {"id": 2, "meter_id": 1, "zone": "T2"},
        {"id": 3, "meter_id": 2, "zone": "T1"},
        {"id": 4, "meter_id": 3, "zone": "T1"},
    ),
    "calls": tuple(
        {"id": name, "node": node, "started_at": NOON, "ended_at": NOON, "outcome": "stored", "account_id": account}
        for name, node, account in (
            ("call-1", "one", 1),
            ("call-2", "one", 1),
            ("call-3", "one", None),
            ("gone", "one", None),
            (EMERGENCY, "", 2),
            (REPORTED, "", 2),
        )
    ),
    "call_steps": ({"call_id": "call-1", "seq": 1, "at": NOON, "kind": "keys", "detail": "0012345678"},),
    "receipts": tuple(
        {"number": number, "call_id": call}
        for number, call in ((1, "call-1"), (2, "call-2"), (5, EMERGENCY), (6, REPORTED), (9, "gone"))
    ),
    "batches": ({"number": 1, "made_at": NOON, "readings": 1, "written_at": NOON},),
    "readings": tuple(_PLAIN | row for row in READINGS),
    "spool_entries": tuple(
        {"id": name, "taken_at": NIGHT, "account": "0012345679", "caller": "+79160000002", "values": ["30"]}
        | {"state": state, "taken_in_at": NOON}
        for name, state in ((EMERGENCY, "stored"), (REPORTED, "stored"), ("a" * 32, "refused"))
    ),
    "audit": ({"id": 1, "at": NOON, "who": "anna", "action": "reading.accept", "subject": "reading:3"},),
    "api_clients": ({"id": 1, "name": "billing", "secret": "x", "created_at": NOON},),
    "users": ({"id": 1, "login": "anna", "role": "clerk", "created_at": NOON},),
    "outages": ({"id": 1, "kind": "emergency", "state": "ended", "district": "Север", "began_at": NOON},),
    "outage_reports": ({"id": 1, "created_at": NOON, "call_id": REPORTED, "outage_id": 1, "trouble": "house"},),
    "callbacks": (
        {"id": 1, "kind": "power", "state": "done", "phone": "+79160000001", "call_id": "call-1", "outage_id": 1},
    ),
    "prompts": ({"id": "identify/ask", "text": "Назовите счёт."},),
    "prompt_numbers": ({"number": 7, "prompt_id": "identify/ask"},),
    "takes": (
        {"id": 1, "prompt_id": "identify/ask", "voice": "anna", "state": "draft", "how": "file", "master": "x.wav"}
        | {"checks": {}, "made_at": NOON},
    ),
    "switches": ({"name": "greeting", "value": "auto", "changed_by": "anna"},),
    "web_sessions": ({"token": "x", "user_id": 1, "seen_at": NOON, "expires_at": NOON},),
    "login_failures": ({"id": 1, "address": "127.0.0.1", "at": NOON},),
    "studio_calls": ({"token": "x", "user_id": 1, "prompt_id": "identify/ask", "expires_at": NOON},),
    "report_hours": ({"hour": NOON, "what": "counted", "count": 1},),
}
_TIMES = {"created_at": NOON, "changed_at": NOON, "due_at": NOON}


def fill(connection: Connection) -> dict[str, int]:
    """A few rows in every table that there is; how many in each."""
    metadata = MetaData()
    metadata.reflect(connection)
    counts = {}
    for table in metadata.sorted_tables:
        if table.name == "alembic_version":
            continue
        rows = ROWS[table.name]
        for row in rows:
            connection.execute(insert(table).values(_fitting(table, row)))
        counts[table.name] = len(rows)
    if connection.dialect.name != "sqlite":
        _advance(connection, metadata)
    connection.execute(text("DELETE FROM receipts WHERE number = 9"))  # its number is not given again
    counts["receipts"] -= 1
    return counts


def count(connection: Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
    return {name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in names}


def _fitting(table: Table, row: Row) -> dict[str, Any]:
    """What the columns of the table take; times of its own where the row has none."""
    return {
        column.name: _typed(column.type, value)
        for column in table.columns
        if (value := (_TIMES | dict(row)).get(column.name)) is not None
    }


def _typed(kind: object, value: Any) -> Any:
    if isinstance(kind, DateTime):
        return utc(value)
    if str(kind) == "DATE":
        return utc(value).date()
    return json.loads(json.dumps(value)) if isinstance(kind, JSON) else value


def _advance(connection: Connection, metadata: MetaData) -> None:
    """PostgreSQL's sequences go on behind rows that were written with their keys."""
    for table in metadata.sorted_tables:
        for column in table.primary_key.columns:
            sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
            if sequence is not None:
                connection.execute(select(func.setval(sequence, select(func.max(column)).scalar_subquery())))
