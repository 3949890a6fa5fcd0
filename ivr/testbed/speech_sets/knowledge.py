"""What the line knows while it listens: lists of accounts, the previous reading, the usual use. All made up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from ivr.dialogue.interpretation import AccountInterpreter, ReadingInterpreter
from ivr.domain.accounts import AccountFormat
from ivr.domain.judgement import Limits
from ivr.domain.meters import Meter, Register, Zone
from ivr.domain.readings import Reading, Use

ACCOUNTS = 100_000
TODAY = date(2026, 11, 20)
MONTH_DAYS, MONTHS = 30, 6
USUAL_KWH = 180.0
HOUSEHOLDS, OWN_MONTHS = 0.5, 0.3
"""Spread of the logarithm of use: from household to household, and of one household from month to month."""
BLOCK_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Scattered:
    """A hundred thousand accounts whose numbers are random: few of the possible ones exist."""

    numbers: frozenset[str]

    @classmethod
    def with_numbers(cls, numbers: Collection[str], seed: int) -> Scattered:
        """The numbers and random ones of ten digits beside them."""
        random = Random(f"accounts/{seed}")
        others = {f"{random.randrange(10**10):010d}" for _ in range(max(ACCOUNTS - len(numbers), 0))}
        return cls(frozenset(others | set(numbers)))

    async def active(self, numbers: Sequence[str]) -> frozenset[str]:
        """Those that exist."""
        return self.numbers.intersection(numbers)


@dataclass(frozen=True, slots=True)
class Consecutive:
    """A hundred thousand accounts in one block: every number with the block's first five digits exists."""

    block: str

    @classmethod
    def around(cls, number: str) -> Consecutive:
        """The block that a number lies in."""
        return cls(number[:BLOCK_DIGITS])

    async def active(self, numbers: Sequence[str]) -> frozenset[str]:
        """Those that exist."""
        return frozenset(number for number in numbers if number.startswith(self.block))


def account_of(known: Scattered | Consecutive | None) -> AccountInterpreter:
    """Understands ten digits, by a list of accounts or alone."""
    return AccountInterpreter(AccountFormat(), known.active if known is not None else None)


def reading_of(digits: int, value: int | None, random: Random) -> ReadingInterpreter:
    """Understands a reading: of a meter whose last readings led to `value`, or of one that nothing is known of."""
    register = Register(1, Zone.T1, digits)
    if value is not None:
        usual = USUAL_KWH * random.lognormvariate(0.0, HOUSEHOLDS)
        months = [max(round(usual * random.lognormvariate(0.0, OWN_MONTHS)), 1) for _ in range(MONTHS + 1)]
        last = Reading(max(value - months[-1], 0), TODAY - timedelta(days=MONTH_DAYS))
        uses = tuple(Use(kwh, MONTH_DAYS) for kwh in months[:-1])
        register = Register(1, Zone.T1, digits, base=last, latest=last, uses=uses)
    return ReadingInterpreter(Meter(1, "00123456", (register,)), register, TODAY, Limits())
