"""People who use the pages or record by phone: their roles, and what a password and a PIN must be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from itertools import pairwise

from ivr.domain.faults import Conflict, Fault, NotFound

FEWEST_OF_PASSWORD, MOST_OF_PASSWORD = 10, 200
FEWEST_OF_PIN, MOST_OF_PIN = 6, 12
LOCK = timedelta(minutes=15)
"""Time within which failed attempts are counted, and after which they are forgotten."""


class Role(StrEnum):
    """What somebody may do; each page names the roles that may open it."""

    ADMINISTRATOR = "administrator"
    CLERK = "clerk"
    VOICE = "voice"
    VIEWER = "viewer"


@dataclass(frozen=True, slots=True)
class Person:
    """A row of `users` without its secrets. can_enter: has a password; can_record: has a PIN.

    locked_until: until when some address, or all, may not try this login again.
    """

    id: int
    login: str
    role: Role
    active: bool = True
    can_enter: bool = True
    can_record: bool = False
    locked_until: datetime | None = None


class PersonFault(Fault):
    """A change to the users of the pages is impossible."""


@dataclass(eq=False)
class NoSuchPerson(PersonFault, NotFound):
    """Nobody has this number or login."""

    key: int | str


@dataclass(eq=False)
class LoginTaken(PersonFault, Conflict):
    """Somebody has this login already."""

    login: str


class LastAdministrator(PersonFault, Conflict):
    """Nobody else could manage people any more."""


class SecretFault(Enum):
    """Why a login, a password or a PIN is refused."""

    BAD_LOGIN = "bad login"
    SHORT_PASSWORD = "short password"
    LONG_PASSWORD = "long password"
    EASY_PASSWORD = "easy password"
    PIN_FORM = "form of a PIN"
    EASY_PIN = "easy PIN"


def login_fault(login: str) -> SecretFault | None:
    """None for a login that may be used. Letters of any alphabet, lower case."""
    fits = re.fullmatch(r"[\w.@-]{2,40}", login) and login == login.lower()
    return None if fits else SecretFault.BAD_LOGIN


def password_fault(password: str, login: str) -> SecretFault | None:
    """None for a password that may be used. Long rather than full of signs (NIST SP 800-63B)."""
    if len(password) < FEWEST_OF_PASSWORD:
        return SecretFault.SHORT_PASSWORD
    if len(password) > MOST_OF_PASSWORD:
        return SecretFault.LONG_PASSWORD
    easy = len(set(password)) < 3 or password.lower() == login.lower() or _in_a_row(password)
    return SecretFault.EASY_PASSWORD if easy else None


def pin_fault(pin: str) -> SecretFault | None:
    """None for a PIN that may be used."""
    if not re.fullmatch(rf"[0-9]{{{FEWEST_OF_PIN},{MOST_OF_PIN}}}", pin):
        return SecretFault.PIN_FORM
    return SecretFault.EASY_PIN if len(set(pin)) == 1 or _in_a_row(pin) else None


def _in_a_row(text: str) -> bool:
    if not (text.isascii() and text.isdigit()):
        return False
    steps = {(int(later) - int(earlier)) % 10 for earlier, later in pairwise(text)}
    return steps in ({1}, {9})
