"""Outages in words."""

from __future__ import annotations

from ivr.domain.outages import Cause, Kind, Place, State, Trouble
from ivr.domain.promises import Rung

STATES = {
    State.SUSPECTED: ("предполагается", "warn"),
    State.OPEN: ("идёт", "bad"),
    State.ENDED: ("закончилось", "good"),
    State.WITHDRAWN: ("отменено", "plain"),
}
PLANNED = ("запланировано", "plain")
"""An open outage whose time has not come."""

KINDS = {Kind.EMERGENCY: "аварийное", Kind.PLANNED: "плановое"}
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
    Rung.CONFIRMED: "свет есть",
    Rung.DECLINED: "не нужно",
    Rung.DARK: "света всё ещё нет",
    Rung.PERSON: "захотел поговорить с человеком",
    Rung.SILENT: "не нажал клавишу",
    Rung.NO_ANSWER: "не ответил",
    Rung.BUSY: "занято",
    Rung.FAILED: "станция не смогла позвонить",
}


def place_text(place: Place) -> str:
    """`Север, Ленина, 5`."""
    return ", ".join(filter(None, (place.district, place.street, place.house)))
