"""What every page works with: settings, clock and the database, whose work runs in a few threads within a limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from fastapi import Request

from ivr.app import App
from ivr.concurrency.bounded_threads import BoundedThreads, NoAnswer, Why
from ivr.domain.faults import StoreProblem, StoreUnavailable
from ivr.storage.database.database import Database

WAITING = 64
"""Pieces of work that may run or wait; one more is refused at once."""

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Context:
    """Made once for a process; `context_of(request)` finds it."""

    def __init__(self, app: App) -> None:
        """app: its database, clock and studio are the pages' own; `close` leaves them open."""
        self.app = app
        self.settings = app.settings
        self.database = app.database
        self.now = app.clock.now
        self._threads = BoundedThreads("page", app.settings.store.threads, app.settings.store.limit_s * 2, WAITING)

    async def ask(
        self, work: Callable[Concatenate[Database, Given], Answer], *args: Given.args, **options: Given.kwargs
    ) -> Answer:
        """A function of ivr.storage that takes the database first, in a thread.

        Raises StoreUnavailable (a page says so, code 503) when there is too much to do or no answer in time: a change
        may then have been made all the same. And whatever the function raises.
        """
        return await self._in_thread(lambda: work(self.database, *args, **options))

    async def run(self, work: Callable[Given, Answer], *args: Given.args, **options: Given.kwargs) -> Answer:
        """Any other function that blocks, in one of the same threads. Raises as `ask` does."""
        return await self._in_thread(lambda: work(*args, **options))

    async def hashed(self, secret: str) -> str:
        """The argon2 hash of a password or PIN. Raises StoreUnavailable when too many wait."""
        return await self.app.hashers.hashed(secret)

    async def fits(self, secret: str, hash_text: str | None) -> bool:
        """Whether a password belongs to a hash. Raises StoreUnavailable when too many wait."""
        return await self.app.hashers.fits(secret, hash_text)

    async def close(self) -> None:
        """Take no more work; what runs ends within the database's own limit."""
        await self._threads.close()

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        try:
            return await self._threads.run(work)
        except NoAnswer as refused:
            full = refused.why is Why.FULL
            raise StoreUnavailable(StoreProblem.TOO_MANY if full else StoreProblem.NO_ANSWER) from None


def context_of(request: Request) -> Context:
    """The context of the application that got this request."""
    context: Context = request.app.state.office
    return context
