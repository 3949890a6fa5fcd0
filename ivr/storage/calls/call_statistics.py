"""Figures of the reports, counted hour by hour.

An hour that is over is counted once and kept in `report_hours`: a month is then a few thousand rows instead of all its
steps, and its figures stay when old calls are deleted. The pages' process counts ahead
(ivr.web.reports.statistics_job). The last hours, which still change, are counted anew. Calls to the studio do not
count.
Why: docs/adr/0044-figures-kept-by-the-hour.md.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, case, exists, func, insert, select

from ivr.domain.journal.words import GOES_ON, CountedQuestion, Outcome, StepKind
from ivr.domain.judgement import FOR_BILLING, Judgement
from ivr.domain.readings import Channel
from ivr.domain.review import Reason
from ivr.storage import tables
from ivr.storage.calls.dashboard import LAST_PROMPT
from ivr.storage.database.database import Database
from ivr.storage.prompts.studio_calls import from_outside

HOUR = timedelta(hours=1)
SETTLED = timedelta(hours=2)
"""An hour is over this long after its end: no call lasts for an hour, and the journal waits for minutes at most."""
GIVEN_UP = timedelta(hours=24)
"""After this long an hour is over even if a call in it was never closed."""
AGAIN_WITHIN = timedelta(hours=24)
MOST_TRIES = 4
"""Four and more tries are one figure."""
MOST_HOURS_AT_ONCE = 24
AHEAD = timedelta(days=366)
"""How far back hours are counted before somebody asks; what lies before is counted when asked for."""

CALLS, REPEATS, NUMBERED, LEFT, TRIES, TAKEN = "calls", "repeats", "numbered", "left", "tries", "taken"
COUNTED = "counted"
PLAIN, FLAGGED = "plain", "flagged"
_QUESTIONS = frozenset(map(str, CountedQuestion))

Counts = Counter[tuple[str, str]]

_hours = tables.of(tables.ReportHour)
_calls, _steps, _readings = tables.of(tables.Call), tables.of(tables.CallStep), tables.of(tables.Reading)

_NOTED = (*(Judgement(verdict).reason for verdict in FOR_BILLING), Reason.RESTORED.value)
"""Reasons of readings that were not flagged when they came in."""

_earlier = _calls.alias()
_HUNG_UP = exists().where(_steps.c.call_id == _calls.c.id, _steps.c.kind == StepKind.HUNG_UP.value)


@dataclass(frozen=True, slots=True)
class Taken:
    """How many readings came in. flagged: so many of them waited for a clerk."""

    readings: int = 0
    flagged: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What was counted in a time. hours: sums of CALLS and TAKEN by the beginning of the hour.

    totals: sums by kind and key. CALLS: outcome or GOES_ON. REPEATS: calls of a number that had called within
    AGAIN_WITHIN; NUMBERED: calls with a number. LEFT: last prompt of calls that were hung up and left nothing.
    TRIES, TAKEN: see `tries` and `taken`. left_out: hours that are not counted yet.
    """

    totals: Mapping[tuple[str, str], int]
    hours: Mapping[datetime, Mapping[str, int]] = field(default_factory=dict)
    left_out: int = 0

    def of(self, what: str) -> dict[str, int]:
        """Figures of one kind by their key."""
        return {key: count for (kind, key), count in self.totals.items() if kind == what}

    @property
    def tries(self) -> dict[CountedQuestion, dict[int, int]]:
        """For each question that was asked: calls by how often it was asked in them, MOST_TRIES for more."""
        found: dict[CountedQuestion, dict[int, int]] = {}
        for key, count in self.of(TRIES).items():
            question, _, times = key.rpartition(" ")
            if question in _QUESTIONS:  # a later version may count others
                found.setdefault(CountedQuestion(question), {})[int(times)] = count
        return found

    @property
    def taken(self) -> dict[Channel, Taken]:
        """Readings by the channel they came through, and by when they came in."""
        found: dict[Channel, Taken] = {}
        for key, count in self.of(TAKEN).items():
            name, _, kind = key.rpartition(" ")
            before = found.get(Channel(name), Taken())
            found[Channel(name)] = Taken(before.readings + count, before.flagged + (count if kind == FLAGGED else 0))
        return found


def figures(database: Database, since: datetime, until: datetime, now: datetime, budget_s: float = 1.0) -> Figures:
    """Figures from `since` to `until` (not included), to whole hours.

    budget_s: time limit for counting hours that no report has covered yet; `left_out` gives the rest, counted when
    one asks again. Raises StoreUnavailable.
    """
    first, end = _hour(since), min(_hour(until - timedelta(microseconds=1)) + HOUR, _hour(now) + HOUR)
    with database.reading() as connection:
        first = max(first, _beginning(connection, end))
        kept = set(connection.scalars(select(_hours.c.hour).where(_hours.c.what == COUNTED, *_within(first, end))))
        still_open = _hours_with_open_calls(connection, max(first, _hour(now) - GIVEN_UP), end)
    over = [hour for hour in _each(first, end) if hour + HOUR + SETTLED <= now and hour not in still_open]
    left_out = _keep(database, [hour for hour in over if hour not in kept], budget_s)
    settled = set(over)
    with database.reading() as connection:
        totals, hours = _kept(connection, first, end)
        for hour in _each(first, end):
            if hour not in settled:
                counts = _count(connection, hour)
                totals.update(counts)
                hours[hour] = _by_kind(counts)
    return Figures(totals, hours, left_out)


def uncounted(database: Database, now: datetime, since: datetime | None = None) -> list[datetime]:
    """Hours that are over and not kept yet, the newest first, from `since` or AHEAD on. Raises StoreUnavailable."""
    end = _hour(now)
    with database.reading() as connection:
        first = max(_hour(since or now - AHEAD), _hour(now - AHEAD), _beginning(connection, end))
        kept = set(connection.scalars(select(_hours.c.hour).where(_hours.c.what == COUNTED, *_within(first, end))))
        still_open = _hours_with_open_calls(connection, max(first, end - GIVEN_UP), end)
    over = [hour for hour in _each(first, end) if hour + HOUR + SETTLED <= now and hour not in still_open]
    return [hour for hour in reversed(over) if hour not in kept]


def keep(database: Database, hours: Collection[datetime]) -> int:
    """Count these hours, which are over, and keep them; how many another process had not kept before.

    An hour's figures are written together or not at all, by the process whose mark comes first. Raises
    StoreUnavailable.
    """
    with database.reading() as connection:
        kept = set(connection.scalars(select(_hours.c.hour).where(_hours.c.what == COUNTED, _hours.c.hour.in_(hours))))
        left = [hour for hour in sorted(hours) if hour not in kept]
        quiet = not left or not _something_in(connection, left[0], left[-1] + HOUR)
        counted = {hour: Counter() if quiet else _count(connection, hour) for hour in left}
    if not counted:
        return 0
    marks = [{"hour": hour, "what": COUNTED, "key": "", "count": 1} for hour in counted]
    marking = database.insert(_hours).values(marks).on_conflict_do_nothing().returning(_hours.c.hour)
    with database.writing() as connection:
        ours = set(connection.scalars(marking))
        rows = [
            {"hour": hour, "what": what, "key": key, "count": count}
            for hour, counts in counted.items()
            for (what, key), count in sorted(counts.items())
            if hour in ours
        ]
        if rows:
            connection.execute(insert(_hours), rows)
    return len(ours)


def _keep(database: Database, hours: list[datetime], budget_s: float) -> int:
    """Count hours and keep them, a day at a time; how many are left when the time is over."""
    began = time.monotonic()
    done = 0
    while done < len(hours) and time.monotonic() - began < budget_s:
        keep(database, hours[done : done + MOST_HOURS_AT_ONCE])
        done += MOST_HOURS_AT_ONCE
    return max(0, len(hours) - done)


def _kept(connection: Connection, first: datetime, end: datetime) -> tuple[Counts, dict[datetime, Counter[str]]]:
    sums = (
        select(_hours.c.what, _hours.c.key, func.sum(_hours.c.count))
        .where(*_within(first, end), _hours.c.what != COUNTED)
        .group_by(_hours.c.what, _hours.c.key)
    )
    totals: Counts = Counter({(what, key): int(count) for what, key, count in connection.execute(sums)})
    hours: dict[datetime, Counter[str]] = {}
    each = (
        select(_hours.c.hour, _hours.c.what, func.sum(_hours.c.count))
        .where(*_within(first, end), _hours.c.what.in_((CALLS, TAKEN)))
        .group_by(_hours.c.hour, _hours.c.what)
    )
    for hour, what, count in connection.execute(each):
        hours.setdefault(hour, Counter())[what] = int(count)
    return totals, hours


def _something_in(connection: Connection, since: datetime, until: datetime) -> bool:
    """Whether there is anything to count: most of a year behind a new line's first reading is silent."""
    calls = exists().where(_calls.c.started_at >= since, _calls.c.started_at < until)
    readings = exists().where(_readings.c.created_at >= since, _readings.c.created_at < until)
    return bool(connection.scalar(select(calls | readings)))


def _count(connection: Connection, hour: datetime) -> Counts:
    """All figures of one hour, from calls, steps and readings."""
    counts: Counts = Counter()
    began = and_(_calls.c.started_at >= hour, _calls.c.started_at < hour + HOUR, from_outside(_calls))
    outcome = func.coalesce(_calls.c.outcome, GOES_ON)
    for key, count in connection.execute(select(outcome, func.count()).where(began).group_by(outcome)):
        counts[(CALLS, key)] = count
    if counts:
        counts += _of_calls(connection, hour, began)
    doubted = case((_readings.c.reason.in_(_NOTED), PLAIN), else_=FLAGGED)
    taken = (
        select(_readings.c.channel, doubted, func.count())
        .where(
            _readings.c.created_at >= hour,
            _readings.c.created_at < hour + HOUR,
            _readings.c.channel != Channel.BILLING.value,
            _readings.c.reason.not_like(f"{Reason.CORRECTED}%"),
        )
        .group_by(_readings.c.channel, doubted)
    )
    for channel, kind, count in connection.execute(taken):
        counts[(TAKEN, f"{channel} {kind}")] = count
    return counts


def _of_calls(connection: Connection, hour: datetime, began: ColumnElement[bool]) -> Counts:
    counts: Counts = Counter()
    latest = select(func.max(_earlier.c.started_at)).where(
        _earlier.c.caller == _calls.c.caller,
        _earlier.c.started_at < _calls.c.started_at,
        _earlier.c.started_at >= hour - AGAIN_WITHIN,  # before any call's own bound: no more is looked through
        from_outside(_earlier),
    )
    before = latest.correlate(_calls).scalar_subquery()
    # Both databases compare times, but each adds to them in its own way: the last step is done here.
    for at, earlier in connection.execute(select(_calls.c.started_at, before).where(began, _calls.c.caller != "")):
        counts[(NUMBERED, "")] += 1
        counts[(REPEATS, "")] += earlier is not None and at - earlier <= AGAIN_WITHIN
    left = (
        select(LAST_PROMPT.label("prompt")).where(began, _calls.c.outcome == Outcome.NOTHING.value, _HUNG_UP).subquery()
    )
    for prompt, count in connection.execute(select(left.c.prompt, func.count()).group_by(left.c.prompt)):
        counts[(LEFT, prompt or "")] = count
    played = (
        select(_steps.c.prompt, func.count().label("times"))
        .select_from(_calls.join(_steps, _steps.c.call_id == _calls.c.id))
        .where(began, _steps.c.prompt.in_(tuple(CountedQuestion)))
        .group_by(_steps.c.call_id, _steps.c.prompt)
        .subquery()
    )
    tries = case((played.c.times >= MOST_TRIES, MOST_TRIES), else_=played.c.times)
    for prompt, times, count in connection.execute(
        select(played.c.prompt, tries, func.count()).group_by(played.c.prompt, tries)
    ):
        counts[(TRIES, f"{prompt} {times}")] = count
    return counts


def _beginning(connection: Connection, otherwise: datetime) -> datetime:
    """The hour of the first call or reading that is known or was counted: before it there is nothing to count."""
    firsts = (
        select(func.min(_calls.c.started_at)),
        select(func.min(_readings.c.created_at)).where(_readings.c.channel != Channel.BILLING.value),
        select(func.min(_hours.c.hour)),
    )
    known = [first for first in (connection.scalar(query) for query in firsts) if first is not None]
    return _hour(min(known)) if known else otherwise


def _hours_with_open_calls(connection: Connection, since: datetime, until: datetime) -> set[datetime]:
    opened = select(_calls.c.started_at).where(
        _calls.c.ended_at.is_(None), _calls.c.started_at >= since, _calls.c.started_at < until
    )
    return {_hour(at) for at in connection.scalars(opened)}


def _by_kind(counts: Counts) -> Counter[str]:
    sums: Counter[str] = Counter()
    for (what, _), count in counts.items():
        sums[what] += count
    return sums


def _within(first: datetime, end: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _hours.c.hour >= first, _hours.c.hour < end


def _hour(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _each(first: datetime, end: datetime) -> Iterator[datetime]:
    while first < end:
        yield first
        first += HOUR
