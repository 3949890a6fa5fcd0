"""The first page: what goes on, what waits, by role; and with parts of the system away."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import insert

from ivr.config import Manager
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.web.application import make_application
from tests.web.conftest import Site
from tests.web.stock import CALL, put, put_account, put_call


async def test_calls_going_on_and_what_waits(site: Site) -> None:
    database, now = site.database, site.time
    put_call(database, ended_at=None, outcome=None, account_id=put_account(database))
    for number, outcome in enumerate(("stored", "stored", "nothing", "hotline")):
        put(database, tables.Call, id=f"c{number}", started_at=now, ended_at=now, outcome=outcome)
    put(database, tables.Call, id="old", started_at=now - timedelta(days=2), ended_at=now, outcome="hotline")
    place = {"district": "Север", "began_at": now - timedelta(hours=2), "created_at": now, "kind": "emergency"}
    put(database, tables.Outage, state="suspected", **place)
    put(database, tables.Outage, state="open", expected_end=now - timedelta(minutes=1), **place)
    put(database, tables.OutageReport, created_at=now, trouble="house")
    ring = {"kind": "queue", "phone": "+79160000000", "created_at": now}
    put(database, tables.Callback, state="due", due_at=now, **ring)
    for role in (Role.CLERK, Role.VIEWER):
        page = (await (await site.logged_in(role)).get("/")).text
        text = " ".join(page.replace("</span>", "").split())
        assert "Звонки, которые идут сейчас: 1" in page and f"/calls/{CALL}" in page
        assert "Что слышит" in page and "123-45" not in page and "4012345678" not in page
        assert "обслужено без человека: 3 из 4" in page and "75 %" in page
        for waiting in (
            "1 отключение предполагается",
            "1 отключение должно было закончиться",
            "1 сообщение об аварии сегодня",
            "1 обещанный звонок: пора звонить",
        ):
            assert waiting in text, waiting
        assert ("показаний на проверку" in text) is (role is Role.CLERK)


async def test_a_voice_sees_nothing_of_it(site: Site) -> None:
    put_call(site.database, ended_at=None, outcome=None)
    browser = await site.logged_in(Role.VOICE)
    page = (await browser.get("/")).text
    assert "Здравствуйте" in page and CALL not in page and "live" not in page
    assert (await browser.get("/today/live")).status_code == 403


async def test_without_the_manager_the_page_says_so_and_shows_the_rest(site: Site) -> None:
    put_call(site.database, ended_at=None, outcome=None)
    page = (await (await site.logged_in(Role.CLERK)).get("/today/live")).text
    assert "не задана связь с телефонной станцией" in page and CALL in page


async def test_with_asterisk_away_the_page_says_so(site: Site) -> None:
    manager = Manager(port=1, user="ivr", secret="x")
    app = make_application(site.settings.model_copy(update={"ami": manager}), lambda: site.time)
    site.app = app
    async with app.router.lifespan_context(app):
        await asyncio.sleep(0)
        page = (await (await site.logged_in(Role.CLERK)).get("/today/live")).text
        assert "Связи с телефонной станцией нет" in page
    site.app = make_application(site.settings, lambda: site.time)


async def test_many_who_look_are_one_question(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = await site.logged_in(Role.CLERK)
    monkeypatch.setattr("ivr.web.today.dashboard_cache.FRESH_S", 600.0)
    first = (await browser.get("/today/live")).text
    put(site.database, tables.Call, id="new", started_at=site.time)
    await asyncio.gather(*(browser.get("/today/live") for _ in range(10)))
    assert (await browser.get("/today/live")).text == first  # asked less than FRESH_S ago
    monkeypatch.setattr("ivr.web.today.dashboard_cache.FRESH_S", 0.0)
    assert "сейчас: 1" in (await browser.get("/today/live")).text


async def test_a_page_left_open_keeps_nobody_logged_in(site: Site) -> None:
    browser = await site.logged_in(Role.CLERK)
    for _ in range(4):
        site.later(minutes=9)
        answer = await browser.get("/today/live")
    assert answer.status_code == 303  # its script tells to log in again
    assert (await browser.get("/")).status_code == 303


async def test_more_calls_than_fit_are_told(site: Site) -> None:
    rows = [{"id": f"c{n}", "started_at": site.time} for n in range(60)]
    with site.database.writing() as connection:
        connection.execute(insert(tables.of(tables.Call)), rows)
    page = (await (await site.logged_in(Role.CLERK)).get("/")).text
    assert "сейчас: 60" in page and "Показаны первые 50" in page


async def test_prompts_to_record_wait_too_and_what_is_changed_is_told_at_once(site: Site) -> None:
    put_call(site.database, ended_at=None, outcome=None)
    browser, clerk = await site.logged_in(Role.ADMINISTRATOR), await site.logged_in(Role.CLERK)
    page = (await browser.get("/today/live")).text
    assert "0</span> фраз устарели" in page
    number = site.app.state.booth.studio.prompt("identify/confirm").number
    await browser.post_form(f"/prompts/{number}/text", {"text": "Ваш дом такой.", "notes": ""})
    page = (await browser.get("/today/live")).text
    assert "1</span> фраза устарела" in page and "/prompts?show=outdated" in page
    assert "фраза устарела" not in (await clerk.get("/today/live")).text
    assert "Ваш дом такой." in (await clerk.get(f"/calls/{CALL}")).text
    assert "Ваш дом такой." in page  # what the caller hears now
