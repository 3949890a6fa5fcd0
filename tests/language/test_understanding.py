"""Spoken words -> digit strings, both ways against num2words."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from num2words import num2words

from ivr.language.ru.understanding import MOST_CANDIDATES, candidates
from ivr.language.ru.words import CORRECTIONS, FILLERS, FRACTION_MARKS, NUMBER_WORDS, UNKNOWN

DIGIT_WORDS = ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять"]


def readings(text: str) -> list[str]:
    return [candidate.digits for candidate in candidates(text.split())]


def in_words(number: int) -> str:
    return num2words(number, lang="ru")


def said_in_groups(digits: str, size: int) -> str:
    """The digits as a caller groups them: a leading zero of a group is said by itself."""
    words = []
    for start in range(0, len(digits), size):
        group = digits[start : start + size]
        zeros = len(group) - len(group.lstrip("0"))
        words += ["ноль"] * zeros + ([in_words(int(group))] if group.strip("0") else [])
    return " ".join(words)


@given(st.integers(0, 9_999_999))
@settings(deadline=None)
def test_a_whole_number_is_understood_first(number: int) -> None:
    assert readings(in_words(number))[0] == str(number)


@given(st.text("0123456789", min_size=1, max_size=20))
@settings(deadline=None)
def test_single_digits_keep_their_zeros_and_have_one_plain_reading(digits: str) -> None:
    found = candidates([DIGIT_WORDS[int(digit)] for digit in digits])
    assert found[0].digits == digits
    assert found[0].cost == 0


@given(st.text("0123456789", min_size=2, max_size=12), st.sampled_from([2, 3]))
@settings(deadline=None)
def test_pairs_and_triples_are_among_the_readings(digits: str, size: int) -> None:
    text = said_in_groups(digits, size)
    same_length = [reading for reading in readings(text) if len(reading) == len(digits)]
    assert digits in same_length, text


@given(
    st.lists(
        st.sampled_from([*NUMBER_WORDS, *FILLERS, *CORRECTIONS, *FRACTION_MARKS, UNKNOWN, "собака", ""]), max_size=60
    )
)
@settings(deadline=None)
def test_no_string_of_words_breaks_it_and_the_readings_are_bounded(words: list[str]) -> None:
    found = candidates(words)
    assert len(found) <= MOST_CANDIDATES
    assert all(candidate.digits.isascii() and candidate.digits.isdigit() for candidate in found)
    assert len({candidate.digits for candidate in found}) == len(found)


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_is_borne(text: str) -> None:
    candidates(text.split())


def test_an_ambiguous_string_gives_all_its_readings() -> None:
    meant = {
        "двадцать пять": ["25", "205"],
        "сто двадцать": ["120", "10020"],
        "сто двадцать пять": ["125", "1205", "10025", "100205"],
        "тысяча двести": ["1200", "1000200"],
    }
    found = {said: readings(said) for said in meant}
    assert {said: sorted(one) for said, one in found.items()} == {said: sorted(one) for said, one in meant.items()}
    assert {said: one[0] for said, one in found.items()} == {said: one[0] for said, one in meant.items()}


def test_ways_of_saying() -> None:
    meant = {
        "тыща двести": "1200",
        "двенадцать тыщ триста сорок пять": "12345",
        "полторы тысячи": "1500",
        "одна тысяча пять": "1005",
        "ноль ноль один": "001",
        "нуль раз два": "012",
        "два два три": "223",
        "один три нуля пять": "10005",
        "две пятёрки": "55",
        "две пятерки": "55",
        "двенадцать тысяч ноль сорок пять": "12045",
        "мой номер сорок ноль один двадцать три": "400123",
        "показания двенадцать тысяч триста сорок пять киловатт спасибо": "12345",
        "двенадцать триста сорок пять": "12345",
        "э двенадцать ну триста сорок пять": "12345",
    }
    assert {said: readings(said)[0] for said in meant} == meant


def test_a_fraction_is_dropped_and_told() -> None:
    ways = (
        "двенадцать тысяч триста сорок пять запятая шесть",
        "двенадцать тысяч триста сорок пять целых шесть десятых",
        "двенадцать тысяч триста сорок пять и шесть десятых",
    )
    found = {said: candidates(said.split())[0] for said in ways}
    told = {said: (best.digits, best.fraction_dropped) for said, best in found.items()}
    assert told == dict.fromkeys(ways, ("12345", True))


def test_a_correction_replaces_the_number_or_its_end() -> None:
    found = readings("двенадцать тысяч триста сорок пять нет двенадцать тысяч триста сорок шесть")
    assert found[0] == "12346"
    assert "400124" in readings("сорок ноль один двадцать три нет двадцать четыре")[:2]


def test_words_without_a_number_give_nothing() -> None:
    assert candidates(["здравствуйте", UNKNOWN]) == ()
