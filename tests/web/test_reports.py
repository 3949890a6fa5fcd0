"""Reports: figures of the chosen time, drawn, told and as a file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from ivr.domain.users import Role
from ivr.storage import tables
from ivr.web.reports import page as reports
from tests.waiting import LIMIT_S
from tests.web.conftest import Site
from tests.web.stock import account, put, reading

NOON = datetime.fromisoformat("2026-11-25T12:00:00+03:00")


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    """Hours are counted to the end: in the page's own second a busy machine may leave some for the next time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reports, "COUNTING_S", LIMIT_S)
        yield


@pytest.fixture
def filled(site: Site) -> Site:
    """Two calls and a reading this Wednesday, a call the week before."""
    site.time = NOON
    for name, ago, outcome, prompts in (
        ("a", timedelta(hours=5), "stored", ("greeting/welcome", "identify/ask", "reading/ask", "reading/ask")),
        ("b", timedelta(hours=4), "nothing", ("greeting/welcome", "identify/ask")),
        ("c", timedelta(days=7), "operator", ()),
    ):
        at = NOON - ago
        put(site.database, tables.Call, id=name, started_at=at, ended_at=at, outcome=outcome, caller="+79161234567")
        for seq, prompt in enumerate(prompts, start=1):
            put(site.database, tables.CallStep, call_id=name, seq=seq, at=at, kind="prompt", prompt=prompt)
        put(site.database, tables.CallStep, call_id=name, seq=9, at=at, kind="hung-up")
    _, (register,) = account(site.database)
    at = NOON - timedelta(hours=3)
    reading(site.database, register, 5, taken_at=at, created_at=at, reason="above-usual-use", status="flagged")
    return site


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.CLERK, Role.VIEWER])
async def test_a_week_is_drawn_and_told(filled: Site, role: Role) -> None:
    page = (await (await filled.logged_in(role)).get("/reports")).text
    assert "23.11.2026 — 29.11.2026" in page and page.count("<svg") == 3
    assert page.count('<p class="figure">') == 5
    for text in ('<p class="figure">2</p>', "100 %", "50 %", "номер лицевого счёта: 1", "телефон, клавишами"):
        assert text in page, text
    assert "Позже" not in page and "Ещё считается" not in page


async def test_other_times(filled: Site) -> None:
    browser = await filled.logged_in(Role.CLERK)
    for query, calls in (
        ("span=day", 2),
        ("span=day&day=2026-11-24", 0),
        ("span=week&day=2026-11-18", 1),
        ("span=month", 3),
        ("span=month&day=2026-10-05", 0),
        ("span=nonsense&day=nonsense", 2),
        ("span=day&day=9999-12-31", 2),
        ("span=month&day=0001-01-01", 0),
    ):
        page = await browser.get(f"/reports?{query}")
        assert page.status_code == 200, query
        assert f'<p class="figure">{calls}</p>' in page.text, query


async def test_the_file_holds_the_figures(filled: Site) -> None:
    browser = await filled.logged_in(Role.VIEWER)
    answer = await browser.get("/reports/figures.csv?span=week")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "report-2026-11-23-2026-11-29.csv" in answer.headers["content-disposition"]
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert answer.content.startswith("\ufeff".encode()) and rows[0] == ["раздел", "показатель", "значение"]
    for row in (
        ["Звонки", "всего", "2"],
        ["Обслужено без человека", "доля, %", "100"],
        ["Звонят снова за 24 часа", "доля, %", "50"],
        ["Звонки по часам", "7", "1"],
        ["Где вешают трубку", "номер лицевого счёта", "1"],
        ["Попыток на шаг", "новое показание", "2,00"],
        ["Показания на проверку", "телефон, клавишами", "1"],
    ):
        assert row in rows, row


async def test_there_is_no_file_while_figures_are_counted(filled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await filled.logged_in(Role.VIEWER)
    monkeypatch.setattr(reports, "COUNTING_S", 0.0)
    page = (await browser.get("/reports?span=week")).text
    assert "Ещё считается: осталось" in page and "figures.csv" not in page
    answer = await browser.get("/reports/figures.csv?span=week")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "Таблица ещё не готова: осталось сосчитать" in answer.text and "content-disposition" not in answer.headers
    monkeypatch.undo()
    assert "figures.csv" in (await browser.get("/reports?span=week")).text
    assert (await browser.get("/reports/figures.csv?span=week")).status_code == 200


async def test_an_empty_database(site: Site) -> None:
    page = await (await site.logged_in(Role.VIEWER)).get("/reports?span=month")
    assert page.status_code == 200 and "Звонков не было" in page.text
