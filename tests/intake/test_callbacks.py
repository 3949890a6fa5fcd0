"""Who is owed a call-back, what becomes of an earlier one, and whose light is back: without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ivr.domain.callbacks import DANGER, UNWATCHED, CallbackRequest, CallbackState, OutageCallbackRequest
from ivr.domain.outages import Cause, Kind, Outage, Place, State
from ivr.intake.callbacks import LEAVES, MOST_A_DAY, MOST_OPEN, Callbacks, ask, ask_after_outage, take_next_after_outage
from tests.intake.memory_book import LEASE, MemoryBook

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PHONE = "+79161234567"
STREET = Place("Север", "Ленина")
HOME = Place("Север", "Ленина", "5")


def request(phone: str = PHONE, priority: int = 0, waited: timedelta = timedelta(), **more: str) -> CallbackRequest:
    return CallbackRequest(phone, "hotline", priority, NOON - waited, **more)


def outage(number: int, place: Place = STREET) -> Outage:
    return Outage(number, Kind.EMERGENCY, State.OPEN, place, Cause.CABLE, NOON - HOUR)


def rings(book: MemoryBook, key: int, now: datetime = NOON) -> None:
    """A daemon claims this call-back."""
    assert book.take(key, now) is not None


async def test_the_use_case_asks_at_its_own_time() -> None:
    book = MemoryBook()
    assert await Callbacks(book, lambda: NOON).ask(request())
    assert [(row.phone, row.due_at) for row in book.rows] == [(PHONE, NOON)]


def test_asked_twice_before_anybody_rings_is_one_that_keeps_the_place_and_the_danger() -> None:
    book = MemoryBook(calls={"first"}, accounts={"0012345678"})
    assert ask(book, request(waited=9 * MINUTE, call_id="first", account="0012345678"), NOON - 9 * MINUTE)
    assert ask(book, request(priority=DANGER, call_id="nobody knows it"), NOON)
    assert ask(book, request(), NOON + MINUTE)
    (row,) = book.rows
    assert row.request == request(priority=DANGER, waited=9 * MINUTE, call_id="first", account="0012345678")
    assert (row.asked_at, row.due_at) == (NOON + MINUTE, NOON + MINUTE)


def test_asked_between_two_tries_is_a_new_one_due_at_once() -> None:
    book = MemoryBook()
    ask(book, request(), NOON)
    book.rows[0].tries, book.rows[0].due_at = 1, NOON + HOUR
    assert ask(book, request(), NOON + MINUTE)
    assert [(row.state, row.due_at) for row in book.rows] == [
        (CallbackState.GIVEN_UP, NOON + HOUR),
        (CallbackState.DUE, NOON + MINUTE),
    ]


def test_asked_while_somebody_rings_is_noted() -> None:
    book = MemoryBook()
    ask(book, request(), NOON)
    rings(book, 1)
    assert ask(book, request(), NOON + LEASE + UNWATCHED)
    assert [(row.state, row.asked_again) for row in book.rows] == [(CallbackState.CALLING, True)]


def test_a_claim_that_nobody_watches_any_more_keeps_nobody_waiting() -> None:
    book = MemoryBook()
    ask(book, request(), NOON)
    rings(book, 1)
    assert ask(book, request(), NOON + LEASE + UNWATCHED + timedelta(seconds=1))
    assert [row.state for row in book.rows] == [CallbackState.GIVEN_UP, CallbackState.DUE]


def test_asked_in_the_call_of_a_callback_that_one_is_kept_and_the_next_waits_for_the_last_words() -> None:
    book = MemoryBook()
    ask(book, request(), NOON)
    rings(book, 1)
    assert ask(book, request(callback=book.rows[0].token), NOON + MINUTE)
    kept, owed = book.rows
    assert (kept.state, owed.state) == (CallbackState.DONE, CallbackState.DUE)
    assert owed.due_at == NOON + MINUTE + LEAVES


def test_a_number_is_owed_so_many_a_day_and_no_more() -> None:
    book = MemoryBook()
    for number in range(MOST_A_DAY):
        assert ask(book, request(), NOON + number * MINUTE)
        book.rows[-1].state = CallbackState.DONE
    assert not ask(book, request(), NOON + HOUR)
    assert ask(book, request("+79160000001"), NOON + HOUR)
    assert ask(book, request(), NOON + timedelta(days=1, minutes=1))


def test_so_many_are_owed_in_all() -> None:
    book = MemoryBook()
    for number in range(MOST_OPEN):
        book.add(request(f"+7916{number:07d}"), NOON, NOON)
    assert not ask(book, request("+79990000000"), NOON)
    assert ask(book, request("+79160000000"), NOON), "a number that is owed one already keeps it"


def test_an_outage_that_goes_on_is_waited_for_and_one_just_over_is_due_at_once() -> None:
    book = MemoryBook(outages=[outage(1)])
    ask_after_outage(book, OutageCallbackRequest("c1", PHONE, 1), NOON)
    ask_after_outage(book, OutageCallbackRequest("c1", PHONE, 1), NOON)
    ask_after_outage(book, OutageCallbackRequest("c2", PHONE, 2), NOON)
    assert [(row.outage_id, row.due_at) for row in book.rows] == [(1, None), (2, NOON)]


def after_outage(*, home: Place | None = None, goes_on: tuple[Outage, ...] = ()) -> MemoryBook:
    """A number is owed a call-back of the street's outage 1, which has ended."""
    book = MemoryBook(outages=list(goes_on), places={1: STREET, 2: STREET})
    ask_after_outage(book, OutageCallbackRequest("c1", PHONE, 1), NOON)
    book.rows[0].home = home
    return book


def test_who_has_light_again_is_rung() -> None:
    book = after_outage(goes_on=(outage(2, Place("Юг")),))
    taken = take_next_after_outage(book, NOON)
    assert taken is not None and taken.phone == PHONE
    assert take_next_after_outage(book, NOON) is None


def test_who_is_dark_by_another_outage_waits_for_its_end() -> None:
    book = after_outage(home=HOME, goes_on=(outage(2, HOME),))
    assert take_next_after_outage(book, NOON) is None
    assert [(row.outage_id, row.due_at, row.state) for row in book.rows] == [(2, None, CallbackState.DUE)]


def test_the_account_counts_and_not_the_street_where_the_outage_was() -> None:
    book = after_outage(home=HOME, goes_on=(outage(2, Place("Север", "Ленина", "7")),))
    assert take_next_after_outage(book, NOON) is not None


def test_who_waits_for_the_other_outage_already_waits_once() -> None:
    book = after_outage(home=HOME, goes_on=(outage(2, HOME),))
    ask_after_outage(book, OutageCallbackRequest("c2", PHONE, 2), NOON)
    assert take_next_after_outage(book, NOON) is None
    assert [(row.outage_id, row.state) for row in book.rows] == [(1, CallbackState.GIVEN_UP), (2, CallbackState.DUE)]
