"""What the tests of the pages find in the database and in the folders of recordings."""

from __future__ import annotations

import math
import wave
from array import array
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from ivr.domain.journal.steps import (
    Failed,
    HandedBack,
    Identified,
    KeysPressed,
    OutageTold,
    PromptBegan,
    ReadingJudged,
    ReadingsStored,
    Said,
    YesOrNoPressed,
)
from ivr.domain.journal.stored import columns
from ivr.domain.journal.words import Failure, Next, TurnEnd
from ivr.domain.judgement import Verdict
from ivr.domain.meters import Zone
from ivr.domain.outages import Cause, Scope
from ivr.storage import tables
from ivr.storage.database.database import Database

CALL = "0123456789abcdef0123456789abcdef"
CALLER, ACCOUNT = "+79161234567", "4012345678"
UNIQUEID = "1764035308.12"
NUMBER, PHONE, READER = "0012345678", "+79161234567", "+79990001122"
VOICE = "voice/2026-11-20/a-1.wav"


def put(database: Database, table: type[tables.Base], **values: Any) -> Any:
    """A new row; its key."""
    with database.writing() as connection:
        return connection.execute(insert(tables.of(table)).values(values)).inserted_primary_key[0]


def put_account(database: Database, number: str = ACCOUNT, **fields: str) -> int:
    """An account at Север, Ленина, 5."""
    place = {"district": "Север", "street": "Ленина", "house": "5", **fields}
    return int(put(database, tables.Account, number=number, **place))


def put_call(database: Database, **fields: Any) -> datetime:
    """A call of a minute that gave a reading, with a step of most kinds; when it began."""
    began = datetime.now(UTC) - timedelta(minutes=5)
    row: dict[str, Any] = {
        "id": CALL,
        "started_at": began,
        "ended_at": began + timedelta(minutes=1),
        "caller": CALLER,
        "called": "88001000000",
        "outcome": "stored",
        "uniqueid": UNIQUEID,
        **fields,
    }
    put(database, tables.Call, **row)
    steps = (
        PromptBegan("greeting/welcome"),
        KeysPressed(TurnEnd.ANSWER, ACCOUNT),
        PromptBegan("identify/confirm", ("digit/5", "digit/6")),
        YesOrNoPressed(TurnEnd.ANSWER, "1"),
        Identified(),
        Said(TurnEnd.ANSWER, "12150", "двенадцать сто пятьдесят"),
        ReadingJudged(Zone.T1, Verdict.TOO_HIGH),
        ReadingsStored((12150,)),
        OutageTold(7, Scope.STREET, Cause.CABLE),
        Failed(Failure.STORE),
        HandedBack(Next.HANGUP),
    )
    with database.writing() as connection:
        connection.execute(
            insert(tables.of(tables.CallStep)),
            [
                {"call_id": row["id"], "seq": n, "at": began + timedelta(seconds=5 * n), **columns(step)}
                for n, step in enumerate(steps, start=1)
            ],
        )
    return began


def tone(place: Path, hertz: float, seconds: float = 1.0, *, finished: bool = True) -> bytes:
    """A wav of 8 kHz, 16 bit; its samples. finished: with the right length in its header."""
    samples = array("h", (round(8000 * math.sin(math.tau * hertz * n / 8000)) for n in range(round(8000 * seconds))))
    place.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(place), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(samples.tobytes())
    if not finished:
        data = bytearray(place.read_bytes())
        data[4:8] = data[40:44] = bytes(4)
        place.write_bytes(data)
    return samples.tobytes()


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
        database, tables.Call, id=f"call-{register}", started_at=at, ended_at=at, caller=READER, outcome="stored"
    )
    facts = {"status": "flagged", "channel": "phone-voice", "reason": "above-usual-use", "taken_at": at, "voice": VOICE}
    return reading(database, register, value, **{"call_id": call} | facts | fields)


def year_of(database: Database, register: int) -> None:
    """Ten months of readings before the doubtful one."""
    for ago in range(10, 0, -1):
        reading(database, register, 12000 - ago * 150, ago)


def say(recordings: Path, seconds: float = 0.5) -> Path:
    """The utterance VOICE as the line keeps it."""
    tone(recordings / VOICE, 440, seconds)
    return recordings / VOICE
