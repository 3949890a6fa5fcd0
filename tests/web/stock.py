"""What the tests of the pages find in the database and in the folders of recordings."""

from __future__ import annotations

import math
import wave
from array import array
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from ivr.storage import tables
from ivr.storage.engine import Database

CALL = "0123456789abcdef0123456789abcdef"
CALLER, ACCOUNT = "+79161234567", "4012345678"
UNIQUEID = "1764035308.12"


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
        ("prompt", "greeting/welcome", ""),
        ("keys", "", ACCOUNT),
        ("prompt", "identify/confirm", "digit/5 digit/6"),
        ("yes-no", "", "1"),
        ("identified", "", ""),
        ("voice", "", "12150 «двенадцать сто пятьдесят»"),
        ("judged", "", "T1 above-usual-use"),
        ("stored", "", "12150"),
        ("outage", "", "7 street cable"),
        ("fault", "", "store"),
        ("handed-back", "", "hangup"),
    )
    with database.writing() as connection:
        connection.execute(
            insert(tables.of(tables.CallStep)),
            [
                {"call_id": row["id"], "seq": n, "at": began + timedelta(seconds=5 * n)}
                | {"kind": kind, "prompt": prompt, "detail": detail}
                for n, (kind, prompt, detail) in enumerate(steps, start=1)
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
