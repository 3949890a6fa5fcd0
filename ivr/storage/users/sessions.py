"""Sessions of users logged in to the pages. Works with several nodes."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from ivr.domain.audit import Action
from ivr.domain.users import Person, Role
from ivr.storage import tables
from ivr.storage.database.audit import note
from ivr.storage.database.database import Database
from ivr.storage.users.login_throttle import Attempt, forgive

SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when somebody was last seen; a row is not written for each page."""

_users = tables.of(tables.User)
_sessions = tables.of(tables.WebSession)


def begin_session(
    database: Database, attempt: Attempt, token: str, address: str, lasts: timedelta, now: datetime
) -> None:
    """The attempt succeeded: its failures are forgiven and `token` opens the pages for `lasts` at most.

    Raises ValueError for an attempt of nobody, StoreUnavailable.
    """
    if attempt.user is None:
        raise ValueError("an attempt of nobody cannot succeed")
    with database.writing() as connection:
        connection.execute(delete(_sessions).where(_sessions.c.expires_at <= now))
        forgive(connection, attempt)
        login = connection.execute(select(_users.c.login).where(_users.c.id == attempt.user)).scalar_one()
        row = {"token": hash_of(token), "user_id": attempt.user, "address": address, "created_at": now, "seen_at": now}
        connection.execute(insert(_sessions).values(row | {"expires_at": now + lasts}))
        note(connection, login, now, Action.LOGIN, f"user:{attempt.user}")


def who_is(database: Database, token: str, idle: timedelta, now: datetime, *, attended: bool = True) -> Person | None:
    """Whose session this is; None when it is nobody's, has expired, or was not used for `idle`.

    attended: somebody uses it now; False: a script of a page asks, which keeps no session alive.
    Raises StoreUnavailable.
    """
    key = hash_of(token)
    query = (
        select(_users, _sessions.c.seen_at, _sessions.c.expires_at)
        .join(_sessions, _sessions.c.user_id == _users.c.id)
        .where(_sessions.c.token == key, _users.c.active)
    )
    with database.reading() as connection:
        row = connection.execute(query).first()
    if row is None or row.expires_at <= now or row.seen_at + idle <= now:
        return None
    if attended and row.seen_at + min(SEEN_EVERY, idle / 4) <= now:
        with database.writing() as connection:
            connection.execute(update(_sessions).where(_sessions.c.token == key).values(seen_at=now))
    return Person(row.id, row.login, Role(row.role), row.active, True, row.pin is not None, row.locked_until)


def end_session(database: Database, token: str, now: datetime) -> None:
    """Log out here. Raises StoreUnavailable."""
    with database.writing() as connection:
        gone = delete(_sessions).where(_sessions.c.token == hash_of(token)).returning(_sessions.c.user_id)
        user = connection.execute(gone).scalar()
        if user is not None:
            _note_logout(connection, user, now, Action.LOGOUT)


def end_sessions(database: Database, user: int, now: datetime) -> int:
    """Log out everywhere; how many sessions ended. Raises StoreUnavailable."""
    with database.writing() as connection:
        gone = delete(_sessions).where(_sessions.c.user_id == user).returning(_sessions.c.token)
        ended = len(connection.execute(gone).all())
        _note_logout(connection, user, now, Action.LOGOUT_EVERYWHERE)
    return ended


def answers(database: Database) -> None:
    """Returns where the database can be read. Raises StoreUnavailable."""
    with database.reading() as connection:
        connection.execute(select(func.count()).select_from(select(_users.c.id).limit(1).subquery()))


def hash_of(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _note_logout(connection: Connection, user: int, now: datetime, action: Action) -> None:
    login = connection.execute(select(_users.c.login).where(_users.c.id == user)).scalar_one()
    note(connection, login, now, action, f"user:{user}")
