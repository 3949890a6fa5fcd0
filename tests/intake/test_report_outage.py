"""What is stored of a report: whose, where, and the outage that it belongs to; danger waits for no look-up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ivr.domain.accounts import Account
from ivr.domain.callbacks import OutageCallbackRequest
from ivr.domain.outages import Cause, Kind, Outage, Place, Report, State, Trouble, affecting
from ivr.intake.callbacks import ask_after_outage, take_next_after_outage
from ivr.intake.report_outage import report_outage, report_still_dark
from tests.intake.memory_book import MemoryBook

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
HOME = Place("Север", "Ленина", "5")
ACCOUNT = Account(3, "0012345678", "Север", "Ленина", "5", "12", ())
KNOWN = Outage(7, Kind.EMERGENCY, State.OPEN, Place("Север"), Cause.CABLE, NOON - timedelta(hours=1))


class Store:
    """One known outage; keeps what is reported and says what it was asked for."""

    def __init__(self, *outages: Outage) -> None:
        self.outages = outages
        self.looked: list[Place] = []
        self.reported: list[Report] = []

    async def at(self, place: Place) -> Outage | None:
        self.looked.append(place)
        return affecting(self.outages, place, NOON)

    async def report(self, report: Report) -> str:
        self.reported.append(report)
        return str(1000 + len(self.reported))


@pytest.mark.parametrize(("outages", "belongs"), [((KNOWN,), 7), ((), None)])
async def test_a_report_belongs_to_the_outage_of_its_place(outages: tuple[Outage, ...], belongs: int | None) -> None:
    store = Store(*outages)
    assert await report_outage(store, "c1", Trouble.HOUSE, ACCOUNT) == "1001"
    assert store.reported == [Report("c1", Trouble.HOUSE, HOME, 3, belongs)]


async def test_danger_is_stored_before_anything_is_looked_up() -> None:
    store = Store(KNOWN)
    await report_outage(store, "c1", Trouble.DANGER, ACCOUNT)
    assert store.reported == [Report("c1", Trouble.DANGER, HOME, 3)] and store.looked == []


async def test_without_an_account_the_spoken_address_is_kept() -> None:
    store = Store(KNOWN)
    await report_outage(store, "c1", Trouble.FLICKER, None, "voice/c1.wav")
    assert store.reported == [Report("c1", Trouble.FLICKER, recording="voice/c1.wav")] and store.looked == []


@pytest.mark.parametrize(("home", "trouble"), [(HOME, Trouble.HOUSE), (None, Trouble.STREET)])
def test_a_called_person_still_without_light_is_reported_once(home: Place | None, trouble: Trouble) -> None:
    street = Place("Север", "Ленина")
    book = MemoryBook(places={1: street})
    ask_after_outage(book, OutageCallbackRequest("c1", "+79161234567", 1), NOON)
    book.rows[0].home = home
    callback = take_next_after_outage(book, NOON)
    assert callback is not None
    book.outages.append(KNOWN)
    assert report_still_dark(book, callback, NOON)
    assert not report_still_dark(book, callback, NOON), "a daemon that comes too late"
    assert book.reported == [(callback.id, home or street, trouble, 7)]
