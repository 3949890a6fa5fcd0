"""`ivr bench studio`: a database of the size of a real one, made by SQL in a minute, the same each time.

Rows are numbered by a recursive query and everything else follows from the number, so that nothing travels between
this program and the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from ivr.dialogue.prompts import Prompt
from ivr.domain.journal.steps import KeysPressed, PromptBegan, YesOrNoPressed
from ivr.domain.journal.stored import columns
from ivr.domain.journal.words import TurnEnd
from ivr.storage.database.database import Database

DAYS, LONGEST_BETWEEN_S = 30, 1800.0
"""Days behind now that the calls are spread over; fewer calls than one in half an hour are spread over fewer."""
FLAGGED_OF = 200
"""One of so many readings of the newest month waits for a clerk."""
STEPS = (
    PromptBegan(Prompt.WELCOME),
    PromptBegan(Prompt.IDENTIFY_ASK),
    KeysPressed(TurnEnd.ANSWER, "4000000000"),
    PromptBegan(Prompt.IDENTIFY_CONFIRM),
    YesOrNoPressed(TurnEnd.ANSWER, "1"),
    PromptBegan(Prompt.READING_LAST),
    PromptBegan(Prompt.READING_ASK),
    KeysPressed(TurnEnd.ANSWER, "12150"),
    PromptBegan(Prompt.READING_CONFIRM),
    YesOrNoPressed(TurnEnd.ANSWER, "1"),
    PromptBegan(Prompt.READING_STORED),
    PromptBegan(Prompt.MENU_ELSE),
)
"""What happens in a call, until it ends somewhere behind the fourth step."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows."""

    readings: int = 1_000_000
    calls: int = 100_000
    accounts: int = 100_000

    @property
    def registers(self) -> int:
        """A meter for each account; every sixth has two zones."""
        return self.accounts + self.accounts // 6

    @property
    def months(self) -> int:
        """Months of readings for each register."""
        return max(1, -(-self.readings // self.registers))


def fill(database: Database, size: Size, now: datetime, progress: Callable[[str], None]) -> None:
    """Fill a database with the newest schema and no accounts. Raises StoreUnavailable, IntegrityError."""
    for name, statement in _statements(database, size, now):
        progress(name)
        with database.writing() as connection:
            connection.execute(text(statement))
    if database.is_sqlite:
        return
    with database.writing() as connection:
        _number_on(connection)
        connection.execute(text("ANALYZE"))


def _number_on(connection: Connection) -> None:
    for table in ("accounts", "meters", "registers", "readings", "outages", "outage_reports", "callbacks"):
        last = f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
        connection.execute(text(last))


def _statements(database: Database, size: Size, now: datetime) -> Iterator[tuple[str, str]]:
    sqlite = database.is_sqlite

    def at(seconds: str) -> str:
        """A time as this database stores it, from seconds since 1970."""
        if sqlite:
            return f"strftime('%Y-%m-%d %H:%M:%f000', {seconds}, 'unixepoch')"
        return f"to_timestamp({seconds})"

    def numbers(count: int) -> str:
        return f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1})"

    end = int(now.timestamp())
    every = min(DAYS * 86400 / size.calls, LONGEST_BETWEEN_S)
    first = end - int(size.calls * every)
    padded = "printf('%07d', {})" if sqlite else "lpad(({})::text, 7, '0')"
    small = padded.format("i % 10000000")

    yield (
        "accounts",
        f"""INSERT INTO accounts (id, number, street, house, flat, district, phones) {numbers(size.accounts)}
        SELECT i + 1, CAST(4000000000 + i AS TEXT), 'улица Строителей ' || (i % 997), CAST(i / 997 % 60 + 1 AS TEXT),
        CAST(i % 120 + 1 AS TEXT), 'Район ' || (i % 7), '+7916' || {small} FROM n""",
    )
    yield (
        "account_phones",
        "INSERT INTO account_phones (phone, account_id) SELECT phones, id FROM accounts",
    )
    yield (
        "meters",
        f"""INSERT INTO meters (id, account_id, serial, digits, zones) {numbers(size.accounts)}
        SELECT i + 1, i + 1, '1' || {small}, 6, CASE WHEN i % 6 = 5 THEN 2 ELSE 1 END FROM n""",
    )
    yield (
        "registers",
        f"""INSERT INTO registers (id, meter_id, zone) {numbers(size.registers)}
        SELECT i + 1, CASE WHEN i < {size.accounts} THEN i + 1 ELSE (i - {size.accounts}) * 6 + 6 END,
        CASE WHEN i < {size.accounts} THEN 'T1' ELSE 'T2' END FROM n""",
    )
    yield (
        "calls",
        f"""INSERT INTO calls (id, node, started_at, ended_at, caller, called, account_id, outcome)
        {numbers(size.calls)}
        SELECT 'bench' || i, 'bench', {at(f"{first} + CAST(i * {every} AS INTEGER)")},
        {at(f"{first} + CAST(i * {every} AS INTEGER) + 30 + i % 90")},
        '+7916' || {padded.format(f"i * 7919 % {max(1, size.calls // 2)}")}, '100', i * 31 % {size.accounts} + 1,
        CASE WHEN i % 10 < 6 THEN 'stored' WHEN i % 10 < 8 THEN 'nothing' WHEN i % 10 < 9 THEN 'hotline'
        ELSE 'operator' END FROM n""",
    )
    kept = [columns(step) for step in STEPS]
    rows = [f"({seq}, '{one['kind']}', '{one['prompt']}', '{one['detail']}')" for seq, one in enumerate(kept, start=1)]
    moment = "started_at" if sqlite else "started_at + seq * interval '2 seconds'"
    yield (
        "call_steps",
        f"""INSERT INTO call_steps (call_id, seq, at, kind, prompt, detail)
        WITH s(seq, kind, prompt, detail) AS (VALUES {", ".join(rows)})
        SELECT id, seq, {moment}, kind, prompt, detail FROM calls JOIN s
        ON seq <= CASE WHEN outcome = 'nothing' THEN 4 + account_id % 5 ELSE 12 END""",
    )
    yield (
        "hang-ups",
        """INSERT INTO call_steps (call_id, seq, at, kind, prompt, detail)
        SELECT id, 13, ended_at, 'hung-up', '', '' FROM calls WHERE outcome IN ('nothing', 'stored')""",
    )
    for month in range(size.months):
        yield from _month(size, month, now, at, numbers)
    yield (
        "outages",
        f"""INSERT INTO outages (id, kind, state, district, cause, began_at, created_at) {numbers(200)}
        SELECT i + 1, 'emergency', CASE WHEN i < 5 THEN 'open' ELSE 'ended' END, 'Район ' || (i % 7), 'cable',
        {at(f"{end} - i * 3600")}, {at(f"{end} - i * 3600")} FROM n""",
    )
    yield (
        "outage_reports",
        f"""INSERT INTO outage_reports (id, created_at, call_id, account_id, outage_id, district, trouble)
        {numbers(min(size.calls, 10_000))}
        SELECT i + 1, {at(f"{end} - i * 200")}, 'bench' || i, i % {size.accounts} + 1, i % 200 + 1,
        'Район ' || (i % 7), 'house' FROM n""",
    )
    yield (
        "callbacks",
        f"""INSERT INTO callbacks (id, kind, state, phone, account_id, due_at, created_at, finished_at) {numbers(1000)}
        SELECT i + 1, 'queue', 'done', '+7917' || {small}, i % {size.accounts} + 1, {at(f"{end} - i * 600")},
        {at(f"{end} - i * 600")}, {at(f"{end} - i * 300")} FROM n""",
    )


def _month(
    size: Size, month: int, now: datetime, at: Callable[[str], str], numbers: Callable[[int], str]
) -> Iterator[tuple[str, str]]:
    """Readings of one month, the oldest first; those of the newest are spread over the days before now."""
    oldest = size.readings - (size.months - 1) * size.registers
    count = size.registers if month else oldest
    before = oldest + (month - 1) * size.registers if month else 0
    ago = size.months - 1 - month
    taken = now.astimezone(UTC) - timedelta(days=30 * ago)
    newest = ago == 0
    seconds = f"{int(taken.timestamp())} - i * 13 % {10 * 86400}"
    # Months of thirty days can name one twice: the name counts on from the newest.
    year, number = divmod((now.year * 12 + now.month - 1) - ago, 12)
    period = f"{year:04d}-{number + 1:02d}"
    flagged = f"i % {FLAGGED_OF} = 0" if newest else "1 = 0"
    yield (
        f"readings of {period}",
        f"""INSERT INTO readings (id, register_id, value, taken_at, period, channel, status, reason, created_at)
        {numbers(count)}
        SELECT {before} + i + 1, i + 1, 1000 + i % 5000 + {month} * (90 + i % 120), {at(seconds)},
        '{period}', CASE WHEN i % 3 = 0 THEN 'phone-voice' ELSE 'phone-keys' END,
        CASE WHEN {flagged} THEN 'flagged' WHEN {int(newest)} = 1 THEN 'accepted' ELSE 'exported' END,
        CASE WHEN {flagged} THEN 'above-usual-use' ELSE '' END, {at(seconds)} FROM n""",
    )
