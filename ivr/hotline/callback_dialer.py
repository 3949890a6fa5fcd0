"""Makes call-backs when their turn comes, and settles the results of earlier calls that no daemon watched."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ivr.concurrency.periodic import Periodic
from ivr.domain.callbacks import Callback, CallbackKind, CallbackResult, CallbackTerms
from ivr.domain.faults import StoreUnavailable
from ivr.hotline.ports import Exchange, ExchangeAway
from ivr.hotline.queue_board import MemberState, Queue, QueueBoard
from ivr.hotline.rate_limit import RateLimit
from ivr.intake.callbacks import take_next_after_outage
from ivr.intake.report_outage import report_still_dark
from ivr.storage.callbacks.repository import CallbackRepository

log = logging.getLogger(__name__)

STORE_PAUSE_S = 5.0
ASK_S = 5.0
"""Between two looks at claims that nobody holds."""

ON_WAY_S = 15.0
"""From the key to the queue at most: an announcement."""

NOBODY = datetime(1970, 1, 1, tzinfo=UTC)
"""Nobody has waited since then."""


@dataclass(frozen=True, slots=True)
class DialerLimits:
    """at_once: calls of this daemon at the same moment. lease: how long a claim holds; renewed three times in it.

    power_per_minute: calls at the end of outages that this daemon begins in a minute. look_s: between two looks
    for what is due.
    """

    at_once: int = 10
    lease: timedelta = timedelta(seconds=60)
    power_per_minute: int = 20
    look_s: float = 1.0

    @property
    def power_at_once(self) -> int:
        """Calls at the end of outages at the same moment: a fifth of all, one at least, stays free for the queues."""
        return max(self.at_once - max(self.at_once // 5, 1), 1)


@dataclass(frozen=True, slots=True)
class ConfirmedCaller:
    """A caller who confirmed and has yet to reach their queue. until: by the loop's clock, when the dialer gives up."""

    queue: str
    until: float


class CallbackDialer:
    """Rings back for one exchange. `run` is a task of its owner, who cancels it: rounds with pauses, and `close`."""

    def __init__(
        self,
        callbacks: CallbackRepository,
        exchange: Exchange,
        board: QueueBoard,
        terms: CallbackTerms,
        pace: DialerLimits,
        now: Callable[[], datetime],
    ) -> None:
        self._callbacks = callbacks
        self._exchange = exchange
        self._board = board
        self._terms = terms
        self._pace = pace
        self._now = now
        self._rate = RateLimit(pace.power_per_minute)
        self._calls: dict[asyncio.Task[None], Callback] = {}
        self._on_way: dict[str, ConfirmedCaller] = {}

    @property
    def calls(self) -> tuple[asyncio.Task[None], ...]:
        """Tries that are under way."""
        return tuple(self._calls)

    async def run(self) -> None:
        """Look for call-backs that are due, until cancelled."""
        asked = -ASK_S

        async def look() -> None:
            nonlocal asked
            if not self._board.current:
                return
            now = asyncio.get_running_loop().time()
            looks_after = now - asked >= ASK_S
            asked = now if looks_after else asked
            with contextlib.suppress(ExchangeAway):  # its owner connects again; the board says when
                await self.round(looks_after=looks_after)

        job = Periodic(
            look,
            self._pace.look_s,
            away="the database does not answer; call-backs wait",
            fault="a fault while call-backs were looked for",
            away_s=STORE_PAUSE_S,
        )
        try:
            await job.run_on()
        finally:
            await self.close()

    async def round(self, *, looks_after: bool = True) -> None:
        """Begin the calls that are due. looks_after: settle first the claims that nobody holds.

        Raises ExchangeAway, StoreUnavailable.
        """
        if looks_after:
            await self._look_after()
        now = self._now()
        await self._ring_queues(now)  # callers who wait for a person go before those who wait for news
        await self._ring_after_outage(now)

    async def close(self) -> None:
        """Watch no call any more; those that are up go on."""
        for task in self._calls:
            task.cancel()
        if self._calls:
            await asyncio.wait(self._calls)

    async def _ring_queues(self, now: datetime) -> None:
        for name in await asyncio.to_thread(self._callbacks.queues_due, now):
            queue = self._board.queue(name)
            at_work = sum(member.state not in (MemberState.PAUSED, MemberState.AWAY) for member in queue.members)
            ringing = sum(callback.queue == name for callback in self._calls.values())
            returned = self._returned(queue)
            # The turn of a call-back: no earlier caller waits any more.
            ahead = now - timedelta(seconds=queue.longest_s) if queue.waiting else None
            while ringing < at_work and len(self._calls) < self._pace.at_once:
                if ringing + returned >= at_work:
                    ahead = NOBODY  # callers who are back wait again already; danger goes before them
                callback = await asyncio.to_thread(
                    self._callbacks.claim,
                    name,
                    self._exchange.name,
                    now,
                    self._pace.lease,
                    joined_before=ahead,
                    asked_after=now - self._terms.fresh if self._terms.is_quiet(now) else None,
                )
                if callback is None:
                    break
                self._start(callback, now)
                ringing += 1

    def _returned(self, queue: Queue) -> int:
        """Number of called-back callers who wait in a queue or are on their way to it."""
        waiting = {token for one in queue.waiting if (token := self._exchange.returned(one.uniqueid))}
        arrived = waiting | {self._exchange.returned(uniqueid) for uniqueid in self._board.left(queue.name)}
        now = asyncio.get_running_loop().time()
        on_way = self._on_way.items()
        self._on_way = {token: way for token, way in on_way if token not in arrived and way.until > now}
        return len(waiting) + sum(way.queue == queue.name for way in self._on_way.values())

    async def _ring_after_outage(self, now: datetime) -> None:
        """Call back after ended outages; never at night, even after a recent request."""
        if self._terms.is_quiet(now) or not self._rate.allows(now) or not self._room_after_outage():
            return
        if not await asyncio.to_thread(self._callbacks.any_after_outage, now):
            return
        while self._room_after_outage() and self._rate.allows(now):
            callback = await asyncio.to_thread(
                self._callbacks.claim_after_outage,
                lambda book: take_next_after_outage(book, now),
                self._exchange.name,
                self._pace.lease,
            )
            if callback is None:
                break
            self._rate.spend(now)
            self._start(callback, now)

    def _room_after_outage(self) -> bool:
        power = sum(callback.kind is CallbackKind.POWER for callback in self._calls.values())
        return power < self._pace.power_at_once and len(self._calls) < self._pace.at_once

    def _start(self, callback: Callback, claimed_at: datetime) -> None:
        task = asyncio.create_task(self._ring(callback, claimed_at))
        self._calls[task] = callback
        task.add_done_callback(self._over)

    async def _ring(self, callback: Callback, claimed_at: datetime) -> None:
        """One try, from the claim to what became of it; the lease is held meanwhile."""
        holding = asyncio.create_task(self._hold(callback))
        try:
            if self._now() - claimed_at > self._pace.lease / 2:
                raise ExchangeAway  # this machine stood still: another daemon may be about to ring
            rung = await self._answered_before(callback) or await self._exchange.ring(callback)
            if callback.kind is CallbackKind.QUEUE and rung is CallbackResult.CONFIRMED:
                until = asyncio.get_running_loop().time() + ON_WAY_S
                self._on_way[callback.token] = ConfirmedCaller(callback.queue, until)
            await self._settle(callback, rung, watched=True)
        except (ExchangeAway, StoreUnavailable):
            log.warning("what became of a call-back is not known yet", extra={"callback": callback.id})
        finally:
            holding.cancel()
            await asyncio.wait({holding})

    async def _answered_before(self, callback: Callback) -> CallbackResult | None:
        """Result of an earlier try, if this exchange knows it: another daemon may have counted that try as failed."""
        rung = await self._exchange.kept(callback.token) if callback.tries > 1 else None
        if rung is not None:
            log.warning("a call-back had been answered before; nobody is rung", extra={"callback": callback.id})
        return rung

    async def _hold(self, callback: Callback) -> None:
        while True:
            await asyncio.sleep(self._pace.lease.total_seconds() / 3)
            try:
                held = await asyncio.to_thread(self._callbacks.extend, callback, self._now(), self._pace.lease)
            except StoreUnavailable:
                continue  # whoever finds the lease at its end asks the exchange first
            if not held:
                return

    async def _settle(self, callback: Callback, rung: CallbackResult, *, watched: bool = False) -> None:
        """Write down how a try ended. watched: just now, and not at some time since it was begun."""
        now, callbacks = self._now(), self._callbacks
        match rung:
            case CallbackResult.DARK:
                held = await asyncio.to_thread(callbacks.change, lambda book: report_still_dark(book, callback, now))
            case CallbackResult.CONFIRMED | CallbackResult.PERSON:
                held = await asyncio.to_thread(callbacks.done, callback, now, rung, before_request=not watched)
            case CallbackResult.DECLINED:
                held = await asyncio.to_thread(callbacks.give_up, callback, now, rung, before_request=not watched)
            case _:
                due_at = self._terms.next_try(callback.tries, now)
                if due_at is None:
                    held = await asyncio.to_thread(callbacks.give_up, callback, now, rung)
                else:
                    held = await asyncio.to_thread(callbacks.again, callback, due_at, rung)
        details = {"callback": callback.id, "outcome": str(rung), "count": callback.tries}
        if held:
            log.info("a call-back ended", extra=details)
        else:
            log.warning("a call-back ended that another daemon had taken over", extra=details)

    async def _look_after(self) -> None:
        """Claims that nobody holds: their daemon died, or lost its exchange, which knows what became of the calls."""
        now = self._now()
        mine = {callback.id for callback in self._calls.values()}
        left = await asyncio.to_thread(self._callbacks.expired, self._exchange.name, now)
        left = [callback for callback in left if callback.id not in mine]
        strays = await asyncio.to_thread(self._callbacks.abandoned, self._exchange.name, now)
        # In this order: a call that ends in between has left its answer before.
        live = await self._exchange.live() if left or strays else frozenset()
        for callback in left:
            if await self._found_out(callback, live):
                log.warning("a call-back that nobody watched is looked after", extra={"callback": callback.id})
            else:
                await asyncio.to_thread(self._callbacks.extend, callback, now, self._pace.lease)
        for callback in strays:
            # Tried here before, or this is the same exchange under another name: it may know all the same.
            if await self._found_out(callback, live):
                log.warning("a call-back of an exchange that is gone is tried again", extra={"callback": callback.id})
        late = await asyncio.to_thread(self._callbacks.give_up_late, now)
        if late:
            log.warning("call-backs were given up: too late", extra={"count": late})

    async def _found_out(self, callback: Callback, live: frozenset[str]) -> bool:
        """Settle a try by what this exchange knows of it; False if its call is up and nothing more can be said.

        An answer is known while the call goes on. After a new request, the dialer waits for the end of that call.
        """
        answer = await self._exchange.kept(callback.token)
        if callback.token in live and (answer is None or callback.asked_again):
            return False
        await self._settle(callback, answer or CallbackResult.FAILED)
        return True

    def _over(self, task: asyncio.Task[None]) -> None:
        self._calls.pop(task, None)
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            log.error("a fault while somebody was rung back", exc_info=fault)
