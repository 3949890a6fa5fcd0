"""Finding accounts as people write: numbers, telephones, meters, addresses."""

from __future__ import annotations

import pytest

from ivr.storage.accounts import search as account_search
from ivr.storage.database.database import Database
from tests.storage.conftest import Stock


@pytest.fixture
def filled(stock: Stock) -> Stock:
    """Five accounts."""
    first = stock.account("0012345678", street="улица Ленина", house="5", flat="12", phones="+79161234567 +79160000001")
    stock.account("0012345679", street="улица Ленина", house="5А", flat="1")
    stock.account("0099000000", street="Проспект Мира", house="7/2", flat="")
    stock.account("7700000001", street="улица 8 Марта", house="3", flat="4", phones="+79161234567")
    stock.account("7700000002", street="Микрорайон 3", house="9")
    stock.meter(first, "Э-00123456")
    return stock


AS_PEOPLE_WRITE = {
    "0012345678": ["0012345678"],
    "00123": ["0012345678", "0012345679"],
    "001 2345-678": ["0012345678"],
    "8 (916) 123-45-67": ["0012345678", "7700000001"],
    "+79160000001": ["0012345678"],
    "Э-00123456": ["0012345678"],
    "ЛЕНИНА": ["0012345678", "0012345679"],
    "ленина 5": ["0012345678"],
    "ул ленина, 5а": ["0012345679"],
    "Ленина 5 12": ["0012345678"],
    "мира 7/2": ["0099000000"],
    "8 марта": ["7700000001"],
    "8 марта 3 4": ["7700000001"],
    "микрорайон 3": ["7700000002"],
    "микрорайон 3 9": ["7700000002"],
    "ленина 6": [],
    "%": [],
    "'; drop table accounts": [],
    "": [],
    "   ": [],
}


@pytest.mark.both_databases
def test_as_people_write(database: Database, filled: Stock) -> None:
    def numbers(text: str) -> list[str]:
        return [one.number for one in account_search.find(database, text)]

    assert {text: numbers(text) for text in AS_PEOPLE_WRITE} == AS_PEOPLE_WRITE


@pytest.mark.both_databases
def test_who_may_not_see_telephones_does_not_find_by_them(database: Database, filled: Stock) -> None:
    assert account_search.find(database, "+79161234567", by_phone=False) == []


def test_no_more_than_a_page(database: Database, stock: Stock) -> None:
    for n in range(account_search.MOST_FOUND + 5):
        stock.account(f"55{n:08d}", street="Мира")
    for text in ("55", "мира"):
        assert len(account_search.find(database, text)) == account_search.MOST_FOUND + 1


@pytest.mark.both_databases
def test_all_that_is_known(database: Database, filled: Stock) -> None:
    (found,) = account_search.find(database, "0012345678")
    account = account_search.known(database, found.id)
    assert account is not None
    (meter,) = account.meters
    assert (meter.serial, [register.zone for register in meter.registers]) == ("Э-00123456", ["T1"])
    assert account_search.known(database, 999) is None
