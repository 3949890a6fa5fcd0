"""What every answer carries, and what odd requests meet."""

from __future__ import annotations

from sqlalchemy import text

from ivr.domain.users import Role
from tests.web.conftest import Site


async def test_headers_of_every_answer(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    for path in ("/", "/login", "/nowhere", "/people", "/static/pages.css", "/static/none", "/healthz"):
        headers = (await browser.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy, path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["referrer-policy"] == "same-origin", path
        assert headers["cache-control"] == "no-store", path
        assert "server" not in headers, path


async def test_files_with_their_hash_may_be_kept(site: Site) -> None:
    page = (await site.browser().get("/login")).text
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    file = await site.browser().get(address)
    assert file.status_code == 200 and "immutable" in file.headers["cache-control"]


async def test_another_hosts_name_is_refused(site: Site) -> None:
    assert (await site.browser("http://evil.example").get("/login")).status_code == 400
    assert (await site.browser("http://localhost:8080").get("/login")).status_code == 200


async def test_errors_are_pages_in_russian(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    missing = await browser.get("/nowhere")
    assert (missing.status_code, "Страницы нет" in missing.text) == (404, True)
    nobody = await browser.get("/people/999999")
    assert (nobody.status_code, "Страницы нет" in nobody.text) == (404, True)
    for key in ("abc", "99999999999999999999999"):
        assert (await browser.get(f"/people/{key}")).status_code == 404
    assert (await browser.post_form(f"/people/{site.person('clerk')}/active", {"active": "maybe"})).status_code == 400
    assert (await browser.put("/people")).status_code == 405


async def test_a_fault_of_the_program_shows_no_trace(site: Site) -> None:
    with site.database.writing() as connection:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(text("UPDATE users SET role = 'oracle' WHERE login = 'voice'"))
    browser = await site.logged_in(Role.ADMINISTRATOR)
    page = await browser.get("/people")
    assert (page.status_code, "Сбой" in page.text) == (500, True)
    assert "Traceback" not in page.text and "oracle" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")


async def test_too_much_is_refused_before_it_is_read(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    answer = await browser.post_form("/people", {"login": "x" * 200_000})
    assert (answer.status_code, "Слишком много данных" in answer.text) == (413, True)


async def test_a_database_that_is_away(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    with site.database.writing() as connection:
        connection.execute(text("ALTER TABLE users RENAME TO gone"))
    assert (await browser.get("/people")).status_code == 503
    health = await browser.get("/healthz")
    assert (health.status_code, health.json()) == (503, {"database": False})


async def test_health(site: Site) -> None:
    health = await site.browser().get("/healthz")
    assert (health.status_code, health.json()) == (200, {"database": True})
