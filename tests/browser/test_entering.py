"""Logging in and the people's page, as one sees and presses it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert

from ivr.domain.users import Role
from ivr.storage import tables
from tests.browser.conftest import Web, assert_fits, heading, log_in, picture
from tests.web.people import PASSWORD


def test_with_the_keyboard_alone(page: Page, web: Web) -> None:
    page.goto("/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("Вход")
    picture(page, "login")
    expect(page.get_by_label("Логин")).to_be_focused()
    page.keyboard.type("administrator")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    heading(page, "Люди")  # where they wanted to go
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="К содержанию")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_role("navigation", name="Разделы").get_by_role("link", name="Люди")).to_have_attribute(
        "aria-current", "page"
    )


@pytest.mark.parametrize("role", Role)
def test_pages_fit_on_a_telephone(page: Page, web: Web, role: Role) -> None:
    page.goto("/login")
    assert_fits(page)
    log_in(page, role)
    links = page.get_by_role("navigation", name="Разделы").get_by_role("link").all()
    for path in [*(link.get_attribute("href") for link in links), "/me", "/nowhere"]:
        assert path is not None
        page.goto(path)
        assert_fits(page)


def test_adding_somebody_who_then_logs_in(page: Page, web: Web) -> None:
    log_in(page, Role.ADMINISTRATOR)
    page.goto("/people")
    page.get_by_label("Логин").fill("anna.petrova")
    page.get_by_label("Роль", exact=True).select_option("clerk")
    picture(page, "people")
    page.get_by_role("button", name="Добавить").click()
    password = page.locator("output").inner_text()
    picture(page, "password")
    page.get_by_role("button", name="Выйти").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Вход")
    page.get_by_label("Логин").fill("anna.petrova")
    page.get_by_label("Пароль").fill(password)
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Сегодня")
    page.goto("/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("Нет доступа")


def test_closing_somebodys_entrance_is_asked_before(page: Page, web: Web) -> None:
    log_in(page, Role.ADMINISTRATOR)
    page.goto("/people")
    page.get_by_role("link", name="clerk", exact=True).click()
    expect(page.get_by_text("Номер для телефона: 2")).to_be_visible()
    page.wait_for_load_state()  # what asks is a script
    picture(page, "person")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Закрыть вход").click()
    expect(page.get_by_role("button", name="Закрыть вход")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Закрыть вход").click()
    expect(page.get_by_role("status")).to_contain_text("Вход закрыт")
    page.goto("/people")
    expect(page.get_by_role("row", name="clerk")).to_contain_text("закрыт")


def test_the_tables_work_within_the_policy(page: Page, web: Web) -> None:
    with web.database.writing() as connection:
        connection.execute(insert(tables.of(tables.Account)).values(number="0012345678", street="Ленина"))
    log_in(page, Role.ADMINISTRATOR)
    page.get_by_role("link", name="administrator").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Мой вход")
    picture(page, "me")
    page.get_by_role("link", name="Таблицы").click()
    expect(page.locator("table")).to_contain_text("0012345678")
    picture(page, "tables")
    page.get_by_text("0012345678").first.click()
    expect(page.locator("body")).to_contain_text("Ленина")
    page.goto("/tables/")  # the library's own first page
    assert_fits(page)
    page.get_by_role("link", name="К страницам").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Сегодня")
