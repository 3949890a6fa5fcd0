"""Accounts, meters and readings for tests of pages."""

from __future__ import annotations

import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from ivr.storage import tables
from ivr.storage.engine import Database

NUMBER, PHONE, CALLER = "0012345678", "+79161234567", "+79990001122"
VOICE = "voice/2026-11-20/a-1.wav"


def put(database: Database, table: type[Any], **values: Any) -> Any:
    """A row; its key."""
    with database.writing() as connection:
        key = connection.execute(insert(table).values(**values)).inserted_primary_key
        assert key is not None
        return key[0]


def account(database: Database, number: str = NUMBER, zones: int = 1, **fields: Any) -> tuple[int, list[int]]:
    """An account of улица Ленина with a meter of five digits; its id and those of the registers."""
    facts = {"street": "улица Ленина", "house": "5", "flat": "12", "district": "Север", "phones": PHONE} | fields
    key = put(database, tables.Account, number=number, **facts)
    for phone in facts["phones"].split():
        put(database, tables.AccountPhone, phone=phone, account_id=key)
    meter = put(database, tables.Meter, account_id=key, serial=f"M{number}", digits=5, zones=zones)
    return key, [put(database, tables.Register, meter_id=meter, zone=f"T{n + 1}") for n in range(zones)]


def reading(database: Database, register: int, value: int, months_ago: int = 0, **fields: Any) -> int:
    """A reading on the twentieth of a month before December 2026, by default exported and by keys."""
    month = 11 - months_ago
    at = datetime(2026 + (month - 1) // 12, (month - 1) % 12 + 1, 20, 9, tzinfo=UTC)
    facts = {"channel": "phone-keys", "status": "exported", "taken_at": at, "created_at": at, "period": f"{at:%Y-%m}"}
    return int(put(database, tables.Reading, register_id=register, value=value, **facts | fields))


def doubtful(database: Database, register: int, value: int = 15000, **fields: Any) -> int:
    """A flagged reading of November that was said in a call; its id."""
    at = datetime(2026, 11, 20, 9, tzinfo=UTC) + timedelta(seconds=register)
    call = put(
        database, tables.Call, id=f"call-{register}", started_at=at, ended_at=at, caller=CALLER, outcome="stored"
    )
    facts = {"status": "flagged", "channel": "phone-voice", "reason": "above-usual-use", "taken_at": at, "voice": VOICE}
    return reading(database, register, value, **{"call_id": call} | facts | fields)


def year_of(database: Database, register: int) -> None:
    """Ten months of readings before the doubtful one."""
    for ago in range(10, 0, -1):
        reading(database, register, 12000 - ago * 150, ago)


def say(recordings: Path, seconds: float = 0.5) -> Path:
    """The utterance VOICE as the line keeps it."""
    file = recordings / VOICE
    file.parent.mkdir(parents=True)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(range(256)) * int(seconds * 62.5))
    return file
