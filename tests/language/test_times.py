"""Days and times by which something is expected, as a caller hears them."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from num2words import num2words

from ivr.config import REPOSITORY
from ivr.language.ru.dates import by_time, every_id
from ivr.studio.catalogue import load_catalogue

CATALOGUE = load_catalogue(REPOSITORY / "prompts" / "ru.toml")
MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 24, 15, 20, tzinfo=MOSCOW)


def heard(moment: str, now: datetime = NOW) -> str:
    at = datetime.fromisoformat(moment).replace(tzinfo=MOSCOW)
    return " ".join(CATALOGUE[id_].text for id_ in by_time(at, now))


def test_as_one_says_it() -> None:
    said = {
        "2026-11-24T18:30": "сегодня к восемнадцати тридцати",
        "2026-11-25T09:00": "завтра к девяти ноль ноль",
        "2026-11-24T21:45": "сегодня к двадцати одному сорока пяти",
        "2026-11-24T22:05": "сегодня к двадцати двум ноль пяти",
        "2026-11-25T00:00": "сегодня к полуночи",
        "2026-11-26T00:00": "завтра к полуночи",
        "2026-11-25T00:30": "завтра к ноль тридцати",
        "2026-11-25T01:00": "завтра к часу ночи",
        "2026-11-25T01:20": "завтра к часу двадцати",
        "2026-11-27T12:00": "двадцать седьмого ноября к двенадцати ноль ноль",
        "2026-11-23T12:10": "двадцать третьего ноября к двенадцати десяти",
        "2027-01-02T23:59": "второго января две тысячи двадцать седьмого года к двадцати трём пятидесяти девяти",
    }
    assert {moment: heard(moment) for moment in said} == said


def test_every_minute_of_a_day_is_in_the_dative() -> None:
    day = datetime(2026, 11, 25, tzinfo=MOSCOW)
    for hour in (0, *range(2, 24)):
        for minute in range(1, 60):
            dative = [num2words(part, lang="ru", case="d") for part in (hour, minute)]
            expected = f"завтра к {'ноль' if hour == 0 else dative[0]} {'ноль ' if minute < 10 else ''}{dative[1]}"
            assert heard((day + timedelta(hours=hour, minutes=minute)).replace(tzinfo=None).isoformat()) == expected


def test_the_last_day_of_the_year_has_a_tomorrow() -> None:
    now = datetime(2026, 12, 31, 23, 50, tzinfo=MOSCOW)
    assert heard("2027-01-01T06:00", now) == "завтра к шести ноль ноль"


def test_everything_that_can_be_said_has_a_text() -> None:
    assert [id_ for id_ in every_id() if not CATALOGUE[id_].spoken] == []
