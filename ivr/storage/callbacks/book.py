"""Call-backs within one transaction: carries out what `ivr.intake` decides.

`Book` implements the ports CallbackBook, LightBook and DarkBook of ivr.intake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, exists, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ivr.domain.callbacks import (
    Callback,
    CallbackCandidate,
    CallbackKind,
    CallbackRequest,
    CallbackResult,
    CallbackState,
    GivenUp,
    OpenCallback,
    OutageCallbackRequest,
)
from ivr.domain.outages import LIVE, Outage, Place, Trouble
from ivr.storage import tables
from ivr.storage.callbacks.claims import is_alone, settle, take
from ivr.storage.callbacks.conditions import AFTER_OUTAGE, IS_OPEN, OF_QUEUE, after_outage_due
from ivr.storage.database.database import Database
from ivr.storage.outages.changes import WAITS
from ivr.storage.outages.rows import going_on
from ivr.storage.tables.columns import AnyRow

_callbacks, _accounts = tables.of(tables.Callback), tables.of(tables.Account)
_calls, _outages, _reports = tables.of(tables.Call), tables.of(tables.Outage), tables.of(tables.OutageReport)
_others = _callbacks.alias()

_TALKS = exists().where(_others.c.phone == _callbacks.c.phone, _others.c.state == CallbackState.CALLING.value)
_PLACED = select(
    _callbacks.c.id,
    _callbacks.c.phone,
    _callbacks.c.account_id,
    _accounts.c.district,
    _accounts.c.street,
    _accounts.c.house,
    _outages.c.district.label("outage_district"),
    _outages.c.street.label("outage_street"),
    _outages.c.house.label("outage_house"),
).select_from(_callbacks.join(_outages).outerjoin(_accounts, _accounts.c.id == _callbacks.c.account_id))


@dataclass(frozen=True, slots=True)
class Statements:
    """Statements of one kind of database, built once: building costs more than running."""

    bare_call: postgresql.Insert | sqlite.Insert
    outage_callback: postgresql.Insert | sqlite.Insert

    @classmethod
    def of(cls, database: Database) -> Statements:
        """Those of this database."""
        calls, callbacks = database.insert(_calls), database.insert(_callbacks)
        return cls(calls.on_conflict_do_nothing(), callbacks.on_conflict_do_nothing())


@dataclass(frozen=True, slots=True)
class Claimant:
    """The process that claims call-backs. exchange: name of the Asterisk that rings. lease: how long a claim holds."""

    exchange: str
    lease: timedelta


class Book:
    """Call-backs within one transaction. node: name of this daemon. claimant: only for `take`."""

    def __init__(
        self,
        connection: Connection,
        database: Database,
        statements: Statements,
        node: str = "",
        claimant: Claimant | None = None,
    ) -> None:
        self._connection = connection
        self._database = database
        self._statements = statements
        self._node = node
        self._claimant = claimant

    def confirm(self, token: str, now: datetime) -> None:
        """The call-back of this token has brought its caller to the queue."""
        kept = update(_callbacks).where(OF_QUEUE, IS_OPEN, _callbacks.c.token == token)
        self._connection.execute(kept.values(_ended(CallbackState.DONE, CallbackResult.CONFIRMED, now)))

    def known(self, request: CallbackRequest) -> CallbackRequest:
        """The request without a call and an account that are not stored."""
        call = self._connection.scalar(select(_calls.c.id).where(_calls.c.id == request.call_id))
        number = self._connection.scalar(select(_accounts.c.number).where(_accounts.c.number == request.account))
        return CallbackRequest(
            request.phone,
            request.queue,
            request.priority,
            request.joined_at,
            call or "",
            number or "",
            request.callback,
        )

    def open_of(self, phone: str, queue: str) -> OpenCallback | None:
        """What a number is owed in a queue; a claim of it and this transaction take turns."""
        mine = select(_callbacks).where(OF_QUEUE, IS_OPEN, _callbacks.c.phone == phone, _callbacks.c.queue == queue)
        row = self._connection.execute(mine.with_for_update()).first()
        if row is None:
            return None
        account = self._connection.scalar(select(_accounts.c.number).where(_accounts.c.id == row.account_id))
        kept = CallbackRequest(phone, queue, row.priority, row.joined_at, row.call_id or "", account or "")
        return OpenCallback(row.id, CallbackState(row.state), row.tries, row.lease_until, kept)

    def asked_since(self, phone: str, since: datetime) -> int:
        """How many call-backs to a queue a number has asked for since then."""
        lately = select(func.count()).where(OF_QUEUE, _callbacks.c.phone == phone, _callbacks.c.created_at > since)
        return self._connection.scalar(lately) or 0

    def count_open(self) -> int:
        """How many call-backs to queues are owed in all."""
        return self._connection.scalar(select(func.count()).where(OF_QUEUE, IS_OPEN)) or 0

    def add(self, request: CallbackRequest, due_at: datetime, now: datetime) -> None:
        """Owe a call-back to a queue."""
        row = {
            "kind": CallbackKind.QUEUE.value,
            "state": CallbackState.DUE.value,
            "phone": request.phone,
            "queue": request.queue,
            "created_at": now,
        }
        self._connection.execute(insert(_callbacks).values(row | self._asked(request, due_at)))

    def renew(self, key: int, request: CallbackRequest, due_at: datetime, now: datetime) -> None:
        """Let an untried call-back be one that was asked for now."""
        self._change(key, {"created_at": now, **self._asked(request, due_at)})

    def note_request(self, key: int, request: CallbackRequest, due_at: datetime) -> None:
        """Note on a call-back that is under way that the same number asks for another one."""
        self._change(key, {"asked_again": True, **self._asked(request, due_at)})

    def replace(self, key: int, now: datetime) -> None:
        """Give a call-back up because another one takes its place."""
        self._change(key, _ended(CallbackState.GIVEN_UP, GivenUp.REPLACED, now))

    def goes_on(self, outage_id: int) -> bool:
        """Whether an outage goes on; its end and this transaction take turns: neither misses the other."""
        state = select(_outages.c.state).where(_outages.c.id == outage_id).with_for_update(read=True)
        return self._connection.execute(state).scalar_one() in LIVE

    def add_after_outage(self, request: OutageCallbackRequest, due_at: datetime | None, now: datetime) -> None:
        """Owe a call-back at the end of an outage; nothing new if the number is owed one for it already."""
        # The journal writes the call too, a moment later or earlier; nobody waits for it.
        call = {"id": request.call_id, "node": self._node, "started_at": now}
        self._connection.execute(self._statements.bare_call, call)
        row = {
            "kind": CallbackKind.POWER.value,
            "state": CallbackState.DUE.value,
            "phone": request.phone,
            "call_id": request.call_id,
            "account_id": request.account_id,
            "outage_id": request.outage_id,
            "due_at": due_at,
            "joined_at": due_at,
            "created_at": now,
        }
        self._connection.execute(self._statements.outage_callback, row)

    def going_on(self) -> Sequence[Outage]:
        """Outages that go on; the end of one and a call-back that moves to it take turns."""
        return going_on(self._connection, held=True)

    def next_after_outage(self, now: datetime) -> CallbackCandidate | None:
        """The call-back that is due first; numbers that the line rings at this moment are left out."""
        first = _PLACED.where(after_outage_due(now), ~_TALKS).order_by(_callbacks.c.due_at, _callbacks.c.id).limit(1)
        row = self._connection.execute(first.with_for_update(skip_locked=True, of=_callbacks)).first()
        return None if row is None else _candidate(row)

    def waits_for(self, phone: str, outage_id: int, *, besides: int) -> bool:
        """Whether a number is owed a call-back of this outage, `besides` left out."""
        there = select(_callbacks.c.id).where(
            AFTER_OUTAGE,
            IS_OPEN,
            _callbacks.c.phone == phone,
            _callbacks.c.outage_id == outage_id,
            _callbacks.c.id != besides,
        )
        return self._connection.scalar(there) is not None

    def move(self, key: int, outage_id: int) -> None:
        """Let a call-back wait for the end of an outage, as if it had never been tried."""
        self._change(key, {"outage_id": outage_id, **WAITS})

    def take(self, key: int, now: datetime) -> Callback | None:
        """Claim a call-back; None if its number is being claimed for another one."""
        assert self._claimant is not None
        phone = self._connection.execute(select(_callbacks.c.phone).where(_callbacks.c.id == key)).scalar_one()
        if not is_alone(self._connection, self._database, phone, now):
            return None
        return take(self._connection, key, self._claimant.exchange, now + self._claimant.lease)

    def end_dark(self, callback: Callback, now: datetime) -> bool:
        """The call-back is done, but the caller still has no power; False if another daemon has claimed it by now."""
        return settle(self._connection, callback, state=CallbackState.DONE, finished_at=now, reason=CallbackResult.DARK)

    def place_of(self, callback: Callback) -> Place:
        """The place that must have power again."""
        return _candidate(self._connection.execute(_PLACED.where(_callbacks.c.id == callback.id)).one()).place

    def report_dark(
        self, callback: Callback, place: Place, trouble: Trouble, outage_id: int | None, now: datetime
    ) -> None:
        """Store the report of a called person. Raises IntegrityError if it is stored already."""
        whose = select(_callbacks.c.account_id).where(_callbacks.c.id == callback.id)
        values = {
            "created_at": now,
            "account_id": self._connection.scalar(whose),
            "outage_id": outage_id,
            "district": place.district,
            "street": place.street,
            "house": place.house,
            "trouble": trouble.value,
            "callback_id": callback.id,
        }
        self._connection.execute(insert(_reports), values)

    def _asked(self, request: CallbackRequest, due_at: datetime) -> dict[str, object]:
        account = self._connection.scalar(select(_accounts.c.id).where(_accounts.c.number == request.account))
        return {
            "priority": request.priority,
            "joined_at": request.joined_at,
            "call_id": request.call_id or None,
            "account_id": account,
            "due_at": due_at,
        }

    def _change(self, key: int, values: dict[str, Any]) -> None:
        self._connection.execute(update(_callbacks).where(_callbacks.c.id == key).values(values))


def _ended(state: CallbackState, reason: CallbackResult | GivenUp, now: datetime) -> dict[str, object]:
    return {"state": state.value, "reason": reason.value, "finished_at": now, "lease_until": None}


def _candidate(row: AnyRow) -> CallbackCandidate:
    home = None if row.account_id is None else Place(row.district, row.street, row.house)
    return CallbackCandidate(row.id, row.phone, home, Place(row.outage_district, row.outage_street, row.outage_house))
