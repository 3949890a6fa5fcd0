"""The studio behind the pages: recordings take seconds, so they have threads, a queue and a limit of their own."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from fastapi import Request

from ivr.concurrency.bounded_threads import BoundedThreads, NoAnswer, Why
from ivr.domain.faults import StoreUnavailable
from ivr.domain.takes import TakeFault
from ivr.domain.users import Person
from ivr.studio.sound.telephone_sound import BadSound
from ivr.studio.studio import AT_ONCE, Busy, BusyWith
from ivr.telephony.manager.studio_call import RangStudio, ring_to_record, telephones
from ivr.web.core.context import Context
from ivr.web.prompts.labels import fault_text

log = logging.getLogger(__name__)

WAITING = 32
"""Recordings that may be worked on or wait; one more is refused at once."""
WORK_S = 180.0
RINGING, RING_SEEN_S = 4, 2.0
"""Telephones that ring at once, and how long a page waits to see a quick end, such as a busy line."""

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class AudioJobs:
    """Made once for a process; `booth_of(request)` finds it. telephones: numbers that it may ring."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.studio = context.app.studio
        self.telephones = telephones(context.settings)
        self._ringing: set[asyncio.Task[RangStudio]] = set()
        self._threads = BoundedThreads("recording", AT_ONCE, WORK_S, WAITING)

    async def work(self, work: Callable[Given, Answer], *args: Given.args, **options: Given.kwargs) -> Answer:
        """Slow work of the studio, in a thread; quick work goes by `Context.run`.

        Raises Busy when too much waits or it takes too long: it may then be done all the same. And what it raises.
        """
        try:
            return await self._threads.run(lambda: work(*args, **options))
        except NoAnswer as refused:
            if refused.why is Why.LATE:
                raise Busy(BusyWith.LATE) from None
            raise Busy(BusyWith.RECORDINGS) from None

    async def ring(self, person: Person, prompt: str, phone: str) -> RangStudio | None:
        """Ring one of `telephones` to record a prompt there. Returns how it ended, None while it goes on ringing.

        Raises Busy, CannotRing, StoreUnavailable.
        """
        if len(self._ringing) >= RINGING:
            raise Busy(BusyWith.RINGING)
        work = ring_to_record(self._context.settings, self._context.database, person, prompt, phone)
        ringing = asyncio.create_task(work)
        self._ringing.add(ringing)
        ringing.add_done_callback(self._rang)
        await asyncio.wait((ringing,), timeout=RING_SEEN_S)
        return ringing.result() if ringing.done() else None

    async def close(self) -> None:
        """Take no more work; what runs ends within the studio's own limits."""
        for ringing in self._ringing:
            ringing.cancel()
        if self._ringing:
            await asyncio.wait(self._ringing)
        await self._threads.close()

    def _rang(self, ringing: asyncio.Task[RangStudio]) -> None:
        self._ringing.discard(ringing)
        fault = None if ringing.cancelled() else ringing.exception()
        if fault is not None:
            log.warning("a telephone could not be rung for recording", extra={"reason": type(fault).__name__})


def booth_of(request: Request) -> AudioJobs:
    """The audio jobs of the application that got this request."""
    jobs: AudioJobs = request.app.state.booth
    return jobs


FAULTS = (TakeFault, BadSound, OSError, StoreUnavailable)
"""What may go wrong with a recording; `told` says it to administrators."""

NO_SPACE = "На диске сервера нет места: не сохранено. Что было раньше, цело. Сообщите тому, кто обслуживает сервер."


def told(error: Exception) -> str:
    """What went wrong, in Russian; faults of the machine are logged besides."""
    if isinstance(error, TakeFault):
        return fault_text(error)
    if isinstance(error, StoreUnavailable):
        return "База данных не отвечает. Подождите минуту и проверьте, сохранилось ли изменение."
    log.error("a recording could not be worked on", extra={"reason": _reason(error)})
    if isinstance(error, OSError):
        return NO_SPACE if is_full(error) else "Сервер не смог записать файл. Сообщите тому, кто обслуживает сервер."
    return "Сервер не может обработать звук. Сообщите тому, кто обслуживает сервер."


def is_full(error: Exception) -> bool:
    """Whether there is no room on the disk for it."""
    return isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def _reason(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)
