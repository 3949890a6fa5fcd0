"""An outage is entered, changed and ended by hand; a report's spoken address is played."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from ivr.domain.users import Role
from ivr.storage import tables
from tests.browser.conftest import PAGE_MS, Web, assert_fits, heading, log_in, picture, until
from tests.web.stock import CALL, put, put_account, put_call, tone


@pytest.fixture
def accounts(web: Web) -> None:
    """Three accounts in two streets, and a report of a caller whose address was said."""
    for number, (street, house) in enumerate((("Ленина", "5"), ("Ленина", "7"), ("Лесная", "1"))):
        put_account(web.database, f"401234567{number}", street=street, house=house)
    put_call(web.database)
    said = f"voice/2026-11-25/{CALL}-1.wav"
    tone(web.folder / "recordings" / said, 300, 2.0)
    row = {"call_id": CALL, "created_at": datetime.now(UTC), "trouble": "danger", "recording": said}
    put(web.database, tables.OutageReport, **row)


def test_an_outage_from_its_first_report_to_its_end(page: Page, web: Web, accounts: None) -> None:
    log_in(page, Role.ADMINISTRATOR)
    page.goto("/outages/reports")
    expect(page.get_by_text("искрит или упал провод")).to_be_visible()
    page.get_by_label("Адрес сообщения 1001").evaluate("sound => { sound.muted = true; return sound.play(); }")
    until(page, "document.querySelector('audio').currentTime > 0.1")
    picture(page, "outage-reports")
    assert_fits(page)

    page.goto("/outages")
    page.get_by_role("link", name="Внести отключение").click()
    heading(page, "Новое отключение")
    page.get_by_label("Район").fill("Север")
    page.get_by_label("Улица").press_sequentially("ле")
    # The script suggests streets of the district.
    expect(page.locator("#streets option[value=Лесная]")).to_have_count(1)
    page.get_by_label("Улица").fill("Ленина")
    page.get_by_label("Дом").press_sequentially("7")
    expect(page.locator("#houses option[value='7']")).to_have_count(1)
    page.get_by_label("Дом").fill("")
    page.get_by_label("Причина").select_option("cable")
    page.get_by_label("Закончится").fill("2099-01-01T18:30")
    picture(page, "outage-new")
    assert_fits(page)
    page.get_by_role("button", name="Дальше").click()
    expect(page.locator(".figure")).to_have_text("2")
    picture(page, "outage-confirm")
    assert_fits(page)
    page.get_by_role("button", name="Внести").click()
    expect(page.get_by_role("status")).to_contain_text("Отключение № 1 внесено")

    page.get_by_label("Причина").select_option("weather")
    page.get_by_label("окончание теперь неизвестно").check()
    page.get_by_role("button", name="Сохранить").click()
    expect(page.locator("dl.facts")).to_contain_text("непогода")
    picture(page, "outage")
    assert_fits(page)

    page.wait_for_load_state()  # what asks is a script
    page.on("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Свет дали").click()
    expect(page.get_by_role("status")).to_contain_text("Отключение закончено")
    page.goto("/outages?over=true")
    expect(page.get_by_role("cell", name="Север, Ленина")).to_be_visible()
    picture(page, "outages")
    assert_fits(page)
    with web.database.reading() as connection:
        rows = connection.execute(tables.of(tables.Audit).select().order_by(tables.of(tables.Audit).c.id)).all()
    done = [row.action for row in rows if row.subject == "outage:1"]
    assert done == ["outage.add", "outage.change", "outage.end"]
    assert [row.subject for row in rows if row.action == "recording.heard"] == ["report:1001"]


def test_without_scripts_all_of_it_works(page: Page, web: Web, accounts: None) -> None:
    log_in(page, Role.CLERK)
    cookies = page.context.cookies()
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(base_url=web.url, java_script_enabled=False)
    plain.add_cookies(cookies)
    window = plain.new_page()
    window.set_default_timeout(PAGE_MS)
    window.goto("/")
    expect(window.get_by_role("link", name="Обновить")).to_be_visible()
    window.goto("/outages/new")
    window.get_by_label("Район").fill("Север")
    window.get_by_role("button", name="Дальше").click()
    window.get_by_role("button", name="Внести").click()
    expect(window.get_by_role("status")).to_contain_text("внесено")
    plain.close()
