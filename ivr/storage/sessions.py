"""Logging in to the pages: attempts with their limits, and who is logged in. Works with several nodes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from ivr.domain.audit import Action
from ivr.domain.people import FAILURES_UNTIL_LOCK, LOCK, Person, Role
from ivr.storage import tables
from ivr.storage.audit import note
from ivr.storage.engine import Database

FAILURES_OF_ADDRESS = 30
"""Failed logins of one address within LOCK: an office behind one address mistypes less often."""
SEEN_EVERY = timedelta(minutes=1)
"""How exactly it is known when somebody was last seen; a row is not written for each page."""

_users = tables.of(tables.User)
_sessions = tables.of(tables.WebSession)
_failures = tables.of(tables.LoginFailure)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that has begun and counts as failed until it succeeds.

    user: None where nobody has this login. password: the hash to hold the given one against, or that of the PIN.
    locked: too many failures of this login or this address; the password is not to be looked at.
    failure: the row of the address.
    """

    user: int | None
    password: str | None
    locked: bool
    failure: int


def begin_attempt(database: Database, login: str | int, address: str, now: datetime) -> Attempt:
    """Count an attempt before its password is looked at, so that many at once cannot pass the limit.

    login: a number means an attempt by telephone, whose secret is the PIN. Raises StoreUnavailable.
    """
    by_phone = isinstance(login, int)
    column, secret = (_users.c.id, _users.c.pin) if by_phone else (_users.c.login, _users.c.password)
    with database.writing() as connection:
        connection.execute(delete(_failures).where(_failures.c.at < now - LOCK))
        failed = connection.execute(
            select(func.count()).select_from(_failures).where(_failures.c.address == address)
        ).scalar_one()
        if failed >= FAILURES_OF_ADDRESS:
            return Attempt(None, None, True, 0)
        new = insert(_failures).values(address=address, at=now).returning(_failures.c.id)
        failure = connection.execute(new).scalar_one()
        found = select(_users, secret.label("secret")).where(column == login).with_for_update()
        row = connection.execute(found).first()
        if row is None or not row.active or row.secret is None:
            return Attempt(None, None, _nobody_is_locked(connection, login, now), failure)
        if row.locked_until is not None and row.locked_until > now:
            return Attempt(row.id, None, True, failure)
        failures = row.failures + 1
        locks = failures >= FAILURES_UNTIL_LOCK
        values = {"failures": 0, "locked_until": now + LOCK} if locks else {"failures": failures, "locked_until": None}
        connection.execute(update(_users).where(_users.c.id == row.id).values(values))
        if locks:
            note(connection, row.login, now, Action.USER_LOCK, f"user:{row.id}")
        return Attempt(row.id, row.secret, False, failure)


def begin_session(
    database: Database, attempt: Attempt, token: str, address: str, lasts: timedelta, now: datetime
) -> None:
    """The attempt succeeded: its count is taken back and `token` opens the pages for `lasts` at most.

    Raises ValueError for an attempt of nobody, StoreUnavailable.
    """
    if attempt.user is None:
        raise ValueError("an attempt of nobody cannot succeed")
    with database.writing() as connection:
        connection.execute(delete(_sessions).where(_sessions.c.expires_at <= now))
        connection.execute(delete(_failures).where(_failures.c.id == attempt.failure))
        unlocked = update(_users).where(_users.c.id == attempt.user).values(failures=0, locked_until=None)
        login = connection.execute(unlocked.returning(_users.c.login)).scalar_one()
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


def _nobody_is_locked(connection: Connection, login: str | int, now: datetime) -> bool:
    """Logins of nobody are locked as those of people are, so that the lock does not tell who exists."""
    nobody = f"nobody:{hash_of(repr(login))}"
    failed = connection.execute(select(func.count()).select_from(_failures).where(_failures.c.address == nobody))
    if failed.scalar_one() >= FAILURES_UNTIL_LOCK:
        return True
    connection.execute(insert(_failures).values(address=nobody, at=now))
    return False


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
