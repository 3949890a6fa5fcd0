"""Users of the pages and of recording by phone: rows of `users`. The audit logs every change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from ivr.domain.audit import Action, Fact, Facts, changed
from ivr.domain.users import LastAdministrator, LoginTaken, NoSuchPerson, Person, Role
from ivr.storage import tables
from ivr.storage.database.audit import note
from ivr.storage.database.database import Database
from ivr.storage.tables.columns import AnyRow
from ivr.storage.users.login_throttle import forget

_users = tables.of(tables.User)
_sessions = tables.of(tables.WebSession)


def everybody(database: Database) -> list[Person]:
    """All users, by login, including disabled ones. Raises StoreUnavailable."""
    with database.reading() as connection:
        return [person_of_row(row) for row in connection.execute(select(_users).order_by(_users.c.login))]


def find(database: Database, key: int | str) -> Person:
    """Somebody by number or by login. Raises NoSuchPerson, StoreUnavailable."""
    with database.reading() as connection:
        return person_of_row(_row(connection, key))


def add(database: Database, login: str, role: Role, password: str | None, who: str, now: datetime) -> Person:
    """A new user; `password` is a hash, None for recording by phone only. Raises LoginTaken, StoreUnavailable."""
    values = {"login": login, "role": role.value, "password": password, "created_at": now}
    try:
        with database.writing() as connection:
            key = connection.execute(insert(_users).values(values).returning(_users.c.id)).scalar_one()
            note(connection, who, now, Action.USER_ADD, f"user:{key}", {Fact.LOGIN: login, Fact.ROLE: role.value})
            return person_of_row(_row(connection, key))
    except IntegrityError as error:
        raise LoginTaken(login) from error


def set_role(database: Database, key: int | str, role: Role, who: str, now: datetime) -> Person:
    """Give another role; it holds from the next page on. Raises NoSuchPerson, LastAdministrator, StoreUnavailable."""
    with database.writing() as connection:
        row = _row(connection, key)
        if role is not Role.ADMINISTRATOR:
            _leave_an_administrator(connection, row)
        facts = {Fact.ROLE: changed(row.role, role.value)}
        return _changed(connection, row, {"role": role.value}, who, now, Action.USER_ROLE, facts)


def set_active(database: Database, key: int | str, active: bool, who: str, now: datetime) -> Person:
    """Enable a user, or disable one at once: all their sessions end. Raises as set_role does."""
    with database.writing() as connection:
        row = _row(connection, key)
        if not active:
            _leave_an_administrator(connection, row)
            connection.execute(delete(_sessions).where(_sessions.c.user_id == row.id))
        forget(connection, row.id, row.login)
        values = {"active": active}
        return _changed(connection, row, values, who, now, Action.USER_ENABLE if active else Action.USER_DISABLE)


def set_password(
    database: Database, key: int | str, password: str, who: str, now: datetime, *, but: str = ""
) -> Person:
    """A new password, as a hash; it ends the lock and all sessions except the one with the token hash `but`.

    Raises NoSuchPerson, StoreUnavailable.
    """
    with database.writing() as connection:
        row = _row(connection, key)
        connection.execute(delete(_sessions).where(_sessions.c.user_id == row.id, _sessions.c.token != but))
        forget(connection, row.id, row.login)
        values = {"password": password}
        return _changed(connection, row, values, who, now, Action.USER_PASSWORD)


def set_pin(database: Database, key: int | str, pin: str | None, who: str, now: datetime) -> Person:
    """A new PIN for recording by phone, as a hash; None takes it away. Raises NoSuchPerson, StoreUnavailable."""
    with database.writing() as connection:
        row = _row(connection, key)
        return _changed(connection, row, {"pin": pin}, who, now, Action.USER_PIN, None if pin else {Fact.REMOVED: True})


def _changed(
    connection: Connection,
    row: AnyRow,
    values: Mapping[str, object],
    who: str,
    now: datetime,
    action: Action,
    facts: Facts | None = None,
) -> Person:
    connection.execute(update(_users).where(_users.c.id == row.id).values(values))
    note(connection, who, now, action, f"user:{row.id}", facts)
    return person_of_row(_row(connection, row.id))


def _leave_an_administrator(connection: Connection, row: AnyRow) -> None:
    # The rows of the administrators are locked, so that two of them cannot send each other away at the same moment.
    rest = (
        select(_users.c.id)
        .where(_users.c.role == Role.ADMINISTRATOR.value, _users.c.active, _users.c.password.is_not(None))
        .order_by(_users.c.id)
        .with_for_update()
    )
    administrators = set(connection.execute(rest).scalars())
    if administrators <= {row.id} and row.role == Role.ADMINISTRATOR.value and row.active:
        raise LastAdministrator


def _row(connection: Connection, key: int | str) -> AnyRow:
    column = _users.c.id if isinstance(key, int) else func.lower(_users.c.login)
    row = connection.execute(select(_users).where(column == key)).first()
    if row is None:
        raise NoSuchPerson(key)
    return row


def person_of_row(row: AnyRow) -> Person:
    """Somebody from a row that holds all columns of `users`."""
    return Person(
        id=row.id,
        login=row.login,
        role=Role(row.role),
        active=row.active,
        can_enter=row.password is not None,
        can_record=row.pin is not None,
        locked_until=row.locked_until,
    )
