"""What the use cases need from the outside. The storage implements it; domain values go in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from ivr.domain.accounts import Account
from ivr.domain.contacts import Submission
from ivr.domain.review import Questioned


class Accounts(Protocol):
    """Accounts with their meters and histories. Every method raises StoreUnavailable within its time limit."""

    async def accounts_of_phone(self, phone: str) -> Sequence[Account]:
        """Accounts that list this E.164 number, at most three."""

    async def account(self, number: str) -> Account | None:
        """The account with this number, its meters in use and their histories."""

    async def active(self, numbers: Sequence[str]) -> frozenset[str]:
        """Those of the account numbers, at most 2,000, that exist and have a meter in use."""

    async def any_starts_with_zero(self) -> bool:
        """Whether an account number with a leading zero exists."""


class Readings(Protocol):
    """Where the readings of people are stored."""

    async def keep(self, submission: Submission) -> str:
        """Store a meter's readings, all or none, and return the receipt number of their contact, digits only.

        The same submission again changes nothing and returns the same number. Raises StoreUnavailable within its time
        limit.
        """


class Review(Protocol):
    """The readings under review within one transaction, in which nobody else changes the register of `questioned`."""

    def questioned(self, reading: int) -> Questioned | None:
        """The reading with its meter as it was before the reading's period; None if there is none."""

    def accept(self, reading: int) -> bool:
        """Let it leave for billing; False if it does not wait for a clerk any more."""

    def replace(self, reading: int, value: int, reason: str) -> int | None:
        """Put an accepted reading of another value in its place; its key, None if it does not wait any more."""

    def refuse(self, reading: int, reason: str) -> bool:
        """Take it out of the count, and restore the one that it had replaced; False if it does not wait any more."""


class Reviews(Protocol):
    """The review queue of a clerk."""

    def begin(self, who: str, now: datetime) -> AbstractContextManager[Review]:
        """A transaction: committed at the end, undone by any exception. Its decisions are in the audit.

        who: the clerk's login. Raises StoreUnavailable.
        """


class Clock(Protocol):
    """The time where the customers live."""

    def now(self) -> datetime:
        """Aware local time."""


Find = Callable[[str], Account | None]
"""The account with a number, looked up within somebody's transaction."""
