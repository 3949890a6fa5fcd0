"""Steps of calls: their facts as JSON in place of glued words; what cannot be understood keeps its text."""

from __future__ import annotations

import json
import re
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0012"

AT_ONCE = 5000
BARE = ("prompt", "identified", "hung-up", "recording")
"""Kinds that need no facts: an empty detail stays."""
LEGACY = "legacy"

ANSWER = re.compile(r"(?P<given>[^«]*?)\s*(?:«(?P<words>.*)»)?", re.DOTALL)
TURN_ENDS = frozenset({"answer", "no-input", "keys-only", "not-understood", "overrun", "hotline", "operator", "report"})
TURN_ENDS |= {"repeat", "back", "help", "cancel"}
VERDICTS = frozenset({"accepted", "same-value", "rollover", "lower-than-last", "above-usual-use", "above-connection"})
VERDICTS |= {"too-many-digits", "zones-swapped"}
JUDGED = re.compile(r"(?P<zone>T[123]) (?P<verdict>\S+)")
TOLD = re.compile(
    r"(?P<outage>\d{1,18}) (?P<scope>district|street|house) "
    r"(?P<cause>suspected|works|cable|line|substation|weather|unknown)",
    re.ASCII,
)
REPORTED = re.compile(r"(?P<number>\d+) (?P<trouble>flat|house|street|danger|flicker)", re.ASCII)
NUMBER = re.compile(r"\d{1,18}", re.ASCII)
FAULTS = {
    "store": "store",
    "outages": "outages",
    "reading not stored": "reading-not-stored",
    "report not stored": "report-not-stored",
    "promise not stored": "promise-not-stored",
    "recogniser": "recogniser",
    "session": "session",
    "too long": "too-long",
    "daemon stops": "daemon-stops",
    "dialogue": "dialogue",
}
WORDS = {
    "handed-back": ("to", frozenset({"hotline", "operator", "message", "hangup"})),
    "refused": ("why", frozenset({"person", "telephone"})),
    "recorded": ("ended", TURN_ENDS),
}
"""Kind -> its only fact, and the words that it can be."""
NUMBERS = {"promised": "outage", "take": "take", "published": "take", "taken-back": "number"}
"""Kind -> its only fact, a number."""
TEXTS = {"corrected": "given", "studio": "login"}
"""Kind -> its only fact, a text."""

steps = sa.table(
    "call_steps", sa.column("call_id", sa.Text()), sa.column("seq", sa.Integer()), sa.column("kind", sa.Text()),
    sa.column("detail", sa.Text()),
)  # fmt: skip


def upgrade() -> None:
    """Forwards: by AT_ONCE rows, in the order of the key."""
    connection = op.get_bind()
    told = sa.or_(steps.c.detail != "", steps.c.kind.not_in(BARE))
    some = sa.select(steps).where(told).order_by(steps.c.call_id, steps.c.seq).limit(AT_ONCE)
    change = (
        sa.update(steps)
        .where(steps.c.call_id == sa.bindparam("call"), steps.c.seq == sa.bindparam("place"))
        .values(kind=sa.bindparam("new_kind"), detail=sa.bindparam("new_detail"))
    )
    rows = connection.execute(some).all()
    while rows:
        changed = []
        for row in rows:
            kind, detail = converted(row.kind, row.detail)
            changed.append({"call": row.call_id, "place": row.seq, "new_kind": kind, "new_detail": detail})
        connection.execute(change, changed)
        last = sa.tuple_(sa.literal(rows[-1].call_id), sa.literal(rows[-1].seq))
        rows = connection.execute(some.where(sa.tuple_(steps.c.call_id, steps.c.seq) > last)).all()


def converted(kind: str, detail: str) -> tuple[str, str]:
    """Kind and detail of a step in the new form."""
    found = facts(kind, detail)
    if found is None:
        kind, found = LEGACY, {"was": kind} | ({"text": detail} if detail else {})
    return kind, json.dumps(found, ensure_ascii=False, separators=(",", ":")) if found else ""


def facts(kind: str, detail: str) -> dict[str, Any] | None:
    """What the words of a step mean, None if nobody knows."""
    if kind in WORDS:
        name, words = WORDS[kind]
        return {name: detail} if detail in words else None
    if kind in NUMBERS:
        return {NUMBERS[kind]: int(detail)} if NUMBER.fullmatch(detail) else None
    if kind in TEXTS:
        return {TEXTS[kind]: detail}
    match kind:
        case "prompt":
            return {"pieces": detail.split()} if detail else {}
        case "identified" | "hung-up" | "recording":
            return None if detail else {}
        case "greeting":
            return {} if detail == "short" else None
        case "keys" | "yes-no" | "voice":
            return answer(kind, detail)
        case "judged":
            judged = JUDGED.fullmatch(detail)
            return judged.groupdict() if judged and judged["verdict"] in VERDICTS else None
        case "close":
            return {"numbers": detail.split()}
        case "stored":
            values = detail.split()
            return {"values": [int(one) for one in values]} if all(map(NUMBER.fullmatch, values)) else None
        case "outage":
            told = TOLD.fullmatch(detail)
            if told is None:
                return None
            cause = {} if told["cause"] == "suspected" else {"cause": told["cause"]}
            return {"outage": int(told["outage"]), "scope": told["scope"], **cause}
        case "reported":
            reported = REPORTED.fullmatch(detail)
            return reported.groupdict() if reported else None
        case "fault":
            return {"what": FAULTS[detail]} if detail in FAULTS else None
    return None


def answer(kind: str, detail: str) -> dict[str, Any] | None:
    """A turn of the caller: what was given or how it ended, and the words that were heard, in «»."""
    found = ANSWER.fullmatch(detail)
    if found is None or not found["given"] or (found["words"] and kind != "voice"):
        return None
    given, words = found["given"], found["words"]
    said = {"words": words} if words else {}
    return {"ended": given, **said} if given in TURN_ENDS else {"ended": "answer", "given": given, **said}
