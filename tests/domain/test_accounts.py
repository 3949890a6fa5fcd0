"""Account numbers: lengths, check digits, leading zeros."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.domain.accounts import Account, AccountFormat, CheckDigit, luhn_holds, mod11_holds

BUSY = settings(deadline=None)  # the machine may be

DIGITS = st.text("0123456789", min_size=1, max_size=19)


def test_the_usual_length() -> None:
    assert AccountFormat().accepts("1234567890")


def test_another_length() -> None:
    numbers = ("", "123456789", "12345678901", "1234567890123")
    assert [number for number in numbers if AccountFormat().accepts(number)] == []


def test_several_lengths() -> None:
    form = AccountFormat((8, 10))
    assert [form.accepts("1" * length) for length in (7, 8, 9, 10, 11)] == [False, True, False, True, False]
    assert form.longest == 10


def test_leading_zeros_are_digits_like_others() -> None:
    assert AccountFormat().accepts("0000000001")
    assert not AccountFormat().accepts("1")


def test_what_is_not_all_ascii_digits() -> None:
    numbers = ("12345 6789", "123456789a", "-123456789", "1234567.90", "١٢٣٤٥٦٧٨٩٠", "²²²²²²²²²²")
    assert [number for number in numbers if AccountFormat().accepts(number)] == []


def test_luhn_holds() -> None:
    numbers = ("79927398713", "4111111111111111", "00", "18", "0000000000")
    assert [number for number in numbers if not luhn_holds(number)] == []


def test_luhn_does_not_hold() -> None:
    numbers = ("79927398710", "4111111111111112", "01", "81")
    assert [number for number in numbers if luhn_holds(number)] == []


@BUSY
@given(DIGITS)
def test_luhn_has_one_check_digit_for_each_number(body: str) -> None:
    assert sum(luhn_holds(body + digit) for digit in "0123456789") == 1


@BUSY
@given(DIGITS, st.data())
def test_luhn_notices_every_wrong_digit(body: str, data: st.DataObject) -> None:
    number = next(body + digit for digit in "0123456789" if luhn_holds(body + digit))
    place = data.draw(st.integers(0, len(number) - 1))
    wrong = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))
    assert not luhn_holds(number[:place] + wrong + number[place + 1 :])


def test_mod11_holds() -> None:
    """12345: 5·2 + 4·3 + 3·4 + 2·5 + 1·6 = 50 = 4·11 + 6. 5: 5·2 = 10, which counts as 0."""
    numbers = ("123456", "12", "00", "50", "0000000000")
    assert [number for number in numbers if not mod11_holds(number)] == []


def test_mod11_does_not_hold() -> None:
    numbers = ("123450", "11", "51", "213456")
    assert [number for number in numbers if mod11_holds(number)] == []


@BUSY
@given(DIGITS)
def test_mod11_has_one_check_digit_for_each_number(body: str) -> None:
    assert sum(mod11_holds(body + digit) for digit in "0123456789") == 1


def test_a_format_asks_for_its_check_digit() -> None:
    assert AccountFormat((11,), CheckDigit.LUHN).accepts("79927398713")
    assert not AccountFormat((11,), CheckDigit.LUHN).accepts("79927398710")
    assert AccountFormat((6,), CheckDigit.MOD11).accepts("123456")
    assert not AccountFormat((6,), CheckDigit.MOD11).accepts("123457")


def test_a_check_digit_does_not_excuse_the_length() -> None:
    assert not AccountFormat((10,), CheckDigit.LUHN).accepts("79927398713")


@BUSY
@given(st.text(max_size=12), st.sampled_from(CheckDigit))
def test_whatever_is_given_is_accepted_or_not(number: str, check: CheckDigit) -> None:
    if AccountFormat((2, 10), check).accepts(number):
        assert len(number) in (2, 10)


def test_the_last_digits_of_an_account() -> None:
    assert Account(1, "1234500789").last_digits == "0789"
    assert Account(1, "12").last_digits == "12"
