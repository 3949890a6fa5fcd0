"""Attempts to log in, at the pages and by telephone, with their limits. Works with several nodes.

What counts: failures of one login from one address, few; of one login from all addresses, and of one address at all
logins, more. An attacker who knows a login locks it for their own address, not for its owner; a mistyping user locks no
office that has one address; guessing from many addresses meets the bound of the login (docs/adr/0051).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from ivr.domain.audit import Action, Fact, LockScope
from ivr.domain.users import LOCK
from ivr.storage import tables
from ivr.storage.database.audit import note
from ivr.storage.database.database import Database


@dataclass(frozen=True, slots=True)
class AttemptLimits:
    """Failures allowed within LOCK: of a login from one address, of a login, of an address."""

    pair: int
    login: int
    address: int


AT_PAGES = AttemptLimits(pair=5, login=25, address=100)
"""A hundred failures an hour for a login is the most that OWASP ASVS 4.0, 2.2.1, lets pass."""
BY_TELEPHONE = AttemptLimits(pair=5, login=10, address=30)
"""A PIN has a million values, and only telephones of the house can try them."""

_users = tables.of(tables.User)
_failures = tables.of(tables.LoginFailure)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A login that has begun and counts as failed until it succeeds.

    user: None where nobody has this login. password: the hash to hold the given one against, or that of the PIN.
    locked: too many failures; the password is not to be looked at. failure: the row that counts it.
    """

    user: int | None
    password: str | None
    locked: bool
    failure: int


def begin_attempt(database: Database, login: str | int, address: str, now: datetime) -> Attempt:
    """Count an attempt before its password is looked at, so that many at once cannot pass the limit.

    login: a number means an attempt by telephone, whose secret is the PIN; both are counted apart. Unknown logins are
    counted like known ones, so that a lock does not reveal which logins exist. Refused attempts are not counted.
    Raises StoreUnavailable.
    """
    by_phone = isinstance(login, int)
    column, secret = (_users.c.id, _users.c.pin) if by_phone else (_users.c.login, _users.c.password)
    bounds, row = BY_TELEPHONE if by_phone else AT_PAGES, {"address": _source(address), "login": _key(login), "at": now}
    ours, here = _failures.c.login == row["login"], _failures.c.address == row["address"]
    with database.writing() as connection:
        connection.execute(delete(_failures).where(_failures.c.at < now - LOCK))
        found = select(_users, secret.label("secret")).where(column == login).with_for_update()
        user = connection.execute(found).first()
        of_pair, of_login = _count(connection, ours & here), _count(connection, ours)
        if of_pair >= bounds.pair or of_login >= bounds.login or _count(connection, here) >= bounds.address:
            return Attempt(None, None, True, 0)
        failure = connection.execute(insert(_failures).values(row).returning(_failures.c.id)).scalar_one()
        if user is None or not user.active or user.secret is None:
            return Attempt(None, None, False, failure)
        if of_pair + 1 == bounds.pair or of_login + 1 == bounds.login:
            connection.execute(update(_users).where(_users.c.id == user.id).values(locked_until=now + LOCK))
            scope = LockScope.EVERYWHERE if of_login + 1 == bounds.login else LockScope.ONE_ADDRESS
            note(connection, user.login, now, Action.USER_LOCK, f"user:{user.id}", {Fact.SCOPE: scope})
        return Attempt(user.id, user.secret, False, failure)


def forgive(connection: Connection, attempt: Attempt) -> None:
    """The attempt succeeded: the login's failures from its address are forgotten, those from elsewhere are not."""
    mine = connection.execute(select(_failures).where(_failures.c.id == attempt.failure)).first()
    if mine is None:
        return
    pair = (_failures.c.address == mine.address, _failures.c.login == mine.login)
    whole = _count(connection, pair[0] & pair[1])
    connection.execute(delete(_failures).where(*pair))
    if attempt.user is not None and whole >= min(AT_PAGES.pair, BY_TELEPHONE.pair):  # the last attempt within the limit
        connection.execute(update(_users).where(_users.c.id == attempt.user).values(locked_until=None))


def forget(connection: Connection, user: int, login: str) -> None:
    """All failures of somebody are forgotten, at the pages and by telephone: they may try again from anywhere."""
    connection.execute(delete(_failures).where(_failures.c.login.in_((_key(login), _key(user)))))
    connection.execute(update(_users).where(_users.c.id == user).values(locked_until=None))


def _count(connection: Connection, which: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(_failures).where(which)).scalar_one()


def _key(login: str | int) -> str:
    """What is stored of a login; people also type their password into that field."""
    return hashlib.sha256(repr(login).encode()).hexdigest()


def _source(address: str) -> str:
    """What counts as one address: of IPv6 the network of 64 bits that a provider gives to one customer."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address  # a telephone, or none
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or ip_network((int(parsed), 64), strict=False))
