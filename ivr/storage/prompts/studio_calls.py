"""Permission to record by telephone: a PIN with the user's number, or a token for one call that the pages began."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, delete, insert, select

from ivr.domain.audit import Action, Fact, StudioEntrance
from ivr.domain.users import Person, Role
from ivr.storage import tables
from ivr.storage.database.audit import note
from ivr.storage.database.database import Database
from ivr.storage.users.login_throttle import Attempt, forgive
from ivr.storage.users.sessions import hash_of
from ivr.storage.users.users import person_of_row

LEAVE = timedelta(minutes=2)
"""From the click on the page to the answer at the telephone."""
CALLED = "*77"
"""What calls to the studio have dialled, or begin with; no call from outside brings a star (dialplan)."""
MAY_RECORD = frozenset({Role.ADMINISTRATOR, Role.VOICE})

_users = tables.of(tables.User)
_calls = tables.of(tables.StudioCall)


@dataclass(frozen=True, slots=True)
class Begun:
    """A call that the pages began, and the user responsible for it."""

    person: Person
    prompt_id: str


def from_outside(calls: FromClause) -> ColumnElement[bool]:
    """Of `calls` or its alias: those that are no calls to the studio. Figures count these alone."""
    return ~calls.c.called.startswith(CALLED)


def give_leave(database: Database, person: int, prompt_id: str, phone: str, now: datetime) -> str:
    """Allow the call to `phone`, answered within LEAVE, to record one prompt as this user; returns a one-time token.

    Raises StoreUnavailable.
    """
    token = secrets.token_hex(16)
    with database.writing() as connection:
        connection.execute(delete(_calls).where(_calls.c.expires_at <= now))
        row = {"token": hash_of(token), "user_id": person, "prompt_id": prompt_id, "expires_at": now + LEAVE}
        connection.execute(insert(_calls).values(row))
        login = connection.execute(select(_users.c.login).where(_users.c.id == person)).scalar_one()
        note(connection, login, now, Action.STUDIO_RING, f"prompt:{prompt_id}", {Fact.PHONE: phone})
    return token


def take_leave(database: Database, token: str, now: datetime) -> Begun | None:
    """Use a token up. None where there is no such token, or it is too old. Raises StoreUnavailable."""
    with database.writing() as connection:
        gone = delete(_calls).where(_calls.c.token == hash_of(token)).returning(*_calls.c)
        leave = connection.execute(gone).first()
        if leave is None or leave.expires_at <= now:
            return None
        row = connection.execute(select(_users).where(_users.c.id == leave.user_id, _users.c.active)).first()
        if row is None or Role(row.role) not in MAY_RECORD:
            return None
        facts = {Fact.ENTRANCE: StudioEntrance.PAGES}
        note(connection, row.login, now, Action.STUDIO_CALL, f"user:{row.id}", facts)
        return Begun(person_of_row(row), leave.prompt_id)


def may_record(database: Database, person: int) -> bool:
    """Whether a user with access may still record. Raises StoreUnavailable."""
    with database.reading() as connection:
        row = connection.execute(select(_users.c.role).where(_users.c.id == person, _users.c.active)).first()
    return row is not None and Role(row.role) in MAY_RECORD


def enter(database: Database, attempt: Attempt, now: datetime) -> Person | None:
    """The PIN of an attempt fits: uncount it. None for users who may not record, whatever the PIN.

    Raises StoreUnavailable.
    """
    with database.writing() as connection:
        row = connection.execute(select(_users).where(_users.c.id == attempt.user, _users.c.active)).first()
        if row is None or Role(row.role) not in MAY_RECORD:
            return None
        forgive(connection, attempt)
        note(connection, row.login, now, Action.STUDIO_CALL, f"user:{row.id}", {Fact.ENTRANCE: StudioEntrance.PIN})
        return person_of_row(row)
