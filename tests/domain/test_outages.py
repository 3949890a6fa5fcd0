"""Whom an outage affects, and which one a caller is told of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ivr.domain.accounts import Account
from ivr.domain.outages import Cause, Kind, Outage, Place, Scope, State, affecting

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE = Place("Север", "Ленина", "5")


def outage(id: int = 1, place: Place = HERE, **fields: object) -> Outage:
    known = Outage(id, Kind.EMERGENCY, State.OPEN, place, Cause.CABLE, NOW - HOUR)
    return replace(known, **fields)  # type: ignore[arg-type]


def test_a_place_covers_what_lies_in_it() -> None:
    places = [
        Place("Север"),
        Place("Север", "Ленина"),
        Place("Север", "Ленина", "5"),
        Place("", "Ленина"),
        Place("", "Ленина", "5"),
        Place(" СЕВЕР ", "ул. ленина", "д. 5"),
        Place("север", "Улица  Ленина", "дом 5"),
    ]
    assert [place for place in places if not place.covers(HERE)] == []


def test_a_place_covers_nothing_else() -> None:
    places = [
        Place(),
        Place("Юг"),
        Place("Юг", "Ленина"),
        Place("Север", "Мира"),
        Place("Север", "Ленина", "55"),
        Place("Север", "Ленина", "5а"),
        Place("Север", "", "5"),
    ]
    assert [place for place in places if place.covers(HERE)] == []


def test_an_address_that_is_not_known_lies_nowhere() -> None:
    assert not any(Place(*parts).covers(Place()) for parts in [("Север",), ("Север", "Ленина"), ("", "Ленина", "5")])
    assert not Place("Север", "Ленина", "5").covers(Place("Север", "Ленина"))


def test_houses_are_written_in_many_ways() -> None:
    for house, same in (("5А", "5 а"), ("5/2", "д.5/2"), ("12ё", "12Е")):
        assert Place("", "Ленина", house).covers(Place("Север", "Ленина", same)), house


def test_a_street_may_be_called_street() -> None:
    assert Place("", "Улица").covers(Place("", "улица"))
    assert not Place("", "проспект Мира").covers(Place("", "Мира"))


def test_of_an_account() -> None:
    assert Place.of(Account(1, "1", "Север", "Ленина", "5", "12")) == HERE


def test_scope() -> None:
    scopes = {Place("Север"): Scope("district"), Place("", "Ленина"): Scope("street"), HERE: Scope("house")}
    assert {place: place.scope for place in scopes} == scopes


def test_callers_hear_of_what_goes_on_only() -> None:
    assert affecting([outage(state=state) for state in (State.ENDED, State.WITHDRAWN)], HERE, NOW) is None


def test_planned_works_affect_nobody_before_they_begin() -> None:
    works = outage(kind=Kind.PLANNED, began_at=NOW + HOUR)
    assert affecting([works], HERE, NOW) is None
    assert affecting([works], HERE, NOW + HOUR) == works


def test_the_narrowest_outage_is_told_and_of_those_the_latest() -> None:
    house, street, district = outage(1), outage(2, Place("", "Ленина")), outage(3, Place("Север"))
    assert affecting([district, house, street], HERE, NOW) == house
    assert affecting([district, street], HERE, NOW) == street
    later = outage(4, Place("Север"), began_at=NOW)
    assert affecting([later, district], HERE, NOW) == later


def test_it_is_late_once_its_end_is_past() -> None:
    assert not outage().is_late(NOW)
    assert outage(expected_end=NOW).is_late(NOW)
    assert not outage(expected_end=NOW + HOUR).is_late(NOW)


def test_a_known_outage_is_told_rather_than_a_suspected_one() -> None:
    suspected = outage(id=9, state=State.SUSPECTED, place=Place("Север"))
    assert affecting([suspected], HERE, NOW) == suspected
    known = outage(id=1, place=Place("Север"))
    assert affecting([suspected, known], HERE, NOW) == known
