"""The journal of calls: entries queue in memory and reach the database a moment later, so no call ever waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, exists, update
from sqlalchemy.exc import SQLAlchemyError

from ivr.concurrency.periodic import within
from ivr.domain.faults import StoreUnavailable
from ivr.domain.journal.steps import Step
from ivr.domain.journal.stored import columns
from ivr.domain.journal.words import Outcome
from ivr.storage import tables
from ivr.storage.database.database import Database

log = logging.getLogger(__name__)

CAPACITY = 50_000
"""Entries kept in memory while the store is away: about ten minutes of a hundred calls at once, some 20 MB."""

INTERVAL_S = 0.03
"""Shortest time between two transactions; the first entry after a silence is written at once."""

INTERVAL_OF_A_CALL_S = 0.01
LONGEST_INTERVAL_S = 1.0
"""With many calls at once the time between transactions grows: each costs about a millisecond of CPU, however
little it writes, and a hundred calls would otherwise fill every interval."""

LONGEST_PAUSE_S = 5.0
"""Longest pause between tries while the store is away."""

_MOST = 2000  # steps of one transaction

_calls, _steps = tables.of(tables.Call), tables.of(tables.CallStep)
_contacts, _readings = tables.of(tables.Contact), tables.of(tables.Reading)

_OPENED = ("id", "node", "started_at", "caller", "called", "channel", "uniqueid")
_IDENTIFY = update(_calls).where(_calls.c.id == bindparam("call")).values(account_id=bindparam("account"))
_CLOSE = (
    update(_calls).where(_calls.c.id == bindparam("call")).values(ended_at=bindparam("ended"), outcome=bindparam("how"))
)

Fields = dict[str, object]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes: fields of calls by call id, and steps, both in the order they came."""

    calls: dict[str, Fields]
    steps: list[Fields]


class Journal:
    """Writes `calls` and `call_steps` in the background.

    All methods but `close` and `close_abandoned` return at once; call them on the event loop's thread.
    While the store is away entries wait, at most `capacity`; then the oldest steps are dropped and counted.
    """

    def __init__(self, database: Database, node: str, capacity: int = CAPACITY) -> None:
        """node: name of this daemon, written beside each of its calls."""
        self._database = database
        self._node = node
        self._capacity = capacity
        opening = database.insert(_calls)
        # A reading may have been faster and brought a bare row of its call.
        filled = {name: opening.excluded[name] for name in _OPENED[1:]}
        self._opening = opening.on_conflict_do_update(index_elements=["id"], set_=filled)
        # After a lost connection nobody knows whether the transaction was committed: twice is once.
        self._add_steps = database.insert(_steps).on_conflict_do_nothing()
        self._calls: dict[str, Fields] = {}
        self._steps: deque[Fields] = deque()
        self._open_calls: set[str] = set()
        self._lost: set[str] = set()  # open calls whose opening was dropped: their steps have nothing to belong to
        self._dropped = 0
        self._wake, self._closing = asyncio.Event(), asyncio.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._task: asyncio.Task[None] | None = None

    @property
    def dropped(self) -> int:
        """Entries dropped so far because the store was away for too long or refused them."""
        return self._dropped

    def start(self) -> None:
        """Begin to write. Needs a running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._write_on(), name="journal")

    def opened(
        self, call_id: str, started_at: datetime, caller: str, called: str, channel: str, uniqueid: str = ""
    ) -> None:
        """A call began. caller: E.164 or ''. called: the number dialled. channel, uniqueid: Asterisk's names."""
        self._open_calls.add(call_id)
        values = (call_id, self._node, started_at, caller, called, channel, uniqueid)
        self._note_call(call_id, dict(zip(_OPENED, values, strict=True)))

    def step(self, call_id: str, seq: int, at: datetime, step: Step) -> None:
        """Something happened in a call. seq: its place, unique in the call."""
        if call_id in self._lost:
            self._dropped += 1
            return
        self._steps.append({"call_id": call_id, "seq": seq, "at": at, **columns(step)})
        self._bound()
        self._wake.set()

    def identified(self, call_id: str, account_id: int) -> None:
        """It is known whose call this is."""
        self._note_call(call_id, {"account_id": account_id})

    def closed(self, call_id: str, ended_at: datetime, outcome: Outcome) -> None:
        """A call ended."""
        self._note_call(call_id, {"ended_at": ended_at, "outcome": outcome.value})
        self._lost.discard(call_id)
        self._open_calls.discard(call_id)

    async def close(self, limit_s: float = 5.0) -> None:
        """Write what waits, for at most `limit_s` seconds, and stop. What is left then is dropped and counted.

        A transaction that runs at that moment is waited for; it ends within the database's own limit.
        """
        self._closing.set()
        self._wake.set()
        try:
            if self._task is not None:
                await asyncio.wait({self._task}, timeout=limit_s)
                self._task.cancel()
                await asyncio.wait({self._task})
                if not self._task.cancelled():
                    self._task.result()  # raises what ended it before its time
        finally:
            left = len(self._calls) + len(self._steps)
            if left:
                self._dropped += left
                log.error("journal entries lost at the end", extra={"entries": left})
            await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

    async def close_abandoned(self, now: datetime) -> int:
        """End the calls that an earlier daemon of this node left open when it was killed; how many there were.

        Raises StoreUnavailable.
        """
        stored = exists().where(_contacts.c.call_id == _calls.c.id, _readings.c.contact_id == _contacts.c.id)
        abandoned = (
            update(_calls)
            .where(_calls.c.node == self._node, _calls.c.ended_at.is_(None))
            .values(ended_at=now, outcome=case((stored, Outcome.STORED.value), else_=Outcome.NOTHING.value))
        )

        def run() -> int:
            with self._database.writing() as connection:
                return connection.execute(abandoned).rowcount

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def _note_call(self, call_id: str, fields: Mapping[str, object]) -> None:
        self._calls.setdefault(call_id, {}).update(fields)
        self._bound()
        self._wake.set()

    def _bound(self) -> None:
        while len(self._calls) + len(self._steps) > self._capacity:
            self._dropped += 1
            if self._steps:
                self._steps.popleft()
                continue
            oldest = next(iter(self._calls))
            fields = self._calls.pop(oldest)
            if "started_at" in fields and "ended_at" not in fields:
                self._lost.add(oldest)

    async def _write_on(self) -> None:
        pause, away = INTERVAL_S, False
        while self._calls or self._steps or not self._closing.is_set():
            if not (self._calls or self._steps):
                await self._wake.wait()
                self._wake.clear()
                continue
            batch = self._take()
            try:
                await self._in_thread(batch)
            except asyncio.CancelledError:  # by close(), which counts what is left
                self._put_back(batch)
                raise
            except StoreUnavailable:
                self._put_back(batch)
                if not away:
                    log.warning("journal waits, the store is unavailable")
                away, pause = True, min(pause * 2, LONGEST_PAUSE_S)
                if self._closing.is_set():  # the limit of close() ends this, not our patience
                    await asyncio.sleep(INTERVAL_S)
            else:
                if away:
                    log.warning("journal is written again", extra={"dropped": self._dropped})
                busy = INTERVAL_OF_A_CALL_S * len(self._open_calls)
                away, pause = False, min(max(INTERVAL_S, busy), LONGEST_INTERVAL_S)
            await within(self._closing, pause)

    def _take(self) -> Batch:
        calls, self._calls = self._calls, {}
        return Batch(calls, [self._steps.popleft() for _ in range(min(_MOST, len(self._steps)))])

    def _put_back(self, batch: Batch) -> None:
        for call_id, newer in self._calls.items():
            batch.calls.setdefault(call_id, {}).update(newer)
        self._calls = batch.calls
        self._steps.extendleft(reversed(batch.steps))
        self._bound()

    async def _in_thread(self, batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._write, batch)
        except SQLAlchemyError:
            # An entry that the database refuses (an unknown account, a NUL) must not hold up all the others.
            refused = await loop.run_in_executor(self._thread, self._write_singly, batch)
            self._dropped += refused
            log.error("journal entries refused by the store", extra={"entries": refused})

    def _write_singly(self, batch: Batch) -> int:
        singles = [Batch({call_id: fields}, []) for call_id, fields in batch.calls.items()]
        refused = 0
        for single in singles + [Batch({}, [step]) for step in batch.steps]:
            try:
                self._write(single)
            except SQLAlchemyError:
                refused += 1
        return refused

    def _write(self, batch: Batch) -> None:
        opened = [{name: fields[name] for name in _OPENED} for fields in batch.calls.values() if "id" in fields]
        known = [{"call": c, "account": f["account_id"]} for c, f in batch.calls.items() if "account_id" in f]
        ended = [
            {"call": c, "ended": f["ended_at"], "how": f["outcome"]} for c, f in batch.calls.items() if "ended_at" in f
        ]
        with self._database.writing() as connection:
            if opened:
                connection.execute(self._opening, opened)
            if batch.steps:
                connection.execute(self._add_steps, batch.steps)
            if known:
                connection.execute(_IDENTIFY, known)
            if ended:
                connection.execute(_CLOSE, ended)
