"""People of the pages: one of each role, with a password that is cheap to check."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from argon2 import PasswordHasher
from sqlalchemy import insert

from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.database.database import Database

PASSWORD = "верный конь 42"

password_hash = cache(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash)
"""As ivr.storage.users.credentials makes them, but cheap to check: the parameters stand in the hash."""


def put_people(database: Database) -> None:
    """A person of each role with PASSWORD."""
    row = {"password": password_hash(PASSWORD), "created_at": datetime.now(UTC)}
    with database.writing() as connection:
        for role in Role:
            connection.execute(insert(tables.of(tables.User)).values(login=role.value, role=role.value, **row))
