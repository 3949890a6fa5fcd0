"""The plain tables: for administrators, to look at only, without loosening the policy."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import insert

from ivr.domain.audit import Action, Fact
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.web.tables.admin import SHOWN
from ivr.web.tables.audit_labels import ACTIONS, FACTS
from tests.web.conftest import Site


async def test_each_table_opens(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    for name in (tables.of(model).name for model, _ in SHOWN):
        page = await browser.get(f"/tables/{name}/list")
        assert page.status_code == 200, (name, page.text)
        policy = page.headers["content-security-policy"]
        assert "'nonce-" in policy and "unsafe" not in policy and "http" not in policy, name


async def test_a_row_is_seen_and_what_it_holds_does_nothing(site: Site) -> None:
    with site.database.writing() as connection:
        connection.execute(insert(tables.of(tables.Account)).values(number="77", street='"><script>x</script>'))
    browser = await site.logged_in(Role.ADMINISTRATOR)
    page = (await browser.get("/tables/accounts/list")).text
    assert page.count("&#34;&gt;&lt;script&gt;x") == 2 and "<script>x" not in page
    assert (await browser.get("/tables/accounts/detail?pk=1")).status_code == 200


async def test_the_audit_is_told_and_found_in_russian(site: Site) -> None:
    assert ACTIONS.keys() == set(Action)
    facts = {"at": site.time, "who": "anna", "subject": "user:1", "detail": {"login": "anna", "role": "clerk"}}
    with site.database.writing() as connection:
        for action in (*Action, "a.later.version"):
            connection.execute(insert(tables.of(tables.Audit)).values(action=str(action), **facts))
    browser = await site.logged_in(Role.ADMINISTRATOR)
    told = "".join(
        [(await browser.get(f"/tables/audit/list?page={page}")).text for page in (1, 2)]
        + [(await browser.get("/tables/audit/detail?pk=1")).text]
    )
    for action in Action:
        assert f">{ACTIONS[action]}<" in told and f">{action}<" not in told, action
    assert ">a.later.version<" in told
    assert "логин: anna; роль: сотрудник" in told
    assert FACTS.keys() == set(Fact)
    found = (await browser.get("/tables/audit/list?q=ПОКАЗАНИЕ")).text
    cells = re.findall(r"<span[^>]*>([^<]+)</span>", found)
    assert [cell for cell in cells if cell in ACTIONS.values()] == [
        "показание отклонено", "показание исправлено", "показание принято"
    ]  # fmt: skip
    assert "anna" in (await browser.get("/tables/audit/list?q=ann")).text


async def test_nobody_else_and_no_changes(site: Site) -> None:
    for role in (Role.CLERK, Role.VOICE, Role.VIEWER):
        assert (await (await site.logged_in(role)).get("/tables/accounts/list")).status_code == 403
    assert (await site.browser().get("/tables/accounts/list")).status_code == 303
    browser = await site.logged_in(Role.ADMINISTRATOR)
    for path in ("create", "edit/1", "export?format=csv", "api", "list"):
        assert (await browser.post_form(f"/tables/accounts/{path}")).status_code == 405
    assert (await browser.get("/tables/accounts/create")).status_code == 403
    assert (await browser.get("/tables/users/list")).status_code == 404


async def test_what_is_searched_for_is_not_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    browser = await site.logged_in(Role.ADMINISTRATOR)
    assert (await browser.get("/tables/accounts/list?q=Ленина")).status_code == 200
    assert not [record for record in caplog.records if "Ленина" in record.getMessage() and record.name != "httpx"]


async def test_counting_is_bounded_and_the_newest_come_first(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ivr.web.tables.admin.MOST_COUNTED", 40)
    with site.database.writing() as connection:
        connection.execute(insert(tables.of(tables.Account)), [{"number": f"55{n:03d}"} for n in range(60)])
    page = (await (await site.logged_in(Role.ADMINISTRATOR)).get("/tables/accounts/list")).text
    assert "55059" in page and re.search(r"\b55000\b", page) is None  # tokens may hold any digits
    assert "40" in page and "page=2" in page and "page=3" not in page
