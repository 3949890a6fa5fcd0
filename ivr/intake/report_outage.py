"""Report an outage: danger first, and attached to the outage that covers the place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ivr.domain.accounts import Account
from ivr.domain.callbacks import Callback
from ivr.domain.outages import Outage, Place, Report, Scope, Trouble, affecting


class OutageStore(Protocol):
    """Known outages, and what people report. Every method raises StoreUnavailable within its time limit."""

    async def at(self, place: Place) -> Outage | None:
        """The outage to tell a caller at `place` of."""

    async def report(self, report: Report) -> str:
        """Store a report and return its number, digits only."""


def is_urgent(trouble: Trouble) -> bool:
    """Whether somebody is in danger: they reach a person before anything else is asked or looked up."""
    return trouble is Trouble.DANGER


async def report_outage(
    outages: OutageStore, call_id: str, trouble: Trouble, account: Account | None, recording: str = ""
) -> str:
    """Store a report; return its number for the caller, digits only.

    account: the account that it concerns; None: nobody said, and `recording` may hold the spoken address.
    Raises StoreUnavailable.
    """
    if account is None:
        return await outages.report(Report(call_id, trouble, recording=recording))
    place = Place.of(account)
    known = None if is_urgent(trouble) else await outages.at(place)
    outage_id = None if known is None else known.id
    return await outages.report(Report(call_id, trouble, place, account.id, outage_id, recording))


class DarkBook(Protocol):
    """A call-back that is being settled, within one transaction."""

    def end_dark(self, callback: Callback, now: datetime) -> bool:
        """The call-back is kept, and there is still no light; False if another daemon has it by now."""

    def place_of(self, callback: Callback) -> Place:
        """Where the light has to be back."""

    def going_on(self) -> Sequence[Outage]:
        """Outages that go on."""

    def report_dark(
        self, callback: Callback, place: Place, trouble: Trouble, outage_id: int | None, now: datetime
    ) -> None:
        """Store the report of a called person, once for a call-back."""


def report_still_dark(book: DarkBook, callback: Callback, now: datetime) -> bool:
    """A called person says that there is still no light: kept, and reported once. False if another daemon has it."""
    if not book.end_dark(callback, now):
        return False
    place = book.place_of(callback)
    known = affecting(book.going_on(), place, now)
    trouble = Trouble.HOUSE if place.scope is Scope.HOUSE else Trouble.STREET
    book.report_dark(callback, place, trouble, None if known is None else known.id, now)
    return True
