"""What the first page shows: calls going on, how today's calls ended, what waits for a decision.

Calls to the studio are none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select

from ivr.domain.callbacks import CallbackState
from ivr.domain.journal.words import WITH_A_PERSON
from ivr.domain.outages import State
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.prompts.studio_calls import from_outside

MOST_CALLS = 200

_calls, _steps = tables.of(tables.Call), tables.of(tables.CallStep)
_readings, _outages = tables.of(tables.Reading), tables.of(tables.Outage)
_reports, _callbacks = tables.of(tables.OutageReport), tables.of(tables.Callback)

LAST_PROMPT = (
    select(_steps.c.prompt)
    .where(_steps.c.call_id == _calls.c.id, _steps.c.prompt != "")
    .order_by(_steps.c.seq.desc())
    .limit(1)
    .scalar_subquery()
)
"""Within a query of calls: the prompt that began last, NULL before the first."""


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A call in progress, without its caller. prompt: id of the one that began last, "" before the first."""

    id: str
    started_at: datetime
    prompt: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait for a decision.

    flagged: readings. suspected, late: outages that nobody confirmed, that should have ended. reports: of today.
    rings: call-backs that are due now or under way.
    """

    flagged: int = 0
    suspected: int = 0
    late: int = 0
    open_outages: int = 0
    reports: int = 0
    rings: int = 0


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The figures of a day. outcomes: of the calls that ended, by Outcome."""

    open_calls: tuple[OpenCall, ...] = ()
    outcomes: Mapping[str, int] = field(default_factory=dict)
    waiting: Waiting = Waiting()

    @property
    def ended(self) -> int:
        """Calls that began today and are over."""
        return sum(self.outcomes.values())

    @property
    def alone(self) -> int:
        """Of those, how many needed nobody."""
        return sum(count for outcome, count in self.outcomes.items() if outcome not in WITH_A_PERSON)


def today(database: Database, midnight: datetime, now: datetime) -> Dashboard:
    """The day since midnight. Raises StoreUnavailable."""
    going_on = (
        select(_calls.c.id, _calls.c.started_at, func.coalesce(LAST_PROMPT, ""))
        .where(_calls.c.ended_at.is_(None), from_outside(_calls))
        .order_by(_calls.c.started_at)
        .limit(MOST_CALLS)
    )
    ended = (
        select(_calls.c.outcome, func.count())
        .where(_calls.c.started_at >= midnight, _calls.c.outcome.is_not(None), from_outside(_calls))
        .group_by(_calls.c.outcome)
    )
    flagged = select(func.count()).select_from(_readings).where(tables.FLAGGED)
    reports = select(func.count()).where(_reports.c.created_at >= midnight)
    calling, due = (_callbacks.c.state == state.value for state in (CallbackState.CALLING, CallbackState.DUE))
    rings = select(func.count()).where(calling | (due & (_callbacks.c.due_at <= now)))
    live = select(_outages.c.state, _outages.c.expected_end).where(
        _outages.c.state.in_((State.OPEN.value, State.SUSPECTED.value))
    )
    with database.reading() as connection:
        calls = tuple(OpenCall(*row) for row in connection.execute(going_on))
        outcomes = {row[0]: row[1] for row in connection.execute(ended)}
        outages = connection.execute(live).all()
        waiting = Waiting(
            flagged=connection.scalar(flagged) or 0,
            suspected=sum(row.state == State.SUSPECTED.value for row in outages),
            late=sum(row.expected_end is not None and row.expected_end <= now for row in outages),
            open_outages=sum(row.state == State.OPEN.value for row in outages),
            reports=connection.scalar(reports) or 0,
            rings=connection.scalar(rings) or 0,
        )
    return Dashboard(calls, outcomes, waiting)
