"""Identify the account of a contact: the accounts that a telephone number, or a number that somebody gave, may mean.

A malformed number and an unknown one look alike: nobody finds out here which numbers exist.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ivr.domain.accounts import Account, AccountFormat, plain_alias
from ivr.intake.ports import Accounts, Lookup

FEWEST_OF_ALIAS, MOST_OF_ALIAS = 4, 40
"""Characters of another number of an account: what is shorter is a slip, what is longer is something else."""

_BETWEEN = re.compile(r"[\s\-‐‑–—./]+")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Accounts that may be meant, the likeliest first; none if the number is malformed or unknown.

    named: whether the resident gave the number; else the accounts are only those of the telephone that calls.
    """

    accounts: tuple[Account, ...] = ()
    named: bool = False

    @property
    def offered(self) -> Account | None:
        """The account to be offered, by its last digits alone: whoever calls knows at most a telephone number.

        None where there is none, and where a telephone has several: naming one would tell of the others.
        """
        return self.accounts[0] if len(self.accounts) == 1 else None


class Identify:
    """Finds accounts for any channel."""

    def __init__(self, accounts: Accounts, form: AccountFormat) -> None:
        self._accounts = accounts
        self.form = form

    async def active(self, numbers: Sequence[str]) -> frozenset[str]:
        """Those of the account numbers, at most 2,000, that exist and have a meter in use. Raises StoreUnavailable."""
        return await self._accounts.active(numbers)

    async def any_starts_with_zero(self) -> bool:
        """Whether an account number with a leading zero exists. Raises StoreUnavailable."""
        return await self._accounts.any_starts_with_zero()

    async def by_phone(self, phone: str) -> Candidates:
        """Accounts that list the telephone, at most three. phone: E.164, "" where unknown. Raises StoreUnavailable."""
        return Candidates(tuple(await self._accounts.accounts_of_phone(phone)) if phone else ())

    async def by_number(self, given: str) -> Candidates:
        """Accounts that a number as it was given means: theirs, else another one of theirs. Raises StoreUnavailable."""
        for number in spellings(given, self.form):
            account = await self._accounts.account(number)
            if account is not None:
                return Candidates((account,), named=True)
        alias = alias_of(given)
        return Candidates(tuple(await self._accounts.accounts_of_alias(alias)) if alias else (), named=True)


def by_number(given: str, form: AccountFormat, lookup: Lookup) -> Account | None:
    """The only account that is meant, within a transaction that somebody else has opened; None if several may be."""
    for number in spellings(given, form):
        account = lookup.account(number)
        if account is not None:
            return account
    alias = alias_of(given)
    found = lookup.accounts_of_alias(alias) if alias else ()
    return found[0] if len(found) == 1 else None


def alias_of(given: str) -> str:
    """`given` as another number of an account: an old one, a bank's, the ЕЛС with its letters; "" if it can be none."""
    alias = plain_alias(given)
    return alias if FEWEST_OF_ALIAS <= len(alias) <= MOST_OF_ALIAS and alias.isalnum() else ""


def spellings(given: str, form: AccountFormat) -> Sequence[str]:
    """Account numbers that `given` may be, the likeliest first; () if it can be none.

    Spaces, hyphens, points and slashes do not count. Bills of some retailers leave the leading zeros out (Ivanovo):
    they are put back where that makes a number of an allowed length.
    """
    digits = _BETWEEN.sub("", given)
    if not (digits.isascii() and digits.isdigit()):
        return ()
    longer = (digits.zfill(length) for length in sorted(form.lengths) if length > len(digits))
    return tuple(number for number in (digits, *longer) if form.accepts(number))
