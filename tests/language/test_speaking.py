"""Every number and date that the line can say, compared with num2words through the texts of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from ivr.config import REPOSITORY
from ivr.domain.meters import ZoneName
from ivr.domain.readings import Period
from ivr.language.ru.numbers import (
    LARGEST,
    PAUSE,
    YEARS,
    Case,
    Gender,
    cardinal,
    day_of,
    digits,
    every_id,
    kilowatt_hours,
    period,
    zone,
)
from ivr.studio.catalogue import Entry, load_catalogue

CASES = {Case.NOMINATIVE: "n", Case.GENITIVE: "g", Case.DATIVE: "d", Case.ACCUSATIVE: "a"}
GENDERS = {Gender.MASCULINE: "m", Gender.FEMININE: "f", Gender.NEUTER: "n"}
MONTHS = [
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
]
TODAY = date(2026, 11, 23)

KNOWN_TO_THE_CHECK = every_id()
CATALOGUE: Mapping[str, Entry] = load_catalogue(REPOSITORY / "prompts" / "ru.toml")


def heard(*ids: str) -> str:
    return " ".join(CATALOGUE[id_].text for id_ in ids)


def in_words(value: int, gender: Gender = Gender.MASCULINE, case: Case = Case.NOMINATIVE) -> str:
    """What num2words says; its millions take the gender of what is counted («одна миллион»): they are asked apart."""

    def words(part: int, of: Gender) -> str:
        return str(num2words(part, lang="ru", case=CASES[case], gender=GENDERS[of], animate=False))

    millions, rest = value - value % 1_000_000, value % 1_000_000
    if not millions:
        return words(rest, gender)
    return " ".join([words(millions, Gender.MASCULINE), *([words(rest, gender)] if rest else [])])


@pytest.mark.parametrize("case", Case)
@pytest.mark.parametrize("gender", Gender)
def test_every_number_to_four_digits_is_said_as_num2words_says_it(gender: Gender, case: Case) -> None:
    assert [heard(*cardinal(value, gender, case)) for value in range(10_000)] == [
        in_words(value, gender, case) for value in range(10_000)
    ]


@given(st.integers(0, LARGEST), st.sampled_from(Gender), st.sampled_from(Case))
def test_any_number_is_said_as_num2words_says_it(value: int, gender: Gender, case: Case) -> None:
    assert heard(*cardinal(value, gender, case)) == in_words(value, gender, case)


@given(st.integers(0, 99_999), st.sampled_from(Gender), st.sampled_from(Case))
def test_round_thousands_and_millions_too(count: int, gender: Gender, case: Case) -> None:
    assert heard(*cardinal(count * 1000, gender, case)) == in_words(count * 1000, gender, case)


@given(st.integers(0, LARGEST), st.sampled_from(Gender), st.sampled_from(Case))
def test_every_piece_of_a_number_is_known_to_the_check(value: int, gender: Gender, case: Case) -> None:
    assert KNOWN_TO_THE_CHECK.issuperset(cardinal(value, gender, case))


def test_numbers_sound_whole() -> None:
    assert cardinal(21_345) == ("number/21-f", "number/thousand-one", "number/300", "number/45")
    assert heard(*cardinal(1_000)) == "одна тысяча"
    assert heard(*cardinal(1_001, Gender.FEMININE, Case.ACCUSATIVE)) == "одну тысячу одну"
    assert heard(*cardinal(22, Gender.NEUTER)) == "двадцать два"


def test_a_number_that_no_meter_shows_is_refused() -> None:
    values = (-1, LARGEST + 1)
    for value in values:
        with pytest.raises(ValueError, match="0 to 99999999"):
            cardinal(value)


def test_digits_are_said_in_groups_of_three_and_four() -> None:
    groups = {
        "": [],
        "7": ["7"],
        "12": ["12"],
        "1234": ["1234"],
        "12345": ["123", "45"],
        "123456": ["123", "456"],
        "1234567": ["123", "4567"],
        "00123456": ["0012", "3456"],
        "0123456789": ["012", "345", "6789"],
        "12345678901": ["123", "4567", "8901"],
        "12345678901234567890": ["123", "456", "789", "012", "3456", "7890"],
    }
    said = {
        text: "".join(" " if id_ == PAUSE else id_.removeprefix("digit/") for id_ in digits(text)) for text in groups
    }
    assert said == {text: " ".join(parts) for text, parts in groups.items()}


def test_digits_have_no_gender() -> None:
    assert heard(*digits("012")) == "ноль один два"


def test_only_digits_are_said_digit_by_digit() -> None:
    texts = ("12a", " 1", "-1", "١٢", "²")
    for text in texts:
        with pytest.raises(ValueError, match="only digits"):
            digits(text)


def test_every_day_of_a_leap_year_is_said_in_the_genitive() -> None:
    for number in range(366):
        day = date(2028, 1, 1) + timedelta(number)
        ordinal = num2words(day.day, lang="ru", to="ordinal", case="g")
        assert heard(*day_of(day, date(2028, 5, 5))) == f"{ordinal} {MONTHS[day.month - 1]}"


def test_the_year_is_said_only_when_it_is_another_one() -> None:
    assert heard(*day_of(date(2026, 10, 25), TODAY)) == "двадцать пятого октября"
    assert heard(*day_of(date(2025, 10, 25), TODAY)) == "двадцать пятого октября две тысячи двадцать пятого года"


def test_every_year_is_said_as_num2words_says_it() -> None:
    for year in YEARS:
        ordinal = num2words(year, lang="ru", to="ordinal", case="g")
        assert heard(*day_of(date(year, 3, 8), date(year + 1, 3, 8))) == f"восьмого марта {ordinal} года"


def test_a_year_without_a_sound_is_left_out() -> None:
    assert heard(*day_of(date(1998, 3, 8), TODAY)) == "восьмого марта"


def test_kilowatt_hours_agree_with_their_number() -> None:
    said = {
        0: "ноль киловатт-часов",
        1: "один киловатт-час",
        2: "два киловатт-часа",
        4: "четыре киловатт-часа",
        5: "пять киловатт-часов",
        11: "одиннадцать киловатт-часов",
        14: "четырнадцать киловатт-часов",
        21: "двадцать один киловатт-час",
        112: "сто двенадцать киловатт-часов",
        1_022: "одна тысяча двадцать два киловатт-часа",
        1_000_000: "один миллион киловатт-часов",
    }
    assert {value: heard(*kilowatt_hours(value)) for value in said} == said


def test_a_period_is_a_month_after_za() -> None:
    assert heard(*period(Period(2026, 11))) == "ноябрь"
    assert heard(*period(Period(2027, 1), with_year=True)) == "январь две тысячи двадцать седьмого года"


def test_zones_are_called_by_their_names() -> None:
    assert [heard(*zone(name)) for name in ZoneName] == ["", "день", "ночь", "пик", "полупик"]


def test_everything_that_can_be_said_has_a_text_or_is_a_pause() -> None:
    assert [id_ for id_ in sorted(every_id()) if not CATALOGUE[id_].spoken and not CATALOGUE[id_].pause_ms] == []
