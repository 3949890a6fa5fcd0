"""Отчёты: figures of a day, a week or a month, drawn, as tables, and as a file for a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response

from ivr.domain.users import Role
from ivr.storage.calls import call_statistics
from ivr.web.core.auth import Pages, allowed
from ivr.web.core.context import context_of
from ivr.web.core.labels import plural
from ivr.web.core.middleware import fault_page
from ivr.web.core.plots import Point, bars
from ivr.web.core.templates import render
from ivr.web.prompts.prompt_cache import prompt_texts
from ivr.web.reports.statistics import SPANS, Report, Span, lines, make_report

pages = Pages()

LOOKS = (Role.ADMINISTRATOR, Role.CLERK, Role.VIEWER)
BOM = "\ufeff"
"""Without it spreadsheets read Russian letters wrongly."""
COUNTING_S = 1.0
"""How long a page counts hours that nobody has counted yet."""
Asked = Annotated[str, Query(max_length=20)]


@pages.get("/reports")
@allowed(*LOOKS)
async def show_reports(request: Request, span: Asked = "week", day: Asked = "") -> Response:
    """The figures of the span that the day lies in."""
    chosen = _chosen(request, span, day)
    report = await _report(request, chosen)
    plots = {
        "hours": bars("Звонки по часам", report.by_hour, "звонков"),
        "leaving": bars("Где вешают трубку", _short(report), "звонков"),
        "days": bars("Показания по дням", report.by_day, "показаний"),
    }
    today = context_of(request).now().astimezone(context_of(request).settings.zone).date()
    return render(
        request, "reports/show.html", report=report, span=chosen, spans=SPANS, plots=plots, again=report.left_out > 0,
        has_after=chosen.after <= today,
    )  # fmt: skip


@pages.get("/reports/figures.csv")
@allowed(*LOOKS)
async def download(request: Request, span: Asked = "week", day: Asked = "") -> Response:
    """The same figures as a table: part, name, value. 503 until all of them are counted: a file tells nobody."""
    chosen = _chosen(request, span, day)
    report = await _report(request, chosen)
    if report.left_out:
        left = plural(report.left_out, "час", "часа", "часов")
        text = f"Таблица ещё не готова: осталось сосчитать {left} этого времени. Повторите через минуту."
        answer = fault_page(request, 503, ("Ещё считается", text))
        answer.headers["Retry-After"] = "60"
        return answer
    out = io.StringIO(BOM)
    out.seek(0, io.SEEK_END)
    writer = csv.writer(out, delimiter=";")
    writer.writerow(("раздел", "показатель", "значение"))
    for row in lines(report):
        writer.writerow(tuple(map(_cell, row)))
    name = f"report-{chosen.first}-{chosen.last}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(text: str) -> str:
    """A text that a spreadsheet takes for no formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


async def _report(request: Request, span: Span) -> Report:
    context = context_of(request)
    since, until = span.bounds(context.settings.zone)
    found = await context.ask(call_statistics.figures, since, until, context.now(), COUNTING_S)
    return make_report(found, span, context.settings.zone, await prompt_texts(request))


def _chosen(request: Request, span: str, day: str) -> Span:
    """What is not understood is today."""
    context = context_of(request)
    today = context.now().astimezone(context.settings.zone).date()
    try:
        around = min(max(date.fromisoformat(day), date(2000, 1, 31)), today)
    except ValueError:
        around = today
    return Span.around(span, around)


def _short(report: Report) -> list[Point]:
    """Numbers instead of names below the bars: the list beside them has the names."""
    return [Point(f"{place}", point.value) for place, point in enumerate(report.leaving, start=1)]
