"""Whose contact it is: by a telephone, by a number as people write it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.domain.accounts import Account, AccountFormat, CheckDigit
from ivr.intake.identify import Candidates, Identify, by_number, spellings

TEN = AccountFormat()
ONE, OTHER = Account(1, "0012345678"), Account(2, "1234567890")


@dataclass
class Book:
    """Accounts in memory."""

    accounts: tuple[Account, ...] = (ONE, OTHER)

    async def accounts_of_phone(self, phone: str) -> tuple[Account, ...]:
        return self.accounts if phone == "+79160000001" else ()

    async def account(self, number: str) -> Account | None:
        return self.find(number)

    def find(self, number: str) -> Account | None:
        return next((account for account in self.accounts if account.number == number), None)

    async def active(self, numbers: object) -> frozenset[str]:
        return frozenset()

    async def any_starts_with_zero(self) -> bool:
        return True


@pytest.mark.parametrize(
    "written", ["0012345678", "12345678", "00 12 345 678", "00-12345678", "0012.345.678", "012345678", "00–1234–5678"]
)
async def test_a_number_is_found_as_people_write_it(written: str) -> None:
    assert await Identify(Book(), TEN).by_number(written) == Candidates((ONE,), named=True)
    assert by_number(written, TEN, Book().find) == ONE


@pytest.mark.parametrize("written", ["9999999999", "12", "", "00123456789", "лицевой 5", "٣٣٣٣٣٣٣٣٣٣", "-"])
async def test_malformed_and_unknown_look_alike(written: str) -> None:
    assert await Identify(Book(), TEN).by_number(written) == Candidates(named=True)
    assert by_number(written, TEN, Book().find) is None


async def test_only_the_single_account_of_a_telephone_is_offered() -> None:
    both = await Identify(Book(), TEN).by_phone("+79160000001")
    assert (both.accounts, both.offered) == ((ONE, OTHER), None)
    one = await Identify(Book((ONE,)), TEN).by_phone("+79160000001")
    assert one.offered == ONE
    for phone in ("", "+79160000002"):
        assert await Identify(Book(), TEN).by_phone(phone) == Candidates()


def test_lost_zeros_are_put_back_for_each_length_and_the_check_digit_is_held() -> None:
    assert spellings("12345678", AccountFormat((8, 10))) == ("12345678", "0012345678")
    assert spellings("18", AccountFormat((4,), CheckDigit.LUHN)) == ("0018",)
    assert spellings("19", AccountFormat((4,), CheckDigit.LUHN)) == ()


@given(st.text(max_size=30))
def test_whatever_is_written_only_numbers_of_the_right_form_are_looked_up(written: str) -> None:
    assert all(TEN.accepts(number) for number in spellings(written, TEN))
