"""Match the recogniser's hypotheses with the active accounts to find the account that the caller named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence

from ivr.dialogue.hypotheses import MARGIN, command_of, pooled
from ivr.dialogue.ports import Hypothesis, Interpretation
from ivr.domain.accounts import AccountFormat
from ivr.language.port import Intent
from ivr.language.selected import LANGUAGE

Active = Callable[[Sequence[str]], Awaitable[frozenset[str]]]

MOST_LOOKUPS = 2000
MOST_RIVALS = 2

# Natural logarithms, tried on the benchmark's development set (the woman of Debian's Asterisk sounds).
FAR_FROM_BEST = 10.0  # the line offers, but does not take, an account so much less likely than the best
OWN = 4.0  # an account of the number that calls
MISHEARD = 6.0  # one digit taken for another
CONFUSED = 4.0  # the same for digits that sound alike
LOST_OR_ADDED = 6.5  # one digit not heard, or one too many


class AccountInterpreter:
    """Understands an account number; one for each question.

    active: tells which of at most 2,000 numbers are active accounts; None where no list is known.
    own: active accounts of the number that calls. refused: what the caller has said no to.
    """

    def __init__(
        self,
        form: AccountFormat,
        active: Active | None,
        own: Collection[str] = (),
        refused: Collection[str] = (),
    ) -> None:
        self._form = form
        self._active = active
        self._own = frozenset(own)
        self._refused = frozenset(refused)
        self._known: dict[str, bool] = {}

    async def interpret(self, heard: Sequence[Hypothesis]) -> Interpretation:
        """The account that was named, a near one to offer, or a number of the right form that is none."""
        command = command_of(heard)
        if command is not None:
            return command
        if heard and LANGUAGE.lone_digit(heard[0].words) == "0":
            return Interpretation(intent=Intent.HOTLINE)  # not complete: it may be the first digit of a number
        pool = {
            digits: candidate.cost - (OWN if digits in self._own else 0.0)
            for digits, candidate in pooled(heard, self._form.longest + 1)
            if digits not in self._refused
        }
        right = [digits for digits in pool if self._form.accepts(digits)]
        if self._active is None:
            return self._chosen({digits: pool[digits] for digits in right}, offered=False)
        exact = await self._existing(right)
        if exact is None:
            return self._chosen({digits: pool[digits] for digits in right}, offered=False)
        if exact:
            found = {digits: pool[digits] for digits in right if digits in exact}
            far = min(found.values()) - min(pool.values()) > FAR_FROM_BEST
            return self._chosen(found, offered=far)
        return await self._near(pool, right)

    async def _near(self, pool: dict[str, float], right: list[str]) -> Interpretation:
        """An account to offer, one digit away from the recognised number."""
        near: dict[str, float] = {}
        for digits, cost in sorted(pool.items(), key=lambda item: item[1]):
            for other, step in neighbours(digits, self._form.lengths):
                if len(near) >= MOST_LOOKUPS:
                    break
                if other not in self._refused and cost + step < near.get(other, float("inf")):
                    near[other] = cost + step
        existing = await self._existing([number for number in near if self._form.accepts(number)])
        if existing:
            return self._chosen({number: near[number] for number in near if number in existing}, offered=True)
        # No account is near: return the recognised number, so that the caller hears that there is no such account.
        return self._chosen({digits: pool[digits] for digits in right[:1]}, offered=False, complete=False)

    async def _existing(self, numbers: Sequence[str]) -> frozenset[str] | None:
        """Those that exist; None if the list cannot be asked."""
        assert self._active is not None
        new = [number for number in numbers if number not in self._known][:MOST_LOOKUPS]
        if new:
            try:
                active = await self._active(new)
            except Exception:
                # Whatever ails the store, the caller meets it at the next step, which must ask it anyway.
                return None
            self._known.update((number, number in active) for number in new)
        return frozenset(number for number in numbers if self._known.get(number))

    def _chosen(self, costs: dict[str, float], *, offered: bool, complete: bool = True) -> Interpretation:
        if not costs:
            return Interpretation()
        ranked = sorted(costs, key=lambda digits: (costs[digits], digits))
        best = ranked[0]
        close = [digits for digits in ranked[1:] if costs[digits] - costs[best] < MARGIN and len(digits) == len(best)]
        if self._active is None:
            close = []
        whole = complete and not offered and not close and (self._active is not None or len(best) == self._form.longest)
        return Interpretation(best, tuple(close[:MOST_RIVALS]), offered, whole)


def neighbours(digits: str, lengths: Collection[int]) -> Iterator[tuple[str, float]]:
    """Numbers of the given lengths one slip away from `digits`, with what the slip costs."""
    if len(digits) in lengths:
        for at, digit in enumerate(digits):
            for other in "0123456789":
                if other != digit:
                    alike = frozenset((digit, other)) in LANGUAGE.alike_digits
                    yield digits[:at] + other + digits[at + 1 :], CONFUSED if alike else MISHEARD
    if len(digits) - 1 in lengths:
        for at in range(len(digits)):
            yield digits[:at] + digits[at + 1 :], LOST_OR_ADDED
    if len(digits) + 1 in lengths:
        for at in range(len(digits) + 1):
            for other in "0123456789":
                yield digits[:at] + other + digits[at:], LOST_OR_ADDED
