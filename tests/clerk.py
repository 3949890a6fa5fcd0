"""A clerk who decides on doubtful readings, as the pages and the commands do."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from ivr.domain.judgement import Limits
from ivr.domain.readings import Window
from ivr.intake import review
from ivr.intake.review import Clerk
from ivr.intake.submit import Rules
from ivr.storage.database.database import Database
from ivr.storage.readings.review import Reviews

MOSCOW = ZoneInfo("Europe/Moscow")
RULES = Rules(Window(), Limits())


def accept(database: Database, reading: int, who: str, now: datetime) -> None:
    review.accept(Reviews(database, MOSCOW), Clerk(who, now), reading)


def correct(database: Database, reading: int, value: int, who: str, now: datetime, *, insist: bool = False) -> int:
    return review.correct(Reviews(database, MOSCOW), RULES, Clerk(who, now), reading, value, insist=insist)


def refuse(database: Database, reading: int, reason: str, who: str, now: datetime) -> None:
    review.refuse(Reviews(database, MOSCOW), Clerk(who, now), reading, reason)
