"""«Сегодня» goes on by itself, whatever was clicked in it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from ivr.domain.users import Role
from tests.browser.conftest import Web, heading, log_in
from tests.web.stock import CALL, put_call

UPDATES, STANDS = "Обновляется само.", "Не обновляется, пока выбрана ссылка."


def test_a_click_into_the_table_holds_nothing(page: Page, web: Web) -> None:
    put_call(web.database, ended_at=None, outcome=None)
    log_in(page, Role.CLERK)
    heading(page, "Сегодня")
    table = page.get_by_role("region", name="Звонки, которые идут сейчас")
    table.get_by_role("columnheader", name="Что слышит").click()
    expect(table).to_be_focused()
    put_call(web.database, id="b" * 32, ended_at=None, outcome=None)
    expect(page.get_by_role("table", name="Звонки, которые идут сейчас: 2")).to_be_visible()
    expect(table).to_have_attribute("aria-label", "Звонки, которые идут сейчас: 2")
    expect(table.locator("tbody tr")).to_have_count(2)
    expect(table).to_be_focused()  # whoever scrolls it with the arrows goes on
    expect(page.locator("#live-state")).to_have_text(UPDATES)
    expect(page.locator("#live > .wide")).to_have_count(1)
    expect(page.get_by_role("region", name="Очередь к людям")).to_have_count(1)


def test_a_link_chosen_by_the_keyboard_holds_it_and_the_page_says_so(page: Page, web: Web) -> None:
    put_call(web.database, ended_at=None, outcome=None)
    log_in(page, Role.CLERK)
    heading(page, "Сегодня")
    page.locator("#live > .wide").focus()
    page.keyboard.press("Tab")
    link = page.locator(f"a[href='/calls/{CALL}']")
    expect(link).to_be_focused()
    state = page.locator("#live-state")
    expect(state).to_have_text(STANDS)
    put_call(web.database, id="b" * 32, ended_at=None, outcome=None)
    for _ in range(3):  # the first answers may be older than the call
        with page.expect_response("**/today/live") as answer:
            pass
    assert "Звонки, которые идут сейчас: 2" in answer.value.text()
    expect(link).to_be_focused()
    expect(state).to_have_text(STANDS)
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("table", name="Звонки, которые идут сейчас: 2")).to_be_visible()
    expect(state).to_have_text(UPDATES)
