"""What a clerk does with outages: enters, changes, ends and reopens them. Every change is in the audit.

OutageFault
├── NoSuchOutage     no such number, or the outage is over
│   ├── NotSuspected to be confirmed, and nobody suspects it any more
│   └── GoesOn       to be reopened, and not over
├── NobodyThere      no account lies at the place: most likely it is misspelt
├── AlreadyKnown     an outage of the same place goes on already
└── OutOfOrder       it would end before it began
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, insert, select, update

from ivr.domain.audit import Action, Fact, Facts, FactValue
from ivr.domain.audit import changed as old_and_new
from ivr.domain.callbacks import OPEN, UNREACHED, CallbackKind, CallbackState
from ivr.domain.faults import BadInput, Conflict, Fault, NotFound
from ivr.domain.outages import LIVE, Cause, Kind, Outage, Place, State, same
from ivr.storage import tables
from ivr.storage.database.audit import minute
from ivr.storage.database.audit import note as audit
from ivr.storage.database.database import Database
from ivr.storage.outages.rows import GOES_ON, going_on, outage_of
from ivr.storage.outages.views import accounts_at

WAITS: dict[str, Any] = {
    "state": CallbackState.DUE.value,
    "due_at": None,
    "joined_at": None,
    "tries": 0,
    "token": None,
    "reason": "",
    "finished_at": None,
}
"""Columns of a call-back whose outage goes on. Its tries are counted anew, in Asterisk under a new name."""

_outages, _callbacks = tables.of(tables.Outage), tables.of(tables.Callback)

_POWER = _callbacks.c.kind == CallbackKind.POWER.value
_DUE = _callbacks.c.state == CallbackState.DUE.value


class OutageFault(Fault):
    """What was asked of an outage cannot be done."""


@dataclass(eq=False)
class NoSuchOutage(OutageFault, NotFound, LookupError):
    """There is no outage of this number that goes on. state: None: there never was one."""

    outage: int
    state: State | None = None


class NotSuspected(NoSuchOutage):
    """The outage cannot be confirmed."""


class GoesOn(NoSuchOutage):
    """The outage cannot be reopened."""


class NobodyThere(OutageFault, BadInput):
    """No account lies at the place."""


@dataclass(eq=False)
class AlreadyKnown(OutageFault, Conflict):
    """An outage of the same place goes on already."""

    known: Outage


@dataclass(eq=False)
class OutOfOrder(OutageFault, BadInput):
    """The outage would end before it began. ends: as it was asked for, in the asker's zone."""

    outage: Outage
    ends: datetime


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of a new outage. accounts: how many lie at its place."""

    id: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of the end of an outage, or of its reopening. to_ring: callers whose call-backs it touched."""

    outage: Outage
    to_ring: int


def add(
    database: Database,
    kind: Kind,
    place: Place,
    cause: Cause,
    began_at: datetime,
    expected_end: datetime | None,
    who: str,
    now: datetime,
    *,
    anywhere: bool = False,
) -> Entered:
    """Enter an open outage. anywhere: also where no account lies.

    Raises NobodyThere, AlreadyKnown, StoreUnavailable.
    """
    with database.writing() as connection:
        _new_place(connection, place)
        accounts = accounts_at(connection, place)
        if not (accounts or anywhere):
            raise NobodyThere
        values = {
            "kind": kind.value,
            "state": State.OPEN.value,
            "district": place.district,
            "street": place.street,
            "house": place.house,
            "cause": cause.value,
            "began_at": began_at,
            "expected_end": expected_end,
            "created_at": now,
        }
        key: int = connection.execute(insert(_outages).values(values).returning(_outages.c.id)).scalar_one()
        facts: Facts = {
            Fact.KIND: kind.value,
            Fact.CAUSE: cause.value,
            Fact.BEGAN_AT: minute(began_at, now),
            Fact.EXPECTED_END: minute(expected_end, now),
        }
        _note(connection, who, now, Action.OUTAGE_ADD, key, facts)
    return Entered(key, accounts)


def change(
    database: Database,
    outage: int,
    who: str,
    now: datetime,
    *,
    expected_end: datetime | None = None,
    end_unknown: bool = False,
    cause: Cause | None = None,
    note: str = "",
) -> Outage:
    """Change what is given of an outage. end_unknown: nobody knows any more.

    Raises NoSuchOutage, OutOfOrder, StoreUnavailable.
    """
    with database.writing() as connection:
        before = _live(connection, outage)
        if expected_end is not None:
            _in_order(before, expected_end)
        values: dict[str, object] = {}
        facts: dict[Fact, FactValue] = {}
        if expected_end is not None or end_unknown:
            values["expected_end"] = expected_end
            facts[Fact.EXPECTED_END] = old_and_new(minute(before.expected_end, now), minute(expected_end, now))
        if cause is not None:
            values["cause"] = cause.value
            facts[Fact.CAUSE] = old_and_new(before.cause.value, cause.value)
        if values:
            connection.execute(update(_outages).where(_outages.c.id == outage, GOES_ON).values(values))
        _note(connection, who, now, Action.OUTAGE_CHANGE, outage, facts, note)
        return _live(connection, outage)


def end(
    database: Database,
    outage: int,
    who: str,
    now: datetime,
    *,
    ended_at: datetime,
    withdrawn: bool = False,
    note: str = "",
    unconfirmed: bool = False,
    only: frozenset[State] = LIVE,
) -> Ended:
    """End an outage, and make its call-backs due. withdrawn: there was none. only: if it is in such a state.

    unconfirmed: it ends because nobody confirmed it.

    Callers who asked for a call-back get it in both cases: they asked when their power would return.
    Raises NoSuchOutage, OutOfOrder unless withdrawn, StoreUnavailable.
    """
    with database.writing() as connection:
        before = _live(connection, outage)
        if not withdrawn:
            _in_order(before, ended_at)
        state = State.WITHDRAWN if withdrawn else State.ENDED
        still = _outages.c.state.in_(sorted(only))
        over = update(_outages).where(_outages.c.id == outage, still).values(state=state.value, ended_at=ended_at)
        if connection.execute(over).rowcount != 1:
            raise NoSuchOutage(outage, _found(connection, outage).state)
        due = update(_callbacks).where(_callbacks.c.outage_id == outage, _POWER, _DUE).values(due_at=now, joined_at=now)
        to_ring = connection.execute(due).rowcount
        facts: dict[Fact, FactValue] = {Fact.ENDED_AT: minute(ended_at, now), Fact.TO_RING: to_ring}
        if unconfirmed:
            facts[Fact.UNCONFIRMED] = True
        _note(connection, who, now, Action.OUTAGE_WITHDRAW if withdrawn else Action.OUTAGE_END, outage, facts, note)
        return Ended(_found(connection, outage), to_ring)


def reopen(database: Database, outage: int, who: str, now: datetime, *, note: str = "") -> Ended:
    """An outage was ended by mistake: it goes on, and callers who were not reached yet wait for its end again.

    The line cuts off no call-back that rings now. Raises NoSuchOutage, AlreadyKnown, StoreUnavailable.
    """
    with database.writing() as connection:
        before = _found(connection, outage)
        if before.state not in LIVE:
            _new_place(connection, before.place)
        again = update(_outages).where(_outages.c.id == outage, ~GOES_ON).values(state=State.OPEN.value, ended_at=None)
        if connection.execute(again).rowcount != 1:
            raise GoesOn(outage, before.state)
        of_outage = and_(_callbacks.c.outage_id == outage, _POWER)
        waits = update(_callbacks).where(of_outage, _DUE)
        to_ring = connection.execute(waits.values(WAITS)).rowcount
        # A phone waits once for an outage: the last of its call-backs, unless one waits or rings already.
        live = select(_callbacks.c.phone).where(of_outage, _callbacks.c.state.in_(OPEN))
        given_up = _callbacks.c.state == CallbackState.GIVEN_UP.value
        lost = and_(of_outage, given_up, _callbacks.c.reason.in_(UNREACHED))
        last = (
            select(func.max(_callbacks.c.id)).where(lost, _callbacks.c.phone.not_in(live)).group_by(_callbacks.c.phone)
        )
        back = update(_callbacks).where(_callbacks.c.id.in_(last.scalar_subquery()))
        to_ring += connection.execute(back.values(WAITS)).rowcount
        facts = {Fact.WAS: before.state.value, Fact.WAIT_AGAIN: to_ring}
        _note(connection, who, now, Action.OUTAGE_REOPEN, outage, facts, note)
        return Ended(_found(connection, outage), to_ring)


def _new_place(connection: Connection, place: Place) -> None:
    known = same(going_on(connection), place)
    if known is not None:
        raise AlreadyKnown(known)


def _live(connection: Connection, outage: int) -> Outage:
    found = _found(connection, outage)
    if found.state not in LIVE:
        raise NoSuchOutage(outage, found.state)
    return found


def _found(connection: Connection, outage: int) -> Outage:
    row = connection.execute(select(_outages).where(_outages.c.id == outage)).first()
    if row is None:
        raise NoSuchOutage(outage)
    return outage_of(row)


def _in_order(outage: Outage, ends: datetime) -> None:
    if ends < outage.began_at.replace(second=0, microsecond=0):  # people give the minute
        raise OutOfOrder(outage, ends)


def _note(
    connection: Connection, who: str, now: datetime, action: Action, outage: int, facts: Facts, words: str = ""
) -> None:
    audit(connection, who, now, action, f"outage:{outage}", {**facts, Fact.NOTE: words} if words else facts)
