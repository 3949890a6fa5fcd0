"""A clerk's morning: readings checked by keys alone, an account found, the reports looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from playwright.sync_api import Page, expect
from sqlalchemy import select

from ivr.domain.users import Role
from ivr.storage import tables
from ivr.testbed.benchmarks.filled_database import Size, fill
from tests.browser.conftest import PAGE_MS, Web, assert_fits, heading, log_in, picture, until
from tests.web.stock import account, doubtful, say, year_of


def decisions(web: Web) -> list[tuple[str, dict]]:
    audit = tables.of(tables.Audit)
    query = select(audit.c.action, audit.c.detail).where(audit.c.subject.like("reading:%")).order_by(audit.c.id)
    with web.database.reading() as connection:
        return [(row.action, row.detail) for row in connection.execute(query)]


def test_readings_are_checked_by_keys_alone(page: Page, web: Web) -> None:
    keys = []
    for n, street in enumerate(("улица Ленина", "Проспект Мира", "улица 8 Марта", "Садовая улица")):
        _, (register,) = account(web.database, f"001234567{n}", street=street, phones="")
        year_of(web.database, register)
        keys.append(doubtful(web.database, register, 15000 + n))
    say(web.folder / "recordings", 2.0)
    log_in(page, Role.ADMINISTRATOR)
    page.goto("/readings")
    picture(page, "readings")
    assert_fits(page)
    page.get_by_role("link", name="Начать проверку").press("Enter")
    heading(page, "Показание 15\u00a0000")
    assert_fits(page)
    picture(page, "reading")
    page.set_viewport_size({"width": 390, "height": 800})
    picture(page, "reading-telephone")
    page.set_viewport_size({"width": 1280, "height": 800})

    with page.expect_response("**/voice.wav"):
        page.keyboard.press("4")  # listens
    until(page, "document.getElementById('voice').currentTime > 0")  # also when it has ended meanwhile
    page.keyboard.press("1")
    expect(page.get_by_role("button", name="Принять")).to_be_focused()
    heading(page, "Показание 15\u00a0000")  # a digit alone decides nothing
    page.keyboard.press("Enter")
    heading(page, "Показание 15\u00a0001")
    expect(page.get_by_role("status")).to_have_text("Показание принято.")

    page.keyboard.press("2")
    page.keyboard.type("123456")  # digits in a field stay digits
    page.keyboard.press("Enter")
    expect(page.get_by_label("Правильное показание")).to_be_focused()
    expect(page.get_by_label("Правильное показание")).to_have_attribute("aria-invalid", "true")
    page.keyboard.press("Control+A")
    page.keyboard.type("12010")
    page.keyboard.press("Enter")
    heading(page, "Показание 15\u00a0002")

    page.keyboard.press("3")
    page.keyboard.type("чужой счётчик 5")
    page.keyboard.press("Escape")
    page.keyboard.press("5")
    heading(page, "Показание 15\u00a0003")
    page.keyboard.press("5")
    heading(page, "Показание 15\u00a0002")
    page.get_by_label("Клавиши действуют").uncheck()
    page.reload()
    expect(page.get_by_label("Клавиши действуют")).not_to_be_checked()
    page.keyboard.press("3")
    expect(page.get_by_label("Причина")).not_to_be_focused()
    page.get_by_label("Причина").fill("чужой счётчик")
    page.keyboard.press("Enter")
    heading(page, "Показание 15\u00a0003")
    assert decisions(web) == [
        ("recording.heard", {}),
        ("reading.accept", {}),
        ("reading.correct", {"value": {"old": 15001, "new": 12010}, "replacement": keys[-1] + 1}),
        ("reading.refuse", {"note": "чужой счётчик"}),
    ]


def test_the_second_of_two_clerks_is_told(page: Page, web: Web) -> None:
    _, (register,) = account(web.database)
    key = doubtful(web.database, register)
    log_in(page, Role.CLERK)
    page.goto(f"/readings/{key}")
    other = page.context.browser
    assert other is not None
    second = other.new_context(base_url=web.url, locale="ru-RU").new_page()
    second.set_default_timeout(PAGE_MS)
    log_in(second, Role.ADMINISTRATOR)
    second.goto(f"/readings/{key}")
    second.get_by_role("button", name="Принять").click()
    expect(second.get_by_role("heading", level=1)).to_have_text("Показания на проверку")
    second.context.close()
    page.get_by_label("Причина").fill("чужой счётчик")
    page.get_by_role("button", name="Отклонить").click()
    expect(page.get_by_role("alert")).to_contain_text("administrator уже решил(а) это показание: принято")
    assert decisions(web) == [("reading.accept", {})]


def test_accounts_and_reports(page: Page, web: Web) -> None:
    now = datetime.now(UTC)
    fill(web.database, Size(4000, 2000, 300), now - timedelta(minutes=1), lambda step: None)
    log_in(page, Role.ADMINISTRATOR)
    page.get_by_role("link", name="Абоненты").click()
    expect(page.get_by_label("Найти")).to_be_focused()
    page.keyboard.type("строителей 7 1 8")
    page.keyboard.press("Enter")
    expect(page.get_by_role("table")).to_contain_text("улица Строителей 7")
    picture(page, "accounts")
    assert_fits(page)
    page.get_by_role("link", name="4000000007").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Лицевой счёт 4000000007")
    expect(page.get_by_text("•••")).to_have_count(0)
    picture(page, "account")
    assert_fits(page)

    page.get_by_role("link", name="Отчёты").click()
    page.get_by_label("За какое время").select_option("month")
    page.get_by_role("button", name="Показать").click()
    page.wait_for_url("**/reports?span=month*")
    expect(page.get_by_text("Ещё считается")).to_have_count(0)
    page.wait_for_load_state()  # a page that counted has loaded itself again
    picture(page, "reports")
    page.get_by_text("Числа").first.click()
    expect(page.locator("details table").first).to_be_visible()
    assert_fits(page)
    with page.expect_download() as started:
        page.get_by_role("link", name="Скачать таблицу (CSV)").click()
    assert "Звонки;всего;" in started.value.path().read_text(encoding="utf-8-sig")


def test_a_viewer_sees_an_account_without_its_telephone(page: Page, web: Web) -> None:
    key, _ = account(web.database)
    log_in(page, Role.VIEWER)
    page.goto(f"/accounts/{key}")
    expect(page.get_by_text("•••-••-67").first).to_be_visible()
    expect(page.get_by_text("123-45-67")).to_have_count(0)
