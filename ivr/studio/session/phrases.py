"""What comes before and after a prompt in a call, for the speaker: what callers heard most often around it.

Where no call is known it is taken from the phrases that the line joins. Numbers, dates and times are those of
`ivr.language`, joined to the prompts that the dialogue says before them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache

from ivr.dialogue.prompts import Prompt
from ivr.domain.meters import ZoneName
from ivr.domain.readings import Period
from ivr.language.ru.dates import by_time
from ivr.language.ru.numbers import (
    YEARS,
    Case,
    Gender,
    cardinal,
    day_of,
    digits,
    form_after,
    kilowatt_hours,
    period,
    zone,
)
from ivr.studio.catalogue import Entry

MIDDLE, FINAL = "голос ровный: фраза продолжается", "голос опускается: конец фразы"
EITHER = "голос ровный: бывает и в середине, и в конце фразы"
QUESTION, ASKING_ON = "вопрос: голос поднимается", "голос не падает: сразу звучит продолжение"


class Place(StrEnum):
    """The positions of a piece in its phrases."""

    MIDDLE = MIDDLE
    FINAL = FINAL
    EITHER = EITHER


@dataclass(frozen=True, slots=True)
class Neighbours:
    """before, after: texts heard around the prompt, "" for none. hint: which way the voice goes, "" if unknown."""

    before: str = ""
    after: str = ""
    hint: str = ""


Around = tuple[tuple[str, ...], tuple[str, ...]]
"""Ids before a prompt and behind it, up to MOST_AROUND of each."""
MOST_AROUND = 3


def usual_order(rows: Iterable[Sequence[str]]) -> Mapping[str, Around]:
    """For each prompt what was heard around it most often. rows: ids as calls heard them in a row.

    First the two that were next to it most often together, then what was around them most often. Of equal ones the
    first in the alphabet, so that a sheet made twice is the same.
    """
    pairs: dict[str, Counter[Around]] = defaultdict(Counter)
    wider: dict[tuple[str, Around], Counter[Around]] = defaultdict(Counter)
    for row in map(tuple, rows):
        for index, id_ in enumerate(row):
            before, after = row[max(index - MOST_AROUND, 0) : index], row[index + 1 : index + 1 + MOST_AROUND]
            next_to = before[-1:], after[:1]
            pairs[id_][next_to] += 1
            wider[id_, next_to][before, after] += 1
    return {id_: _most_frequent(wider[id_, _most_frequent(counted)]) for id_, counted in pairs.items()}


def _most_frequent(counted: Counter[Around]) -> Around:
    return min(counted, key=lambda around: (-counted[around], around))


def neighbours(entry: Entry, catalogue: Mapping[str, Entry], usual: Mapping[str, Around] | None = None) -> Neighbours:
    """What is heard around a prompt: usually, else in the first phrase that shows most of it."""
    around = (usual or {}).get(entry.id)
    where = _phrases().get(entry.id)
    if around is None and where is not None:
        phrase, index, _ = where
        around = phrase[max(index - MOST_AROUND, 0) : index], phrase[index + 1 : index + 1 + MOST_AROUND]
    before, after = (
        " ".join(catalogue[id_].text or "—" for id_ in ids if id_ in catalogue) for ids in around or ((), ())
    )
    return Neighbours(before, after, _by_sign(entry.text) or (where[2].value if where is not None else ""))


def _by_sign(text: str) -> str:
    if text.endswith(":"):
        return ASKING_ON
    if text.endswith("?"):
        return QUESTION
    return FINAL if text.endswith((".", "!")) else ""


@cache
def _phrases() -> Mapping[str, tuple[tuple[str, ...], int, Place]]:
    """For each prompt the phrase with the most around it, its index there, and where it stands in all of them."""
    best: dict[str, tuple[int, tuple[str, ...], int]] = {}
    last: dict[str, set[bool]] = {}
    for phrase in spoken_phrases():
        for index, id_ in enumerate(phrase):
            last.setdefault(id_, set()).add(index == len(phrase) - 1)
            around = min(index, 2) + min(len(phrase) - 1 - index, 2)
            if id_ not in best or around > best[id_][0]:
                best[id_] = (around, phrase, index)
    places = {frozenset({True}): Place.FINAL, frozenset({False}): Place.MIDDLE}
    return {
        id_: (phrase, index, places.get(frozenset(last[id_]), Place.EITHER)) for id_, (_, phrase, index) in best.items()
    }


def spoken_phrases() -> Iterator[tuple[str, ...]]:
    """Phrases as calls hear them; every number word, date and time is in one at least."""
    yield (Prompt.IDENTIFY_KNOWN, Prompt.IDENTIFY_CONFIRM, Prompt.IDENTIFY_LAST_DIGITS, *digits("2045"))
    yield (Prompt.IDENTIFY_ASK, Prompt.SAY_OR_KEY)
    yield (Prompt.IDENTIFY_ASK, Prompt.KEY_IN)
    for number in ("0123456789", "9876543210"):
        yield (Prompt.IDENTIFY_CONFIRM, *digits(number))
        yield (Prompt.READING_RECEIPT, *digits(number[:6]))
        yield (Prompt.REPORT_NUMBER, *digits(number[4:]))
    yield (Prompt.READING_METER, *digits("3407"), Prompt.READING_LAST, *zone(ZoneName.DAY), *cardinal(12345))
    for name in ZoneName:
        yield (Prompt.READING_ASK, *zone(name), Prompt.SAY_OR_KEY)
        yield (Prompt.READING_CONFIRM, *zone(name), *cardinal(21345))
        yield (Prompt.READING_SWAPPED, *zone(name))
    yield (Prompt.READING_TOO_LOW, *cardinal(5300))
    for value in (1, 2, 5, 1300, 41):
        yield (Prompt.READING_TOO_HIGH, *kilowatt_hours(value))
    for month in range(1, 13):
        yield (Prompt.READING_PERIOD, *period(Period(2026, month), with_year=True))
        yield (Prompt.READING_PERIOD, *period(Period(2026, month)))
        yield (Prompt.READING_TAKEN_ON, *day_of(date(2025, month, 25), date(2026, 6, 1)))
        yield (Prompt.READING_TAKEN_ON, *day_of(date(2026, month, 25), date(2026, 6, 1)))
    for day in range(1, 32):
        yield (Prompt.READING_TAKEN_ON, *day_of(date(2025, 10, day), date(2026, 6, 1)))
    for year in YEARS:
        yield (Prompt.READING_TAKEN_ON, *day_of(date(year, 10, 25), date(year + 1, 1, 15)))
    yield (Prompt.OUTAGE_KNOWN, Prompt.OUTAGE_DISTRICT, Prompt.OUTAGE_CABLE, Prompt.OUTAGE_NO_END)
    yield (Prompt.OUTAGE_KNOWN, Prompt.OUTAGE_STREET, Prompt.OUTAGE_LINE)
    yield (Prompt.OUTAGE_KNOWN, Prompt.OUTAGE_HOUSE, Prompt.OUTAGE_UNKNOWN)
    midnight = datetime(2026, 3, 2)
    for minutes in range(0, 48 * 60, 10):
        yield (Prompt.OUTAGE_EXPECTED, *by_time(midnight + timedelta(minutes=minutes), midnight))
    for case in Case:
        for gender in Gender:
            for value in range(1000):
                # As readings are: with thousands before, or alone.
                yield (*cardinal(value * 1000 + 345, case=case), *_counted(value, gender, case))
                yield cardinal(1000 + value, gender, case)
        for value in (1_000_000, 2_000_000, 5_000_000):
            yield cardinal(value + 2_300, case=case)
    for digit in range(10):
        yield ("fixed/emergency-you-entered", f"fixed/digit-{digit}", f"fixed/digit-{(digit + 3) % 10}")
        yield ("fixed/emergency-you-entered", f"fixed/digit-{digit}")
    yield ("fixed/closed", "fixed/leave-message")
    yield ("fixed/queue-place", "fixed/digit-4", "fixed/queue-minutes", "fixed/digit-7")


def _counted(value: int, gender: Gender, case: Case) -> tuple[str, ...]:
    if case is Case.NOMINATIVE and gender is Gender.MASCULINE and value < 3:
        return (f"unit/kwh-{form_after(value * 1000 + 345)}",)
    return ()
