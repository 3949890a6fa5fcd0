"""A call in words: outcomes, and its steps as a time line with the texts of the prompts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ivr.storage.calls.reader import StepView
from ivr.studio.catalogue import Entry
from ivr.web.core.labels import clock
from ivr.web.outages.labels import CAUSES, TROUBLES

OUTCOMES = {
    "stored": ("показания приняты", "good"),
    "nothing": ("ничего не оставлено", "plain"),
    "hotline": ("переведён на аварийную линию", "warn"),
    "operator": ("переведён на оператора", "warn"),
    "message": ("оставлено сообщение", "warn"),
    "open": ("идёт сейчас", "plain"),
}
"""Outcome -> words and tone; `open` while the call goes on."""

HEARD = {
    "answer": "ответ",
    "no-input": "молчание",
    "keys-only": "распознавание занято, дальше по клавишам",
    "not-understood": "не понято",
    "overrun": "лишние цифры",
    "hotline": "просит аварийную линию",
    "operator": "просит оператора",
    "report": "сообщает об аварии",
    "repeat": "просит повторить",
    "back": "просит вернуться",
    "help": "просит помощь",
    "cancel": "отменяет",
}
VERDICTS = {
    "accepted": "подходит",
    "same-value": "такое же, как в прошлый раз",
    "rollover": "счётчик перешёл через нули",
    "lower-than-last": "меньше прошлого",
    "above-usual-use": "намного больше обычного",
    "above-connection": "больше, чем может дать ввод",
    "too-many-digits": "слишком много цифр для этого счётчика",
    "zones-swapped": "похоже, день и ночь перепутаны",
}
TO = {
    "hotline": "на аварийную линию",
    "operator": "на оператора",
    "message": "на запись сообщения",
    "hangup": "прощание",
}
FAULTS = {
    "store": "база данных не ответила",
    "outages": "не удалось узнать об отключениях",
    "reading not stored": "показания не сохранились",
    "report not stored": "сообщение об аварии не сохранилось",
    "promise not stored": "обещание перезвонить не сохранилось",
    "recogniser": "распознавание речи не работает",
    "session": "связь с телефонной станцией прервалась",
    "too long": "звонок длился слишком долго",
    "daemon stops": "программу остановили",
    "dialogue": "ошибка программы",
}
YES_NO = {"1": "1 — да", "2": "2 — нет"}

_ANSWER = re.compile(r"(?P<given>[^«]*?)\s*(?:«(?P<words>.*)»)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the time line. seconds: since the call began. who: line, caller or system. words: as heard."""

    seconds: float
    who: str
    what: str
    text: str = ""
    words: str = ""
    prompt: str = ""
    bad: bool = False

    @property
    def clock(self) -> str:
        """`1:05` from the beginning."""
        return clock(int(self.seconds))


def time_line(
    steps: Iterable[StepView], began: datetime, catalogue: Mapping[str, Entry], *, in_full: bool
) -> list[Line]:
    """The steps of a call. in_full: with what the caller pressed and said, and with the numbers the line read out."""
    return [_line(step, (step.at - began).total_seconds(), catalogue, in_full) for step in steps]


def prompt_text(ids: Iterable[str], catalogue: Mapping[str, Entry]) -> str:
    """What a chain of prompts says; the id where the catalogue has no text."""
    said = ((catalogue[one].text if one in catalogue else one) for one in ids)
    return " ".join(text for text in said if text)


def _line(step: StepView, seconds: float, catalogue: Mapping[str, Entry], in_full: bool) -> Line:
    if step.kind == "prompt":
        ids = [step.prompt, *(step.detail.split() if in_full else ())]
        return Line(seconds, "line", "говорит", prompt_text(ids, catalogue), prompt=step.prompt)
    if step.kind in _OF_CALLER:
        if not in_full:
            return Line(seconds, "caller", _OF_CALLER[step.kind])
        answer = _ANSWER.fullmatch(step.detail)
        given, words = (answer["given"] or "", answer["words"] or "") if answer else (step.detail, "")
        if given in HEARD:
            return Line(seconds, "caller", HEARD[given], words=words)
        given = YES_NO.get(given, given) if step.kind == "yes-no" else given
        return Line(seconds, "caller", _OF_CALLER[step.kind], given, words)
    what, text, bad = _of_system(step, in_full)
    return Line(seconds, "system", what, text, bad=bad)


_OF_CALLER = {
    "voice": "отвечает голосом",
    "keys": "нажимает",
    "yes-no": "отвечает да или нет",
    "recorded": "говорит адрес",
    "corrected": "поправляет",
}


def _of_system(step: StepView, in_full: bool) -> tuple[str, str, bool]:
    detail = step.detail
    first, _, rest = detail.partition(" ")
    match step.kind:
        case "identified":
            return "абонент определён", "", False
        case "judged":
            return "проверка показаний", f"{first}: {VERDICTS.get(rest, rest)}", False
        case "stored":
            return "показания сохранены", detail if in_full else "", False
        case "close":
            return "несколько похожих вариантов", detail if in_full else "", False
        case "outage":
            cause = CAUSES.get(detail.rpartition(" ")[2], "")
            return "рассказано об отключении", f"№ {first}{', ' if cause else ''}{cause}", False
        case "promised":
            return "обещано перезвонить", f"когда закончится отключение № {detail}", False
        case "reported":
            return "принято сообщение", f"№ {first}, {TROUBLES.get(rest, rest)}", False
        case "handed-back":
            return "дальше", TO.get(detail, detail), False
        case "hung-up":
            return "звонящий положил трубку", "", False
        case "fault":
            return "сбой", FAULTS.get(detail, detail), True
    return step.kind, detail if in_full else "", False
