"""Many reports from one district in minutes: when an outage is suspected, and how the line greets meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ivr.domain.outages import Place


class Greeting(StrEnum):
    """How callers are greeted. AUTO: shorter while many wait."""

    AUTO = "auto"
    SHORT = "short"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class SurgeTerms:
    """When an outage is suspected.

    reports: more callers than this from one district `within` the time; 0: never. fades_after: a suspicion that nobody
    confirms ends so long after its latest report.
    """

    reports: int = 5
    within: timedelta = timedelta(minutes=10)
    fades_after: timedelta = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class FreshReport:
    """A report that belongs to no outage. call: its id, "" if none. caller: E.164 or ""."""

    id: int
    at: datetime
    place: Place
    call: str = ""
    caller: str = ""
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Surge:
    """Reports of one district, oldest first; callers: how many different people they come from."""

    district: str
    callers: int
    reports: tuple[FreshReport, ...]


def surges(reports: Iterable[FreshReport], terms: SurgeTerms) -> list[Surge]:
    """Districts from which more callers report than `terms` allow. One caller or one account counts once."""
    if not terms.reports:
        return []
    districts: dict[str, list[FreshReport]] = {}
    for report in sorted(reports, key=lambda one: (one.at, one.id)):
        if report.place.district:
            districts.setdefault(report.place.district_compared, []).append(report)
    found = (Surge(of[0].place.district, _callers(of), tuple(of)) for of in districts.values())
    return [surge for surge in found if surge.callers > terms.reports]


def _callers(reports: Iterable[FreshReport]) -> int:
    """Number of people who reported; reports with the same telephone or account count as one person."""
    seen: set[tuple[str, str | int]] = set()
    callers = 0
    for report in reports:
        names: set[tuple[str, str | int]] = set()
        if report.caller:
            names.add(("caller", report.caller))
        if report.account_id is not None:
            names.add(("account", report.account_id))
        names = names or {("call", report.call) if report.call else ("report", report.id)}
        callers += not names & seen
        seen |= names
    return callers
