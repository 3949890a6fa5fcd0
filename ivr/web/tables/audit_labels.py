"""The audit in words."""

from __future__ import annotations

from ivr.domain.audit import Action

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
