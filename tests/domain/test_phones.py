"""Numbers of callers, as trunks send them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.domain.phones import from_caller_id, is_e164

BUSY = settings(deadline=None)  # the machine may be


def test_the_same_number_in_many_forms() -> None:
    forms = ("+79161234567", "79161234567", "89161234567", "9161234567", "8 (916) 123-45-67", "+7 916 123.45.67")
    assert {text: from_caller_id(text) for text in forms} == dict.fromkeys(forms, "+79161234567")


def test_other_numbers() -> None:
    numbers = {"+375291234567": "+375291234567", "84951234567": "+74951234567", "+1 202 555 0100": "+12025550100"}
    assert {text: from_caller_id(text) for text in numbers} == numbers


def test_what_is_no_number() -> None:
    texts = (
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
    )
    assert {text: from_caller_id(text) for text in texts} == dict.fromkeys(texts, "")


def test_digits_of_other_scripts_are_no_number() -> None:
    texts = ("٨٩١٦١٢٣٤٥٦٧", "+٧٩١٦١٢٣٤٥٦٧", "9٩61234567")
    assert {text: (from_caller_id(text), is_e164(text)) for text in texts} == dict.fromkeys(texts, ("", False))


def test_what_is_not_e164() -> None:
    texts = ("+7916123456789012", "+791612", "79161234567", "+79161234567\n", " +79161234567")
    assert [text for text in texts if is_e164(text)] == []


@BUSY
@given(st.text(max_size=20) | st.from_regex(r"\+?[78]?[0-9 ()-]{5,15}", fullmatch=True))
def test_a_number_or_nothing(text: str) -> None:
    number = from_caller_id(text)
    assert number == "" or (is_e164(number) and number.isascii())
    assert from_caller_id(number) == number
