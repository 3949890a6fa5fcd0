"""Account numbers (лицевой счёт) and what an account holds.

An account number is text: it keeps its leading zeros and is never turned into an integer.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ivr.domain.meters import Meter

_HYPHENS = "-\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}"


class AliasKind(StrEnum):
    """Whose other number of an account it is."""

    OLD = "old"  # of before a change of numbers
    BANK = "bank"
    ELS = "els"  # единый лицевой счёт of ГИС ЖКХ, digits and letters


def plain_alias(text: str) -> str:
    """A number as it is compared: without spaces and hyphens, in capitals."""
    return "".join(character for character in text.upper() if not character.isspace() and character not in _HYPHENS)


class CheckDigit(StrEnum):
    """How the last digit of an account number protects the others."""

    NONE = "none"
    LUHN = "luhn"
    MOD11 = "mod11"


@dataclass(frozen=True, slots=True)
class AccountFormat:
    """What account numbers of this retailer look like.

    lengths: allowed numbers of digits, for example ``(10,)`` or ``(8, 10)``; not empty.
    check: algorithm of the last digit.
    """

    lengths: tuple[int, ...] = (10,)
    check: CheckDigit = CheckDigit.NONE

    @property
    def longest(self) -> int:
        """The largest allowed number of digits."""
        return max(self.lengths)

    def accepts(self, number: str) -> bool:
        """Whether `number` can be an account number: ASCII digits, an allowed length, a right check digit."""
        if not (number.isascii() and number.isdigit()) or len(number) not in self.lengths:
            return False
        if self.check is CheckDigit.LUHN:
            return luhn_holds(number)
        if self.check is CheckDigit.MOD11:
            return mod11_holds(number)
        return True


def luhn_holds(digits: str) -> bool:
    """Whether the last digit is right by ISO/IEC 7812-1, annex B (Luhn)."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        digit = int(character) * (2 if place % 2 else 1)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def mod11_holds(digits: str) -> bool:
    """Whether the last digit is right by modulus 11 with weights 2, 3, 4 … from the right.

    The digit is the weighted sum modulo 11; a remainder of 10 counts as 0, since a telephone has no X.
    """
    body, check = digits[:-1], int(digits[-1])
    remainder = sum(weight * int(digit) for weight, digit in enumerate(reversed(body), start=2)) % 11
    return check == remainder % 10


@dataclass(frozen=True, slots=True)
class Account:
    """One contract with its place and its meters.

    id: key in the store; number: account number, text; meters: those in use, in the order of their installation.
    aliases: other numbers of the same account, for example an old one or that of a bank. group: of accounts with a
    submission window of their own, "" for the others.
    """

    id: int
    number: str
    district: str = ""
    street: str = ""
    house: str = ""
    flat: str = ""
    meters: tuple[Meter, ...] = ()
    aliases: tuple[str, ...] = ()
    group: str = ""

    @property
    def last_digits(self) -> str:
        """The last four digits, said to the caller to confirm the account."""
        return self.number[-4:]
