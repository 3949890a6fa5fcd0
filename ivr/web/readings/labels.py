"""Labels of readings: reasons to wait, status, zones, and consumption for a month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from markupsafe import Markup

from ivr.domain.judgement import Verdict
from ivr.domain.meters import ZONE_NAMES, Zone, ZoneName
from ivr.domain.readings import Channel, Status
from ivr.domain.review import Reason, separated
from ivr.intake.submit import Misfit
from ivr.storage.accounts.history import Past
from ivr.storage.readings.review_views import Checked
from ivr.web.core.plots import Point, line

MONTH_DAYS = 30
MOST_DRAWN = 25

REASONS: dict[str, str] = {
    Verdict.SAME: "такое же, как в прошлый раз: возможно, никто не жил или показание не сняли",
    Verdict.WITH_TENTH: "похоже, передана и цифра после запятой: без неё расход обычный",
    Verdict.ROLLOVER_UNPROVEN: "счётчик мог перейти через нули, но прошлых расходов нет, проверить не по чему",
    Verdict.TOO_LOW: "меньше прошлого показания",
    Verdict.TOO_HIGH: "расход намного больше обычного",
    Verdict.IMPOSSIBLE: "расход больше, чем может пропустить ввод",
    Verdict.TOO_LONG: "цифр больше, чем на табло счётчика",
    Verdict.SWAPPED: "похоже, перепутаны тарифные зоны",
    Verdict.ROLLOVER: "счётчик перешёл через нули",
    Reason.REFUSED: "отклонено",
    Reason.BY_BILLING: "исправлено расчётной системой",
    Reason.RESTORED: "снова на проверке: показание, которое его заменило, отклонено",
    Reason.METER_REMOVED: "последнее показание снятого счётчика",
    Reason.METER_INSTALLED: "первое показание нового счётчика",
    Reason.CORRECTED: "исправлено сотрудником",
    Reason.EMERGENCY: "принято аварийным приёмом, переспросить было некого",
    Reason.CONTROL: "контрольное: показания этого счётчика снимаются дистанционно",
    Reason.VERIFICATION_OVERDUE: "срок поверки счётчика прошёл, поставщик должен его заменить",
}
"""The codes of a stored reason -> Russian."""
MISFITS: dict[str, str] = {
    Misfit.UNKNOWN_ACCOUNT: "такого лицевого счёта нет",
    Misfit.FUTURE: "время приёма в будущем: проверьте часы сервера",
    Misfit.SEVERAL_METERS: "у абонента несколько счётчиков",
    Misfit.NO_METER: "у абонента нет счётчика",
    Misfit.WRONG_COUNT: "показаний не столько, сколько зон у счётчика",
    Misfit.TOO_LONG: "цифр больше, чем на табло счётчика",
}
"""Why readings of emergency mode belong to no meter."""
STATUSES = {
    Status.ACCEPTED: ("принято", "good"),
    Status.FLAGGED: ("ждёт проверки", "warn"),
    Status.SUPERSEDED: ("заменено", "plain"),
    Status.EXPORTED: ("передано в расчёты", "good"),
}
CHANNELS = {
    Channel.KEYS: "телефон, клавишами",
    Channel.VOICE: "телефон, голосом",
    Channel.EMERGENCY: "аварийный приём",
    Channel.BILLING: "из расчётов",
    Channel.PHONE: "телефон",
    Channel.SMS: "СМС",
    Channel.API: "другая программа",
    Channel.BANK: "банк",
    Channel.PORTAL: "личный кабинет",
    Channel.MAX: "MAX",
    Channel.VK: "ВКонтакте",
    Channel.TELEGRAM: "Telegram",
    Channel.OFFICE: "сотрудник",
    Channel.FILE: "файл",
    Channel.REMOTE: "дистанционно",
    Channel.INSPECTOR: "инспектор",
}
ZONES = {
    ZoneName.WHOLE_DAY: "круглосуточно",
    ZoneName.DAY: "день",
    ZoneName.NIGHT: "ночь",
    ZoneName.PEAK: "пик",
    ZoneName.HALF_PEAK: "полупик",
}


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """A line of the history's table. use: kilowatt-hours since the reading before; month: the same for 30 days."""

    past: Past
    use: int | None
    month: int | None
    status: str
    tone: str
    why: str


def why(reason: str, note: str = "") -> str:
    """A stored reason in words, and the clerk's own words; what is not known is shown as it is."""
    codes = separated(reason)
    if note and Reason.REFUSED in codes:
        return f"отклонено: {note}"
    if len(codes) > 1:
        codes = tuple(code for code in codes if code != Reason.REFUSED)  # the other code says by whom
    return "; ".join(REASONS[code] for code in codes) if set(codes) <= REASONS.keys() else reason


def without_tenth(seen: Checked) -> str:
    """The value without its last digit, which a clerk probably puts in the place of the one given; "" if not."""
    return str(seen.value // 10) if seen.waits and Verdict.WITH_TENTH in separated(seen.reason) else ""


def misfit(reason: str) -> str:
    """Why readings of emergency mode belong to no meter, in words; what is not known is shown as it is."""
    return MISFITS.get(reason, reason)


def status(text: str, reason: str) -> tuple[str, str]:
    """The status of a reading, in words, and the tone."""
    if text == Status.SUPERSEDED and Reason.REFUSED in separated(reason):
        return "отклонено", "bad"
    return STATUSES[Status(text)]


def zone_name(zone: str, zones: int) -> str:
    """`день` for T1 of two zones."""
    named = ZONE_NAMES.get(zones, {}).get(Zone(zone))
    return ZONES[named] if named is not None else zone


def lines(history: Sequence[Past], ratio: int = 1) -> list[HistoryLine]:
    """The history as a table, `history` newest first. Use is counted between readings that were not replaced.

    ratio: of the meter.
    """
    shown = []
    for place, one in enumerate(history):
        before = next((old for old in history[place + 1 :] if _counts(old) and old.period < one.period), None)
        use = (one.value - before.value) * ratio if before is not None else None
        month = for_a_month(one, before, ratio) if before is not None else None
        words, tone = status(one.status, one.reason)
        shown.append(HistoryLine(one, use, month, words, tone, why(one.reason, one.note)))
    return shown


def usual_month(history: Iterable[HistoryLine]) -> int | None:
    """The median of past uses for 30 days, None without any."""
    known = [
        line.month
        for line in history
        if line.month is not None and line.month >= 0 and _counts(line.past) and line.past.status != Status.FLAGGED
    ]
    return round(median(known)) if known else None


def for_a_month(now: Past, before: Past, ratio: int) -> int:
    """Use between two readings, for 30 days."""
    days = max(1, (now.read_on - before.read_on).days)
    return round((now.value - before.value) * ratio * MONTH_DAYS / days)


def plot(title: str, history: Sequence[Past], only: int | None = None) -> Markup:
    """Readings as a line, oldest first; flagged ones are marked. only: a replaced one that is shown all the same."""
    drawn = [one for one in history if _counts(one) or one.id == only][:MOST_DRAWN]
    points = [
        Point(f"{one.read_on:%d.%m.%y}", one.value, one.id == only or one.status == Status.FLAGGED)
        for one in reversed(drawn)
    ]
    return line(title, points, "кВт·ч")


def _counts(one: Past) -> bool:
    return one.status != Status.SUPERSEDED
