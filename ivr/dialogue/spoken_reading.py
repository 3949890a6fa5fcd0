"""Find the caller's reading: compare hypotheses with the meter, the last reading and the usual consumption."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from math import log
from statistics import median

from ivr.dialogue.hypotheses import MARGIN, command_of, pooled
from ivr.dialogue.ports import Hypothesis, Interpretation
from ivr.domain.judgement import Judgement, Limits, Verdict, believed_kwh, judge_as_given
from ivr.domain.meters import Meter, Register
from ivr.language.port import UNKNOWN
from ivr.language.selected import LANGUAGE

MOST_RIVALS = 2

# Natural logarithms, tried on the benchmark's development set.
DOUBTFUL = {
    Verdict.ACCEPTED: 0.0,
    Verdict.SAME: 1.0,
    Verdict.ROLLOVER: 4.0,
    Verdict.ROLLOVER_UNPROVEN: 4.0,
    Verdict.TOO_HIGH: 6.0,
    Verdict.TOO_LOW: 7.0,
    Verdict.IMPOSSIBLE: 9.0,
    Verdict.TOO_LONG: 12.0,
}
SPREAD = 1.0
"""Standard deviation of the logarithm of a household's use against its median: a factor of e either way."""
LARGEST_STRANGENESS = 3.0
FAR = 6.0  # the refused value is so much likelier than any other: it was said again
SHORT = 0.6  # for each digit fewer than the last reading has, where there is no use to judge by


class ReadingInterpreter:
    """Understands a meter reading; one for each question. Never a value that nobody said.

    refused: values, as text without leading zeros, that the caller has said no to.
    """

    def __init__(
        self, meter: Meter, register: Register, today: date, limits: Limits, refused: Collection[str] = ()
    ) -> None:
        self._meter = meter
        self._register = register
        self._today = today
        self._limits = limits
        self._refused = frozenset(refused)

    async def interpret(self, heard: Sequence[Hypothesis]) -> Interpretation:
        """The value that clearly wins, with those about as likely beside it."""
        command = command_of(heard)
        if command is not None:
            return command
        costs: dict[str, float] = {}
        dropped: dict[str, bool] = {}
        denied = float("inf")
        for digits, candidate in pooled(heard, self._register.digits + 3):
            value = str(int(digits))
            cost = candidate.cost + self._strangeness(int(digits), len(digits))
            if value in self._refused:
                denied = min(denied, cost)
            elif cost < costs.get(value, float("inf")):
                costs[value], dropped[value] = cost, candidate.fraction_dropped
        ranked = sorted(costs, key=lambda value: (costs[value], value))
        if not ranked or costs[ranked[0]] - denied > FAR:
            return Interpretation()
        best = ranked[0]
        verdict = self._judge(int(best)).verdict
        if self._by_chance(heard[0].words, verdict):
            return Interpretation()
        close = [value for value in ranked[1:] if costs[value] - costs[best] < MARGIN and self._accepted(value)]
        rivals = tuple(close[:MOST_RIVALS]) if verdict is Verdict.ACCEPTED else ()
        whole = verdict is Verdict.ACCEPTED and not rivals and self._ends(heard[0].words, best)
        return Interpretation(best, rivals, complete=whole, fraction_dropped=dropped[best])

    def _judge(self, value: int) -> Judgement:
        """Judge one possible value; the intake judges the value that the line offers."""
        return judge_as_given(self._meter, self._register, value, self._today, self._limits)

    def _accepted(self, value: str) -> bool:
        return self._judge(int(value)).verdict is Verdict.ACCEPTED

    def _strangeness(self, value: int, said_digits: int) -> float:
        """Prior cost of the value, before any speech."""
        judgement = self._judge(value)
        cost = DOUBTFUL[judgement.verdict]
        register = self._register
        if register.base is None:
            return cost + SHORT * max(register.digits - said_digits, 0) / 2
        if judgement.verdict is not Verdict.ACCEPTED or not judgement.use_kwh:
            return cost
        days = max((self._today - register.base.taken_on).days, 0) + self._limits.slack_days
        usual = (
            median(use.kwh / use.days for use in register.uses) * days
            if register.uses
            else believed_kwh(register, days, self._limits) / self._limits.high_factor
        )
        off = log(judgement.use_kwh / max(usual, 1.0)) / SPREAD
        return cost + min(0.5 * off * off, LARGEST_STRANGENESS)

    def _by_chance(self, words: Sequence[str], verdict: Verdict) -> bool:
        """Whether the number is rather a piece of other speech."""
        if UNKNOWN not in words:
            return False
        return verdict is not Verdict.ACCEPTED and LANGUAGE.number_words(words) < 3

    def _ends(self, words: Sequence[str], value: str) -> bool:
        """Whether nothing can follow: the last word is a digit or a teen, and the number has its length."""
        base = self._register.base
        expected = len(str(base.value)) if base is not None else self._register.digits
        return LANGUAGE.ends_number(words) and len(value) >= expected
