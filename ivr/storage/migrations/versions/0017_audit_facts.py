"""Details of the audit become facts, reasons become codes: the sentences of earlier versions are read once, here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

Facts = dict[str, Any]

MOST = 5000
"""Rows that are read at once."""
TIME = r"(unknown|\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d\d:\d\d)"
OLDER = r"before (\d{4}-\d\d-\d\d) (\d\d:\d\d)"


def upgrade() -> None:
    """Forwards."""
    op.add_column("audit", sa.Column("facts", sa.Text(), server_default="{}", nullable=False))
    audit = sa.table("audit", *map(sa.column, ("id", "action", "detail", "facts")))
    told = sa.select(audit.c.id, audit.c.action, audit.c.detail).where(audit.c.detail != "").order_by(audit.c.id)
    change = sa.update(audit).where(audit.c.id == sa.bindparam("key")).values(facts=sa.bindparam("known"))
    connection, last = op.get_bind(), 0
    while rows := connection.execute(told.where(audit.c.id > last).limit(MOST)).all():
        last = rows[-1].id
        found = [(row.id, facts_of(row.action, row.detail)) for row in rows]
        values = [{"key": key, "known": json.dumps(facts, ensure_ascii=False, sort_keys=True)} for key, facts in found]
        connection.execute(change, values)
    op.drop_column("audit", "detail")
    op.execute("ALTER TABLE audit RENAME COLUMN facts TO detail")
    op.execute(
        "UPDATE readings SET reason = REPLACE(reason, 'emergency: ', 'emergency ') WHERE reason LIKE 'emergency: %'"
    )
    counted = "reason LIKE '% values for a meter of % zones'"
    op.execute(f"UPDATE spool_entries SET reason = 'another number of zones' WHERE {counted}")


def facts_of(action: str, detail: str) -> Facts:
    """The facts of a row; what is of no known form stays as a text."""
    if action in OUTAGES:
        return _of_outage(action, detail)
    if action in WHOLE:
        return {WHOLE[action]: detail}
    for pattern, read in FORMS.get(action, ()):
        found = re.fullmatch(pattern, detail, re.DOTALL)
        if found:
            return read(*found.groups())
    return {"text": detail}


def _of_outage(action: str, detail: str) -> Facts:
    """Parts come in their order; a person's note is the last one, and may hold anything."""
    facts: Facts = {}
    rest = detail
    for pattern, read in OUTAGES[action]:
        found = re.match(rf"{pattern}(?:; |$)", rest)
        if found:
            facts |= read(*found.groups())
            rest = rest[found.end() :]
    if rest:
        facts["note"] = rest
    return facts


def _time(stamp: str) -> str | None:
    return None if stamp == "unknown" else stamp


def _changed(old: str | int | None, new: str | int | None) -> Facts:
    return {"old": old, "new": new}


def _number(text: str) -> int | None:
    return None if text == "none" else int(text)


def _local(day: str, clock: str) -> str:
    return f"{day}T{clock}"


def _reasons(name: str, text: str | None) -> Facts:
    return {name: text.split(", ")} if text else {}


END: tuple[tuple[str, Callable[..., Facts]], ...] = (
    (rf"at {TIME}, to ring: (\d+)", lambda at, ring: {"ended_at": _time(at), "to_ring": int(ring)}),
    (r"nobody confirmed it", lambda: {"unconfirmed": True}),
)
OUTAGES: dict[str, tuple[tuple[str, Callable[..., Facts]], ...]] = {
    "outage.add": (
        (
            rf"(\w+), (\w+), began {TIME}, expected end {TIME}",
            lambda kind, cause, began, end: {
                "kind": kind,
                "cause": cause,
                "began_at": _time(began),
                "expected_end": _time(end),
            },
        ),
    ),
    "outage.change": (
        (
            rf"expected end {TIME} -> {TIME}",
            lambda old, new: {"expected_end": _changed(_time(old), _time(new))},
        ),
        (r"cause (\w+) -> (\w+)", lambda old, new: {"cause": _changed(old, new)}),
    ),
    "outage.end": END,
    "outage.withdraw": END,
    "outage.reopen": ((r"was (\w+), wait again: (\d+)", lambda was, again: {"was": was, "wait_again": int(again)}),),
    "outage.suspect": (
        (
            r"(\d+) callers within ([\d.]+) minutes",
            lambda callers, minutes: {"callers": int(callers), "minutes": float(minutes)},
        ),
    ),
    "outage.confirm": (
        (r"cause (\w+)", lambda cause: {"cause": cause}),
        (rf"expected end {TIME}", lambda end: {"expected_end": _time(end)}),
    ),
}
WHOLE = {
    "reading.refuse": "note",
    "greeting.switch": "value",
    "surge.switch": "value",
    "studio.ring": "phone",
}
"""Actions whose detail was one fact."""
FORMS: dict[str, tuple[tuple[str, Callable[..., Facts]], ...]] = {
    "user.add": ((r"(\S+) (\w+)", lambda login, role: {"login": login, "role": role}),),
    "user.role": ((r"(\w+) (\w+)", lambda old, new: {"role": _changed(old, new)}),),
    "user.pin": ((r"taken away", lambda: {"removed": True}),),
    "user.lock": (
        (r"everywhere", lambda: {"scope": "everywhere"}),
        (r"one address", lambda: {"scope": "address"}),
    ),
    "reading.correct": (
        (
            r"(\d+) (\d+) reading:(\d+)",
            lambda old, new, key: {"value": _changed(int(old), int(new)), "replacement": int(key)},
        ),
    ),
    "prompt.take": (
        (
            r"(\S+): take (\d+), (\w+)(?:, refused: (.+))?",
            lambda voice, take, how, refused: {
                "voice": voice,
                "take": int(take),
                "how": how,
                **_reasons("refused", refused),
            },
        ),
    ),
    "prompt.publish": (
        (
            r"(\S+): take (\d+), before: (\d+|none)(?:, insisted: (.+))?",
            lambda voice, take, before, insisted: {
                "voice": voice,
                "take": int(take),
                "before": _number(before),
                **_reasons("insisted", insisted),
            },
        ),
    ),
    "prompt.withdraw": (
        (
            r"(\S+): take (\d+), restored: (\d+|none)",
            lambda voice, take, before: {"voice": voice, "take": int(take), "restored": _number(before)},
        ),
    ),
    "prompt.text": (
        (r"«([^«»]*)» -> «([^«»]*)»", lambda old, new: {"text": _changed(old, new)}),
        (r"«([^«»]*)»", lambda text: {"text": text}),
    ),
    "prompt.clean": (
        (
            rf"{OLDER}: (\d+) takes, (\d+) bytes",
            lambda day, clock, takes, size: {
                "older_than": _local(day, clock),
                "takes": int(takes),
                "bytes": int(size),
            },
        ),
    ),
    "studio.call": (
        (r"rung from the pages", lambda: {"entrance": "pages"}),
        (r"by PIN", lambda: {"entrance": "pin"}),
    ),
    "recording.heard": (
        (r"whole call", lambda: {"part": "call"}),
        (r"address", lambda: {"part": "address"}),
        (r"utterance (\d+)", lambda place: {"utterance": int(place)}),
    ),
    "calls.purge": (
        (
            rf"{OLDER}: (\d+) recordings, (\d+) utterances, steps of (\d+) calls",
            lambda day, clock, recordings, utterances, calls: {
                "older_than": _local(day, clock),
                "recordings": int(recordings),
                "utterances": int(utterances),
                "calls": int(calls),
            },
        ),
    ),
}
