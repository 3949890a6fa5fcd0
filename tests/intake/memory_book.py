"""Call-backs in memory, as one transaction sees them: the ports of ivr.intake without a database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from ivr.domain.callbacks import (
    OPEN,
    Callback,
    CallbackCandidate,
    CallbackKind,
    CallbackRequest,
    CallbackState,
    OpenCallback,
    OutageCallbackRequest,
)
from ivr.domain.outages import Outage, Place, Trouble

LEASE = timedelta(seconds=60)

Answer = TypeVar("Answer")


@dataclass
class Row:
    """One call-back. due_at None: waits for the end of its outage."""

    id: int
    phone: str
    due_at: datetime | None
    asked_at: datetime
    request: CallbackRequest | None = None
    outage_id: int | None = None
    home: Place | None = None
    state: CallbackState = CallbackState.DUE
    tries: int = 0
    lease_until: datetime | None = None
    token: str = ""
    asked_again: bool = False


@dataclass
class MemoryBook:
    """Rows of call-backs and outages that go on; reports of called persons."""

    rows: list[Row] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    places: dict[int, Place] = field(default_factory=dict)
    calls: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    reported: list[tuple[int, Place, Trouble, int | None]] = field(default_factory=list)

    async def change(self, work: Callable[[MemoryBook], Answer]) -> Answer:
        return work(self)

    def row(self, key: int) -> Row:
        return next(row for row in self.rows if row.id == key)

    def confirm(self, token: str, now: datetime) -> None:
        for row in self.rows:
            if row.token == token and row.state in OPEN:
                row.state = CallbackState.DONE

    def known(self, request: CallbackRequest) -> CallbackRequest:
        call = request.call_id if request.call_id in self.calls else ""
        return replace(request, call_id=call, account=request.account if request.account in self.accounts else "")

    def open_of(self, phone: str, queue: str) -> OpenCallback | None:
        for row in self.rows:
            if row.request is not None and (row.phone, row.request.queue) == (phone, queue) and row.state in OPEN:
                return OpenCallback(row.id, row.state, row.tries, row.lease_until, row.request)
        return None

    def asked_since(self, phone: str, since: datetime) -> int:
        return sum(row.request is not None and row.phone == phone and row.asked_at > since for row in self.rows)

    def count_open(self) -> int:
        return sum(row.request is not None and row.state in OPEN for row in self.rows)

    def add(self, request: CallbackRequest, due_at: datetime, now: datetime) -> None:
        self.rows.append(Row(len(self.rows) + 1, request.phone, due_at, now, request))

    def renew(self, key: int, request: CallbackRequest, due_at: datetime, now: datetime) -> None:
        row = self.row(key)
        row.request, row.due_at, row.asked_at = request, due_at, now

    def note_request(self, key: int, request: CallbackRequest, due_at: datetime) -> None:
        row = self.row(key)
        row.request, row.due_at, row.asked_again = request, due_at, True

    def replace(self, key: int, now: datetime) -> None:
        self.row(key).state = CallbackState.GIVEN_UP

    def goes_on(self, outage_id: int) -> bool:
        return any(outage.id == outage_id for outage in self.outages)

    def add_after_outage(self, request: OutageCallbackRequest, due_at: datetime | None, now: datetime) -> None:
        if not self.waits_for(request.phone, request.outage_id, besides=0):
            self.rows.append(Row(len(self.rows) + 1, request.phone, due_at, now, outage_id=request.outage_id))

    def going_on(self) -> Sequence[Outage]:
        return self.outages

    def next_after_outage(self, now: datetime) -> CallbackCandidate | None:
        for row in self.rows:
            due = row.due_at is not None and row.due_at <= now
            if row.outage_id is not None and row.state is CallbackState.DUE and due:
                return CallbackCandidate(row.id, row.phone, row.home, self.places[row.outage_id])
        return None

    def waits_for(self, phone: str, outage_id: int, *, besides: int) -> bool:
        theirs = (row for row in self.rows if row.phone == phone and row.outage_id == outage_id)
        return any(row.state in OPEN and row.id != besides for row in theirs)

    def move(self, key: int, outage_id: int) -> None:
        row = self.row(key)
        row.outage_id, row.due_at, row.tries = outage_id, None, 0

    def take(self, key: int, now: datetime) -> Callback | None:
        row = self.row(key)
        row.state, row.tries, row.lease_until, row.token = CallbackState.CALLING, row.tries + 1, now + LEASE, f"t{key}"
        return Callback(key, row.phone, "", 0, now, row.token, row.tries, kind=CallbackKind.POWER)

    def end_dark(self, callback: Callback, now: datetime) -> bool:
        row = self.row(callback.id)
        held = row.state is CallbackState.CALLING and row.tries == callback.tries
        row.state = CallbackState.DONE if held else row.state
        return held

    def place_of(self, callback: Callback) -> Place:
        row = self.row(callback.id)
        assert row.outage_id is not None
        return row.home or self.places[row.outage_id]

    def report_dark(
        self, callback: Callback, place: Place, trouble: Trouble, outage_id: int | None, now: datetime
    ) -> None:
        self.reported.append((callback.id, place, trouble, outage_id))
