"""How many people report from one district."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ivr.domain.outages import Place
from ivr.domain.surges import FreshReport, SurgeTerms, surges

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
TERMS = SurgeTerms(reports=2)


def report(number: int, caller: str = "", account: int | None = None, district: str = "Север") -> FreshReport:
    return FreshReport(number, NOON + timedelta(seconds=number), Place(district), "", caller, account)


def test_more_callers_than_the_limit_are_a_surge() -> None:
    few = [report(n, f"+7916000000{n}", n) for n in range(2)]
    assert surges(few, TERMS) == []
    (surge,) = surges([report(9, "+79160000009", 9), *few], TERMS)
    assert (surge.district, surge.callers, [one.id for one in surge.reports]) == ("Север", 3, [0, 1, 9])


def test_one_telephone_is_one_caller_whatever_the_account() -> None:
    assert surges([report(n, "+79160000001", n) for n in range(9)], TERMS) == []


def test_one_account_is_one_caller_whatever_the_telephone() -> None:
    assert surges([report(n, f"+7916000000{n}", 1) for n in range(9)], TERMS) == []


def test_hidden_numbers_are_told_apart_by_account() -> None:
    assert [surge.callers for surge in surges([report(n, "", n) for n in range(3)], TERMS)] == [3]


def test_districts_are_counted_apart_and_compared_as_places_are() -> None:
    spelt = [report(n, "", n, name) for n, name in enumerate(("Север", "СЕВЕР", "север."))]
    others = [report(n, "", n, "Юг") for n in range(4, 6)]
    nowhere = [report(n, "", n, "") for n in range(7, 20)]
    assert [surge.district for surge in surges([*others, *nowhere, *spelt], TERMS)] == ["Север"]


def test_a_limit_of_none_is_never() -> None:
    assert surges([report(n, "", n) for n in range(99)], SurgeTerms(reports=0)) == []
