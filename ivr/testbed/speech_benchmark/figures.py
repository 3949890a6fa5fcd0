"""Counts and shares with their uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def percent(self) -> float:
        """In percent; not a number where there was nothing to count."""
        return 100 * self.count / self.of if self.of else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the true share, in percent (Wilson's score interval)."""
        if not self.of:
            return (math.nan, math.nan)
        share, spread = self.count / self.of, Z95 * Z95 / self.of
        middle = (share + spread / 2) / (1 + spread)
        half = Z95 / (1 + spread) * math.sqrt(share * (1 - share) / self.of + spread / (4 * self.of))
        return (100 * max(middle - half, 0.0), 100 * min(middle + half, 1.0))

    def __str__(self) -> str:
        if not self.of:
            return "–"
        low, high = self.interval
        return f"{self.percent:.1f} ({low:.0f}–{high:.0f})"
