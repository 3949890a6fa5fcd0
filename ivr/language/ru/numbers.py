"""What the line says for a value: Russian numbers, dates and quantities as prompt ids.

A piece is the largest sound that can be recorded once: 0 to 99 whole (nominative and the accusative, which is the
same but for «одну»), a hundred, a scale word. The oblique cases are rare, so they are spoken word by word.

    number/45  number/21-f  number/300  number/thousand-few     nominative, accusative
    number-acc/21-f  number-acc/thousand-one                    accusative where it differs
    number-gen/20  number-gen/1-f  number-dat/thousand-many     genitive, dative: one word each

Texts are in the catalogue; a test compares every number with num2words. Nothing here reads or writes.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from ivr.domain.meters import ZoneName
from ivr.domain.readings import Period

LARGEST = 99_999_999
YEARS = range(2000, 2050)
PAUSE = "pause/group"


class Gender(StrEnum):
    """Gender of what is counted: один, одна, одно."""

    MASCULINE = "m"
    FEMININE = "f"
    NEUTER = "n"


class Case(StrEnum):
    """Case of the number; the accusative is that of things, not of living beings."""

    NOMINATIVE = "nominative"
    GENITIVE = "genitive"
    DATIVE = "dative"
    ACCUSATIVE = "accusative"


class Form(StrEnum):
    """Form of a noun after a number: 1 тысяча, 2 тысячи, 5 тысяч."""

    ONE = "one"
    FEW = "few"
    MANY = "many"


_OBLIQUE = {Case.GENITIVE: "number-gen", Case.DATIVE: "number-dat"}
_SCALES = (
    (1_000_000, "million", Gender.MASCULINE),
    (1_000, "thousand", Gender.FEMININE),
)


def form_after(count: int) -> Form:
    """Which form of a noun follows `count` in the nominative. `count` is not negative."""
    if count % 100 in range(11, 15):
        return Form.MANY
    if count % 10 == 1:
        return Form.ONE
    return Form.FEW if count % 10 in (2, 3, 4) else Form.MANY


def cardinal(value: int, gender: Gender = Gender.MASCULINE, case: Case = Case.NOMINATIVE) -> tuple[str, ...]:
    """Pieces of a whole number: 21 345 is «двадцать одна», «тысяча», «триста», «сорок пять».

    gender: of what is counted; scale words keep their own. Raises ValueError outside 0 to 99 999 999.
    """
    if not 0 <= value <= LARGEST:
        raise ValueError(f"only numbers from 0 to {LARGEST} can be spoken")
    if value == 0:
        return (f"{_OBLIQUE.get(case, 'number')}/0",)
    pieces: list[str] = []
    rest = value
    for size, scale, own_gender in _SCALES:
        count, rest = divmod(rest, size)
        if count:
            pieces += (*_below_thousand(count, own_gender, case), _scale_word(scale, count, case))
    return (*pieces, *_below_thousand(rest, gender, case))


def _scale_word(scale: str, count: int, case: Case) -> str:
    form = form_after(count)
    if case in _OBLIQUE:  # две тысячи, but двух тысяч like пяти тысяч
        return f"{_OBLIQUE[case]}/{scale}-{Form.ONE if form is Form.ONE else Form.MANY}"
    if case is Case.ACCUSATIVE and form is Form.ONE and scale == "thousand":
        return "number-acc/thousand-one"
    return f"number/{scale}-{form}"


def _below_thousand(value: int, gender: Gender, case: Case) -> tuple[str, ...]:
    hundreds, rest = value - value % 100, value % 100
    folder = _OBLIQUE.get(case, "number")
    pieces = (f"{folder}/{hundreds}",) if hundreds else ()
    if not rest:
        return pieces
    if case in _OBLIQUE:
        return (*pieces, *_oblique_below_hundred(rest, gender, folder))
    return (*pieces, _below_hundred(rest, gender, case))


def _below_hundred(value: int, gender: Gender, case: Case) -> str:
    last = 0 if value in (11, 12) else value % 10
    if gender is Gender.FEMININE and last == 1 and case is Case.ACCUSATIVE:
        return f"number-acc/{value}-f"
    if (gender is Gender.FEMININE and last in (1, 2)) or (gender is Gender.NEUTER and last == 1):
        return f"number/{value}-{gender}"
    return f"number/{value}"


def _oblique_below_hundred(value: int, gender: Gender, folder: str) -> tuple[str, ...]:
    tens, ones = (value - value % 10, value % 10) if value > 20 else (0, value)
    words = (f"{folder}/{tens}",) if tens else ()
    if not ones:
        return words
    return (*words, f"{folder}/{ones}-f" if ones == 1 and gender is Gender.FEMININE else f"{folder}/{ones}")


def digits(text: str) -> tuple[str, ...]:
    """Pieces of a number said digit by digit, with a pause between groups.

    Groups are threes, with the rest as fours at the end, since that is how numbers are read from paper:
    4 is 4, 6 is 3 3, 7 is 3 4, 8 is 4 4, 10 is 3 3 4, 11 is 3 4 4, 12 is 3 3 3 3; five digits are 3 2.
    Nothing for no digits. Raises ValueError if `text` is anything but ASCII digits.
    """
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError("only digits can be spoken one by one")
    pieces: list[str] = []
    start = 0
    for size in _groups(len(text)):
        if start:
            pieces.append(PAUSE)
        pieces += (f"digit/{character}" for character in text[start : start + size])
        start += size
    return tuple(pieces)


def _groups(length: int) -> tuple[int, ...]:
    if length <= 4:
        return (length,)
    if length == 5:
        return (3, 2)
    fours = length % 3
    return (3,) * ((length - 4 * fours) // 3) + (4,) * fours


def day_of(day: date, today: date) -> tuple[str, ...]:
    """Pieces of a date in the genitive: «двадцать пятого», «октября».

    The year («две тысячи двадцать пятого года») follows when it is not that of `today`; years
    without a sound (before 2000, after 2049) are left out.
    """
    pieces = (f"date/day-{day.day}", f"date/month-{day.month}")
    return pieces if day.year == today.year else (*pieces, *_year(day.year))


def _year(year: int) -> tuple[str, ...]:
    return (f"date/year-{year}",) if year in YEARS else ()


def kilowatt_hours(value: int) -> tuple[str, ...]:
    """Pieces of an amount of energy: «пять», «киловатт-часов». Raises ValueError as `cardinal` does."""
    return (*cardinal(value), f"unit/kwh-{form_after(value)}")


def period(month: Period, *, with_year: bool = False) -> tuple[str, ...]:
    """Pieces of a billing month after «за»: «ноябрь», and «две тысячи двадцать шестого года» where asked."""
    pieces = (f"period/{month.month}",)
    return (*pieces, *_year(month.year)) if with_year else pieces


def zone(name: ZoneName) -> tuple[str, ...]:
    """The piece that names a tariff zone; nothing for a meter with one zone."""
    return () if name is ZoneName.WHOLE_DAY else (f"zone/{name}",)


def every_id() -> frozenset[str]:
    """Every prompt id that this module can produce, for the check of the catalogue."""
    ids = {PAUSE}
    for case in Case:
        for gender in Gender:
            for value in range(1000):
                ids.update(cardinal(value, gender, case))
        for count in (1, 2, 5):
            for size, _, _ in _SCALES:
                ids.update(cardinal(count * size, case=case))
        for count in range(1, 100):  # feminine forms before «тысяча»
            ids.update(cardinal(count * 1000, case=case))
    ids.update(f"digit/{digit}" for digit in range(10))
    ids.update(f"date/day-{day}" for day in range(1, 32))
    ids.update(f"date/month-{month}" for month in range(1, 13))
    ids.update(f"date/year-{year}" for year in YEARS)
    ids.update(f"period/{month}" for month in range(1, 13))
    ids.update(f"unit/kwh-{form}" for form in Form)
    ids.update(piece for name in ZoneName for piece in zone(name))
    return frozenset(ids)
