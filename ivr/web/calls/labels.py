"""A call in words: outcomes, and its steps as a time line with the texts of the prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ivr.domain.journal.steps import (
    AddressRecorded,
    CallbackPromised,
    CallerHungUp,
    Corrected,
    Failed,
    GreetedShortly,
    HandedBack,
    Identified,
    KeysPressed,
    Legacy,
    OutageReported,
    OutageTold,
    PromptBegan,
    ReadingJudged,
    ReadingsStored,
    ReadStep,
    RecordingBegan,
    Said,
    SimilarNumbers,
    StudioEntered,
    StudioRefused,
    TakeKept,
    TakenBack,
    TakePublished,
    Unreadable,
    YesOrNoPressed,
)
from ivr.domain.journal.words import GOES_ON, Failure, Next, Outcome, Refused, TurnEnd
from ivr.domain.judgement import Verdict
from ivr.storage.calls.reader import StepView
from ivr.studio.catalogue import Entry
from ivr.web.core.labels import clock
from ivr.web.outages.labels import CAUSES, TROUBLES

OUTCOMES: Mapping[str, tuple[str, str]] = {
    Outcome.STORED: ("показания приняты", "good"),
    Outcome.NOTHING: ("ничего не оставлено", "plain"),
    Outcome.HOTLINE: ("переведён на аварийную линию", "warn"),
    Outcome.OPERATOR: ("переведён на оператора", "warn"),
    Outcome.MESSAGE: ("оставлено сообщение", "warn"),
    GOES_ON: ("идёт сейчас", "plain"),
}
"""Outcome -> words and tone; GOES_ON while the call goes on."""

TURN_ENDS = {
    TurnEnd.ANSWER: "ответ",
    TurnEnd.NO_INPUT: "молчание",
    TurnEnd.NO_RECOGNISER: "распознавание занято, дальше по клавишам",
    TurnEnd.NOT_UNDERSTOOD: "не понято",
    TurnEnd.OVERRUN: "лишние цифры",
    TurnEnd.HOTLINE: "просит аварийную линию",
    TurnEnd.OPERATOR: "просит оператора",
    TurnEnd.REPORT: "сообщает об аварии",
    TurnEnd.REPEAT: "просит повторить",
    TurnEnd.BACK: "просит вернуться",
    TurnEnd.HELP: "просит помощь",
    TurnEnd.CANCEL: "отменяет",
}
VERDICTS = {
    Verdict.ACCEPTED: "подходит",
    Verdict.SAME: "такое же, как в прошлый раз",
    Verdict.ROLLOVER: "счётчик перешёл через нули",
    Verdict.TOO_LOW: "меньше прошлого",
    Verdict.TOO_HIGH: "намного больше обычного",
    Verdict.IMPOSSIBLE: "больше, чем может дать ввод",
    Verdict.TOO_LONG: "слишком много цифр для этого счётчика",
    Verdict.ROLLOVER_UNPROVEN: "счётчик мог перейти через нули",
    Verdict.WITH_TENTH: "похоже, с цифрой после запятой",
    Verdict.SWAPPED: "похоже, день и ночь перепутаны",
}
NEXT = {
    Next.HOTLINE: "на аварийную линию",
    Next.OPERATOR: "на оператора",
    Next.MESSAGE: "на запись сообщения",
    Next.HANGUP: "прощание",
}
FAILURES = {
    Failure.STORE: "база данных не ответила",
    Failure.OUTAGES: "не удалось узнать об отключениях",
    Failure.READING_NOT_STORED: "показания не сохранились",
    Failure.REPORT_NOT_STORED: "сообщение об аварии не сохранилось",
    Failure.PROMISE_NOT_STORED: "обещание перезвонить не сохранилось",
    Failure.RECOGNISER: "распознавание речи не работает",
    Failure.SESSION: "связь с телефонной станцией прервалась",
    Failure.TOO_LONG: "звонок длился слишком долго",
    Failure.DAEMON_STOPS: "программу остановили",
    Failure.DIALOGUE: "ошибка программы",
}
REFUSED = {
    Refused.PERSON: "права записывать больше нет",
    Refused.TELEPHONE: "с этого телефона не записывают",
}
YES_NO = {"1": "1 — да", "2": "2 — нет"}


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
    return [_line(seen.step, (seen.at - began).total_seconds(), catalogue, in_full) for seen in steps]


def prompt_text(ids: Iterable[str], catalogue: Mapping[str, Entry]) -> str:
    """What a chain of prompts says; the id where the catalogue has no text."""
    said = ((catalogue[one].text if one in catalogue else one) for one in ids)
    return " ".join(text for text in said if text)


def _line(step: ReadStep, seconds: float, catalogue: Mapping[str, Entry], in_full: bool) -> Line:
    match step:
        case PromptBegan(prompt, pieces):
            ids = [prompt, *(pieces if in_full else ())]
            return Line(seconds, "line", "говорит", prompt_text(ids, catalogue), prompt=prompt)
        case KeysPressed(ended, given):
            return _turn(seconds, "нажимает", ended, given, in_full=in_full)
        case YesOrNoPressed(ended, given):
            return _turn(seconds, "отвечает да или нет", ended, YES_NO.get(given, given), in_full=in_full)
        case Said(ended, given, words):
            return _turn(seconds, "отвечает голосом", ended, given, words, in_full=in_full)
        case AddressRecorded(ended):
            return _turn(seconds, "говорит адрес", ended, in_full=in_full)
        case Corrected(given):
            return _turn(seconds, "поправляет", TurnEnd.ANSWER, given, in_full=in_full)
        case Failed(failure):
            return Line(seconds, "system", "сбой", FAILURES[failure], bad=True)
        case _:
            what, text = _of_system(step, in_full)
            return Line(seconds, "system", what, text)


def _turn(seconds: float, what: str, ended: TurnEnd, given: str = "", words: str = "", *, in_full: bool) -> Line:
    """A turn of the caller: what they gave, else how the turn ended."""
    if not in_full:
        return Line(seconds, "caller", what)
    return Line(seconds, "caller", what if given else TURN_ENDS[ended], given, words)


def _of_system(step: ReadStep, in_full: bool) -> tuple[str, str]:
    match step:
        case Identified():
            return "абонент определён", ""
        case GreetedShortly():
            return "короткое приветствие", ""
        case ReadingJudged(zone, verdict):
            return "проверка показаний", f"{zone}: {VERDICTS[verdict]}"
        case ReadingsStored(values):
            return "показания сохранены", " ".join(map(str, values)) if in_full else ""
        case SimilarNumbers(numbers):
            return "несколько похожих вариантов", " ".join(numbers) if in_full else ""
        case OutageTold(outage, _, cause):
            return "рассказано об отключении", f"№ {outage}" if cause is None else f"№ {outage}, {CAUSES[cause]}"
        case CallbackPromised(outage):
            return "обещано перезвонить", f"когда закончится отключение № {outage}"
        case OutageReported(number, trouble):
            return "принято сообщение", f"№ {number}, {TROUBLES[trouble]}"
        case HandedBack(to):
            return "дальше", NEXT[to]
        case CallerHungUp():
            return "звонящий положил трубку", ""
        case StudioEntered(login):
            return "вошёл в студию", login if in_full else ""
        case StudioRefused(why):
            return "в студию не пущен", REFUSED[why]
        case RecordingBegan():
            return "запись фразы", ""
        case TakeKept(take):
            return "сохранён черновик", f"№ {take}"
        case TakePublished(take):
            return "опубликована запись", f"№ {take}"
        case TakenBack(number):
            return "возвращена прежняя запись", f"фраза № {number}"
        case Legacy(was, text):
            return was, text if in_full else ""
        case Unreadable(kind, _, text):
            return kind, text if in_full else ""
    return step.kind, ""
