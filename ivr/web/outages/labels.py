"""Outages in words."""

from __future__ import annotations

import re
from datetime import datetime

from ivr.domain.callbacks import CallbackResult
from ivr.domain.outages import Cause, Kind, Place, State, Trouble

STATES = {
    State.SUSPECTED: ("предполагается", "warn"),
    State.OPEN: ("идёт", "bad"),
    State.ENDED: ("закончилось", "good"),
    State.WITHDRAWN: ("отменено", "plain"),
}
PLANNED = ("запланировано", "plain")
"""An open outage whose time has not come."""

KINDS: dict[str, str] = {Kind.EMERGENCY: "аварийное", Kind.PLANNED: "плановое"}
CAUSES: dict[str, str] = {
    Cause.WORKS: "плановые работы",
    Cause.CABLE: "повреждение кабеля",
    Cause.LINE: "обрыв воздушной линии",
    Cause.SUBSTATION: "авария на подстанции",
    Cause.WEATHER: "непогода",
    Cause.UNKNOWN: "причина выясняется",
}
TROUBLES: dict[str, str] = {
    Trouble.FLAT: "нет света в квартире",
    Trouble.HOUSE: "нет света в доме",
    Trouble.STREET: "нет света на улице",
    Trouble.DANGER: "искрит или упал провод",
    Trouble.FLICKER: "мигает свет",
}
CHANGES = {
    "add": "внесено",
    "change": "изменено",
    "end": "закончено",
    "withdraw": "отменено",
    "suspect": "предположено программой",
    "confirm": "подтверждено",
    "reopen": "открыто снова",
}
RINGS = {"due": "ждёт звонка", "calling": "набирается", "done": "дозвонились", "given-up": "не дозвонились"}

RING_REASONS: dict[str, str] = {
    CallbackResult.CONFIRMED: "свет есть",
    CallbackResult.DECLINED: "не нужно",
    CallbackResult.DARK: "света всё ещё нет",
    CallbackResult.PERSON: "захотел поговорить с человеком",
    CallbackResult.SILENT: "не нажал клавишу",
    CallbackResult.NO_ANSWER: "не ответил",
    CallbackResult.BUSY: "занято",
    CallbackResult.FAILED: "станция не смогла позвонить",
}


def place_text(place: Place) -> str:
    """`Север, Ленина, 5`."""
    return ", ".join(filter(None, (place.district, place.street, place.house)))


_STAMP = r"(unknown|\d{4}-\d\d-\d\dT\d\d:\d\d[+-]\d\d:\d\d)"
_HISTORY: tuple[tuple[str, str], ...] = (
    (rf"(\w+), (\w+), began {_STAMP}, expected end {_STAMP}", "{0}, {1}, началось {2}, закончится {3}"),
    (rf"expected end {_STAMP} -> {_STAMP}", "закончится {1} (было {0})"),
    (rf"expected end {_STAMP}", "закончится {0}"),
    (r"cause (\w+) -> (\w+)", "{1} (было: {0})"),
    (r"cause (\w+)", "{0}"),
    (rf"at {_STAMP}, to ring: (\d+)", "в {0}, надо позвонить: {1}"),
    (r"was (\w+), wait again: (\d+)", "было: {0}, снова ждут звонка: {1}"),
    (r"(\d+) callers within ([\d.]+) minutes", "позвонили {0} чел. за {1} мин"),
    (r"nobody confirmed it", "никто не подтвердил"),
)
"""How the history is kept (English, for logs and files), and how it is shown."""


def history_text(detail: str) -> str:
    """What was changed of an outage, in Russian; a person's note stays as it is."""
    return "; ".join(_part_of_history(part) for part in detail.split("; "))


def _part_of_history(part: str) -> str:
    for pattern, russian in _HISTORY:
        found = re.fullmatch(pattern, part)
        if found:
            return russian.format(*map(_word_of_history, found.groups()))
    return part


def _word_of_history(word: str) -> str:
    if word == "unknown":
        return "неизвестно когда"
    if "T" in word:
        return f"{datetime.fromisoformat(word):%d.%m.%Y %H:%M}"
    words: dict[str, str] = {**KINDS, **CAUSES, **{state: name for state, (name, _) in STATES.items()}}
    return words.get(word, word)
