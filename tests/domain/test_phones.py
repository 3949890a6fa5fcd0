"""Numbers of callers, as trunks send them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.domain.phones import from_caller_id, is_e164

BUSY = settings(deadline=None)  # the machine may be


@pytest.mark.parametrize(
    "text", ["+79161234567", "79161234567", "89161234567", "9161234567", "8 (916) 123-45-67", "+7 916 123.45.67"]
)
def test_the_same_number_in_many_forms(text: str) -> None:
    assert from_caller_id(text) == "+79161234567"


@pytest.mark.parametrize(
    ("text", "number"),
    [("+375291234567", "+375291234567"), ("84951234567", "+74951234567"), ("+1 202 555 0100", "+12025550100")],
)
def test_other_numbers(text: str, number: str) -> None:
    assert from_caller_id(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "anonymous",
        "unknown",
        "100",
        "112",
        "+",
        "+0123456789",
        "1234567",
        "2161234567",
        "881234567890",
        "sip:x@y",
        "7" * 40,
    ],
)
def test_what_is_no_number(text: str) -> None:
    assert from_caller_id(text) == ""


@pytest.mark.parametrize("text", ["٨٩١٦١٢٣٤٥٦٧", "+٧٩١٦١٢٣٤٥٦٧", "9٩61234567"])
def test_digits_of_other_scripts_are_no_number(text: str) -> None:
    assert from_caller_id(text) == ""
    assert not is_e164(text)


@pytest.mark.parametrize("text", ["+7916123456789012", "+791612", "79161234567", "+79161234567\n", " +79161234567"])
def test_what_is_not_e164(text: str) -> None:
    assert not is_e164(text)


@BUSY
@given(st.text(max_size=20) | st.from_regex(r"\+?[78]?[0-9 ()-]{5,15}", fullmatch=True))
def test_a_number_or_nothing(text: str) -> None:
    number = from_caller_id(text)
    assert number == "" or (is_e164(number) and number.isascii())
    assert from_caller_id(number) == number
