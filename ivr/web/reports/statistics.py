"""The reports as titled lists of figures: the page draws them, the file for spreadsheets lists them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from ivr.dialogue.prompts import Prompt
from ivr.domain.journal.words import GOES_ON, WITH_A_PERSON, CountedQuestion
from ivr.storage.calls import call_statistics
from ivr.storage.calls.call_statistics import Figures
from ivr.studio.catalogue import Entry
from ivr.web.calls.labels import OUTCOMES
from ivr.web.core.plots import Point
from ivr.web.readings.labels import CHANNELS

Key = TypeVar("Key", bound=str)

SPANS = {"day": "день", "week": "неделя", "month": "месяц"}
MOST_PLACES = 12
MOST_OF_A_TEXT = 60
STEPS: Mapping[str, str] = {
    Prompt.WELCOME: "приветствие",
    CountedQuestion.IDENTIFY_ASK: "номер лицевого счёта",
    CountedQuestion.IDENTIFY_CONFIRM: "подтверждение адреса",
    CountedQuestion.IDENTIFY_LAST_DIGITS: "подтверждение последних цифр",
    CountedQuestion.READING_ASK: "новое показание",
    CountedQuestion.READING_CONFIRM: "подтверждение показания",
    CountedQuestion.READING_INSIST: "показание сомнительно: «оставить?»",
    CountedQuestion.MENU_ELSE: "«что-нибудь ещё?»",
    CountedQuestion.MENU_MAIN: "главное меню",
    CountedQuestion.OUTAGE_CHOICES: "выбор при отключении",
    CountedQuestion.REPORT_TROUBLE: "что случилось",
    CountedQuestion.REPORT_ADDRESS: "адрес голосом",
    CountedQuestion.REPORT_NUMBER: "номер сообщения",
}


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days where the customers live. first, last: included. kind: a key of SPANS."""

    kind: str
    first: date
    last: date

    @classmethod
    def around(cls, kind: str, day: date) -> Span:
        """The day, the week from Monday or the month that `day` lies in."""
        if kind == "week":
            first = day - timedelta(days=day.weekday())
            return cls(kind, first, first + timedelta(days=6))
        if kind == "month":
            first = day.replace(day=1)
            return cls(kind, first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        return cls("day", day, day)

    def bounds(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From the first midnight to the one after the last day."""
        after = self.last + timedelta(days=1)
        return datetime.combine(self.first, time(), zone), datetime.combine(after, time(), zone)

    @property
    def before(self) -> date:
        """A day of the span before."""
        return self.first - timedelta(days=1)

    @property
    def after(self) -> date:
        """A day of the span after."""
        return self.last + timedelta(days=1)

    @property
    def days(self) -> list[date]:
        """Each day."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


@dataclass(frozen=True, slots=True)
class Step:
    """How often a question was asked in a call. calls: with the question; shares: of one, two, … tries in per cent."""

    name: str
    calls: int
    shares: tuple[int, ...]
    average: float


@dataclass(frozen=True, slots=True)
class Report:
    """All that the page shows. Shares are per cent, None where nothing was counted."""

    calls: int
    outcomes: tuple[tuple[str, int, int], ...]
    alone: int | None
    repeats: int | None
    by_hour: tuple[Point, ...]
    leaving: tuple[Point, ...]
    steps: tuple[Step, ...]
    taken: int
    flagged: int | None
    by_channel: tuple[tuple[str, int, int], ...]
    by_day: tuple[Point, ...]
    left_out: int


def make_report(found: Figures, span: Span, zone: ZoneInfo, catalogue: Mapping[str, Entry]) -> Report:
    """The figures in the words of the page."""
    outcomes = found.of(call_statistics.CALLS)
    calls = sum(outcomes.values())
    ended = calls - outcomes.get(GOES_ON, 0)
    helped = sum(count for key, count in outcomes.items() if key in WITH_A_PERSON)

    def share(outcome: str) -> int:
        return percent(outcomes[outcome], calls) or 0

    hours: Counter[int] = Counter()
    days: Counter[date] = Counter()
    for hour, counts in found.hours.items():
        local = hour.astimezone(zone)
        hours[local.hour] += counts.get(call_statistics.CALLS, 0)
        days[local.date()] += counts.get(call_statistics.TAKEN, 0)
    taken = Counter({channel: counts.readings for channel, counts in found.taken.items()})
    doubted = Counter({channel: counts.flagged for channel, counts in found.taken.items()})
    left = Counter(found.of(call_statistics.LEFT)).most_common(MOST_PLACES)
    return Report(
        calls=calls,
        outcomes=tuple((OUTCOMES[key][0], outcomes[key], share(key)) for key in _most(outcomes)),
        alone=percent(ended - helped, ended),
        repeats=percent(
            sum(found.of(call_statistics.REPEATS).values()), sum(found.of(call_statistics.NUMBERED).values())
        ),
        by_hour=tuple(Point(f"{hour}", hours[hour]) for hour in range(24)),
        leaving=tuple(Point(step_name(prompt, catalogue), count) for prompt, count in left),
        steps=tuple(_steps(found.tries, catalogue)),
        taken=taken.total(),
        flagged=percent(doubted.total(), taken.total()),
        by_channel=tuple((CHANNELS[channel], taken[channel], doubted[channel]) for channel in _most(taken)),
        by_day=tuple(Point(f"{day:%d.%m}", days[day]) for day in span.days),
        left_out=found.left_out,
    )


def lines(report: Report) -> list[tuple[str, str, str]]:
    """Part, name and value of every figure, for a file."""
    rows = [("Звонки", "всего", str(report.calls))]
    rows += [("Чем закончились", name, str(count)) for name, count, _ in report.outcomes]
    rows.append(("Обслужено без человека", "доля, %", _text(report.alone)))
    rows.append(("Звонят снова за 24 часа", "доля, %", _text(report.repeats)))
    rows += [("Звонки по часам", point.label, f"{point.value:g}") for point in report.by_hour]
    rows += [("Где вешают трубку", point.label, f"{point.value:g}") for point in report.leaving]
    for step in report.steps:
        rows.append(("Попыток на шаг", step.name, f"{step.average:.2f}".replace(".", ",")))
    rows += [("Показания", name, str(count)) for name, count, _ in report.by_channel]
    rows += [("Показания на проверку", name, str(doubted)) for name, _, doubted in report.by_channel]
    rows += [("Показания по дням", point.label, f"{point.value:g}") for point in report.by_day]
    return rows


def step_name(prompt: str, catalogue: Mapping[str, Entry]) -> str:
    """What a prompt is about: our word for the step, else the beginning of its text, else its id."""
    if prompt in STEPS or not prompt:
        return STEPS.get(prompt, "до первой фразы")
    text = catalogue[prompt].text if prompt in catalogue else ""
    return f"«{text[:MOST_OF_A_TEXT].rstrip()}{'…' if len(text) > MOST_OF_A_TEXT else ''}»" if text else prompt


def percent(part: int, whole: int) -> int | None:
    """Rounded; None of nothing."""
    return round(100 * part / whole) if whole else None


def _steps(tries: Mapping[CountedQuestion, Mapping[int, int]], catalogue: Mapping[str, Entry]) -> Iterable[Step]:
    for question in CountedQuestion:
        counts = [tries.get(question, {}).get(times, 0) for times in range(1, call_statistics.MOST_TRIES + 1)]
        calls = sum(counts)
        if calls:
            average = sum(count * times for times, count in enumerate(counts, start=1)) / calls
            shares = tuple(percent(count, calls) or 0 for count in counts)
            yield Step(step_name(question, catalogue), calls, shares, average)


def _most(counts: Mapping[Key, int]) -> Sequence[Key]:
    return sorted(counts, key=lambda key: (-counts[key], key))


def _text(share: int | None) -> str:
    return "" if share is None else str(share)
