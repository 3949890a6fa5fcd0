"""The audit in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ivr.domain.audit import Action, Fact, LockScope, Part, StudioEntrance
from ivr.web.core.labels import ROLES
from ivr.web.outages.labels import CAUSES, KINDS, STATES
from ivr.web.prompts.take_view import WAYS

ACTIONS: dict[Action, str] = {
    Action.LOGIN: "вход",
    Action.LOGOUT: "выход",
    Action.LOGOUT_EVERYWHERE: "выход на всех устройствах",
    Action.USER_ADD: "человек добавлен",
    Action.USER_ROLE: "роль изменена",
    Action.USER_ENABLE: "вход разрешён",
    Action.USER_DISABLE: "вход закрыт",
    Action.USER_PASSWORD: "пароль изменён",
    Action.USER_PIN: "ПИН-код изменён",
    Action.USER_LOCK: "вход закрыт после неудачных попыток",
    Action.READING_ACCEPT: "показание принято",
    Action.READING_CORRECT: "показание исправлено",
    Action.METER_REPLACE: "счётчик заменён",
    Action.READING_REFUSE: "показание отклонено",
    Action.OUTAGE_ADD: "отключение внесено",
    Action.OUTAGE_CHANGE: "отключение изменено",
    Action.OUTAGE_END: "отключение закончено",
    Action.OUTAGE_WITHDRAW: "отключение отменено",
    Action.OUTAGE_REOPEN: "отключение открыто снова",
    Action.OUTAGE_SUSPECT: "отключение предположено программой",
    Action.OUTAGE_CONFIRM: "отключение подтверждено",
    Action.GREETING_SWITCH: "приветствие переключено",
    Action.SURGE_SWITCH: "поиск крупных аварий переключён",
    Action.PROMPT_TAKE: "фраза записана",
    Action.PROMPT_PUBLISH: "запись фразы опубликована",
    Action.PROMPT_WITHDRAW: "запись фразы возвращена к прежней",
    Action.PROMPT_TEXT: "текст фразы изменён",
    Action.PROMPT_CLEAN: "старые записи фраз удалены",
    Action.STUDIO_RING: "телефон вызван для записи",
    Action.STUDIO_CALL: "вход в запись по телефону",
    Action.RECORDING_HEARD: "запись прослушана",
    Action.CALLS_PURGE: "старые записи звонков удалены",
}


def actions_named(part: str) -> list[Action]:
    """Actions whose Russian words hold `part`, whatever its case."""
    return [action for action, words in ACTIONS.items() if part.casefold() in words.casefold()]


FACTS: dict[Fact, str] = {
    Fact.BEFORE: "прежняя запись",
    Fact.BEGAN_AT: "началось",
    Fact.BYTES: "байт",
    Fact.CALLERS: "позвонили, чел.",
    Fact.CALLS: "звонков",
    Fact.CAUSE: "причина",
    Fact.ENDED_AT: "закончилось",
    Fact.ENTRANCE: "вход",
    Fact.EXPECTED_END: "обещанное окончание",
    Fact.HOW: "как записано",
    Fact.INSISTED: "опубликовано вопреки",
    Fact.KIND: "вид",
    Fact.LOGIN: "логин",
    Fact.MINUTES: "за минут",
    Fact.NOTE: "примечание",
    Fact.OLDER_THAN: "старше",
    Fact.PART: "что прослушано",
    Fact.PHONE: "телефон",
    Fact.RECORDINGS: "записей звонков",
    Fact.REFUSED: "не подходит",
    Fact.REMOVED: "удалён",
    Fact.REPLACEMENT: "№ нового показания",
    Fact.METER: "счётчик",
    Fact.RESTORED: "возвращена запись",
    Fact.ROLE: "роль",
    Fact.SCOPE: "откуда нельзя войти",
    Fact.TAKE: "запись",
    Fact.TAKES: "записей",
    Fact.TEXT: "текст",
    Fact.TO_RING: "надо позвонить",
    Fact.UNCONFIRMED: "никто не подтвердил",
    Fact.UTTERANCE: "реплика",
    Fact.UTTERANCES: "реплик",
    Fact.VALUE: "значение",
    Fact.VOICE: "голос",
    Fact.WAIT_AGAIN: "снова ждут звонка",
    Fact.WAS: "было",
}
_WORDS: dict[str, str] = {
    **KINDS,
    **CAUSES,
    **{state: words for state, (words, _) in STATES.items()},
    **dict(ROLES.items()),
    **dict(WAYS.items()),
    LockScope.ONE_ADDRESS: "с одного адреса",
    LockScope.EVERYWHERE: "отовсюду",
    StudioEntrance.PAGES: "вызов со страницы",
    StudioEntrance.PIN: "по ПИН-коду",
    Part.CALL: "весь звонок",
    Part.ADDRESS: "адрес",
}
_CODED = {Fact.CAUSE, Fact.ENTRANCE, Fact.HOW, Fact.KIND, Fact.PART, Fact.ROLE, Fact.SCOPE, Fact.WAS}
_TIMES = {Fact.BEGAN_AT, Fact.ENDED_AT, Fact.EXPECTED_END, Fact.OLDER_THAN}


def detail_text(facts: Mapping[str, Any]) -> str:
    """Facts in a line: `роль: сотрудник → наблюдатель; телефон: +79160000001`."""
    return "; ".join(_fact(key, value) for key, value in facts.items())


def _fact(key: str, value: Any) -> str:
    if key not in FACTS:  # of a later version
        return f"{key}: {value}"
    fact = Fact(key)
    if value is True:
        return FACTS[fact]
    if isinstance(value, dict):
        return f"{FACTS[fact]}: {_value(fact, value['old'])} → {_value(fact, value['new'])}"
    return f"{FACTS[fact]}: {_value(fact, value)}"


def _value(fact: Fact, value: Any) -> str:
    if value is None:
        return "неизвестно" if fact in _TIMES else "нет"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if fact in _TIMES:
        return f"{datetime.fromisoformat(value):%d.%m.%Y %H:%M}"
    return _WORDS.get(value, str(value)) if fact in _CODED else str(value)
