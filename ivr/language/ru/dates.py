"""When something is expected, in Russian: «сегодня к восемнадцати тридцати», «завтра к девяти ноль ноль».

    time/today  time/by-18  number-dat/30        the hour with its preposition, the minutes in the dative
    time/tomorrow  time/by-9  time/00            whole hours
    time/today  time/by-20  number-dat/3         from 21 on the hour is joined: «к двадцати», «трём»
    date/day-27  date/month-11  time/by-9        a later day, in the genitive

Texts are in the catalogue. Nothing here reads or writes.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ivr.language.ru.numbers import Case, cardinal, day_of

LARGEST_HOUR = 20  # in one piece; after it «к двадцати», «трём»
MIDNIGHT, ONE_AT_NIGHT, WHOLE_HOUR = "time/by-midnight", "time/by-one-at-night", "time/00"


def by_time(moment: datetime, now: datetime) -> tuple[str, ...]:
    """Pieces of the day and the time by which something is expected; both are local and aware.

    Midnight ends the day before it: the zero hour of tomorrow is «сегодня к полуночи». Seconds are left out. A moment
    that is past is named by its date, yesterday too.
    """
    day = (moment - timedelta(days=1)).date() if _is_midnight(moment) else moment.date()
    match (day - now.date()).days:
        case 0:
            named: tuple[str, ...] = ("time/today",)
        case 1:
            named = ("time/tomorrow",)
        case _:
            named = day_of(day, now.date())
    return (*named, *_clock(moment))


def _clock(moment: datetime) -> tuple[str, ...]:
    if _is_midnight(moment):
        return (MIDNIGHT,)
    beyond = cardinal(moment.hour - LARGEST_HOUR, case=Case.DATIVE) if moment.hour > LARGEST_HOUR else ()
    hour = (f"time/by-{min(moment.hour, LARGEST_HOUR)}", *beyond)
    if moment.minute == 0:
        return (ONE_AT_NIGHT,) if moment.hour == 1 else (*hour, WHOLE_HOUR)
    zero = ("number/0",) if moment.minute < 10 else ()  # «к девяти ноль пяти»: this zero is not declined
    return (*hour, *zero, *cardinal(moment.minute, case=Case.DATIVE))


def _is_midnight(moment: datetime) -> bool:
    return moment.hour == moment.minute == 0


def every_id() -> frozenset[str]:
    """Every prompt id that only this module produces, for the check of the catalogue."""
    hours = {f"time/by-{hour}" for hour in range(LARGEST_HOUR + 1)}
    return frozenset({"time/today", "time/tomorrow", MIDNIGHT, ONE_AT_NIGHT, WHOLE_HOUR} | hours)
