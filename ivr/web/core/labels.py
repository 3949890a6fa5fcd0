"""Russian words of the pages for values of the domain, and how times, numbers and telephones are written."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal

from ivr.domain.users import FEWEST_OF_PASSWORD, FEWEST_OF_PIN, MOST_OF_PASSWORD, MOST_OF_PIN, Role, SecretFault

ROLES = {
    Role.ADMINISTRATOR: "администратор",
    Role.CLERK: "сотрудник",
    Role.VOICE: "диктор",
    Role.VIEWER: "наблюдатель",
}
ROLE_HINTS = {
    Role.ADMINISTRATOR: "всё, в том числе люди",
    Role.CLERK: "показания, звонки, отключения, абоненты, отчёты",
    Role.VOICE: "запись фраз",
    Role.VIEWER: "сводка, звонки без номеров, отключения, абоненты без телефонов и отчёты, только просмотр",
}
SECRET_FAULTS = {
    SecretFault.BAD_LOGIN: "Логин: от 2 до 40 строчных букв, цифр, точек или дефисов, без пробелов.",
    SecretFault.SHORT_PASSWORD: f"Пароль слишком короткий: нужно не меньше {FEWEST_OF_PASSWORD} знаков.",
    SecretFault.LONG_PASSWORD: f"Пароль слишком длинный: не больше {MOST_OF_PASSWORD} знаков.",
    SecretFault.EASY_PASSWORD: "Пароль слишком простой: не логин, не один знак подряд и не ряд цифр.",
    SecretFault.PIN_FORM: f"ПИН-код: от {FEWEST_OF_PIN} до {MOST_OF_PIN} цифр.",
    SecretFault.EASY_PIN: "ПИН-код слишком простой: не одна цифра и не цифры по порядку.",
}
RUSSIAN = Locale("ru")


def local_time(at: datetime | None, zone: ZoneInfo) -> str:
    """`25.11.2026 14:05` where the customers live, «—» for None."""
    return "—" if at is None else f"{at.astimezone(zone):%d.%m.%Y %H:%M}"


def local_day(at: date | None, zone: ZoneInfo) -> str:
    """`25 ноября 2026`, of a day or of an aware time."""
    day = at.astimezone(zone) if isinstance(at, datetime) else at
    return "—" if day is None else format_date(day, "d MMMM y", locale=RUSSIAN)


def phone(number: str) -> str:
    """+79161234567 as `+7 916 123-45-67`, others unchanged, «скрыт» for none."""
    russian = re.fullmatch(r"\+7(\d{3})(\d{3})(\d{2})(\d{2})", number, re.ASCII)
    return "+7 {} {}-{}-{}".format(*russian.groups()) if russian else number or "скрыт"


def masked(number: str) -> str:
    """+79161234567 as `+7 916 •••-••-67`, for users who may not see numbers; «скрыт» for none."""
    shown = phone(number)
    return re.sub(r"\d{3}-\d\d(?=-\d\d$)", "•••-••", shown) if shown != number else "•••" if number else shown


def clock(seconds: float) -> str:
    """How long, as a clock shows it: `1:05`, `1:02:03`."""
    minutes, rest = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def thousands(value: int) -> str:
    """12345 as `12 345`, with a space that does not break."""
    return format_decimal(value, locale=RUSSIAN)


def plural(count: int, one: str, few: str, many: str) -> str:
    """`1 звонок`, `2 звонка`, `5 звонков`."""
    return f"{thousands(count)}\u00a0{counted(count, one, few, many)}"


def counted(count: int, one: str, few: str, many: str) -> str:
    """The word alone that goes with a number: `звонок`, `звонка`, `звонков`."""
    return {"one": one, "few": few}.get(RUSSIAN.plural_form(abs(count)), many)
