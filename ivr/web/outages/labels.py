"""Outages in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ivr.domain.audit import Fact
from ivr.domain.callbacks import CallbackResult, CallbackState, GivenUp
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
CALLBACK_STATES: dict[str, str] = {
    CallbackState.DUE: "ждёт звонка",
    CallbackState.CALLING: "набирается",
    CallbackState.DONE: "дозвонились",
    CallbackState.GIVEN_UP: "не дозвонились",
}

CALLBACK_REASONS: dict[str, str] = {
    CallbackResult.CONFIRMED: "свет есть",
    CallbackResult.DECLINED: "не нужно",
    CallbackResult.DARK: "света всё ещё нет",
    CallbackResult.PERSON: "захотел поговорить с человеком",
    CallbackResult.SILENT: "не нажал клавишу",
    CallbackResult.NO_ANSWER: "не ответил",
    CallbackResult.BUSY: "занято",
    CallbackResult.FAILED: "станция не смогла позвонить",
    GivenUp.REPLACED: "попросил ещё раз",
    GivenUp.TOO_LATE: "слишком поздно",
}


def place_text(place: Place) -> str:
    """`Север, Ленина, 5`."""
    return ", ".join(filter(None, (place.district, place.street, place.house)))


def history_text(facts: Mapping[str, Any]) -> str:
    """A change of an outage, and the note of the user who made it."""
    parts: list[str] = []
    if Fact.KIND in facts:
        began, end = _moment(facts[Fact.BEGAN_AT]), _moment(facts[Fact.EXPECTED_END])
        parts.append(f"{_word(facts[Fact.KIND])}, {_word(facts[Fact.CAUSE])}, началось {began}, закончится {end}")
    else:
        if Fact.EXPECTED_END in facts:
            parts.append(f"закончится {_changed(facts[Fact.EXPECTED_END], _moment, '(было {})')}")
        if Fact.CAUSE in facts:
            parts.append(_changed(facts[Fact.CAUSE], _word, "(было: {})"))
    if Fact.ENDED_AT in facts:
        parts.append(f"в {_moment(facts[Fact.ENDED_AT])}, надо позвонить: {facts[Fact.TO_RING]}")
    if Fact.WAS in facts:
        parts.append(f"было: {_word(facts[Fact.WAS])}, снова ждут звонка: {facts[Fact.WAIT_AGAIN]}")
    if Fact.CALLERS in facts:
        parts.append(f"позвонили {facts[Fact.CALLERS]} чел. за {facts[Fact.MINUTES]:g} мин")
    if Fact.UNCONFIRMED in facts:
        parts.append("никто не подтвердил")
    parts += [str(facts[key]) for key in (Fact.TEXT, Fact.NOTE) if key in facts]
    return "; ".join(parts)


def _changed(value: Any, words: Callable[[Any], str], before: str) -> str:
    if isinstance(value, dict):
        return f"{words(value['new'])} {before.format(words(value['old']))}"
    return words(value)


def _moment(stamp: str | None) -> str:
    return "неизвестно когда" if stamp is None else f"{datetime.fromisoformat(stamp):%d.%m.%Y %H:%M}"


def _word(word: str) -> str:
    words: dict[str, str] = {**KINDS, **CAUSES, **{state: name for state, (name, _) in STATES.items()}}
    return words.get(word, word)
