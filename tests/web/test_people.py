"""Люди: adding, roles, passwords, PINs, the last administrator."""

from __future__ import annotations

import re

from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.users.credentials import fits
from tests.web.conftest import Site


async def test_somebody_new_with_a_password_shown_once(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    shown = await browser.post_form("/people", {"login": " Anna ", "role": "clerk"})
    found = re.search(r"<output>(.+)</output>", shown.text)
    assert found is not None
    assert (await site.browser().log_in("anna", found[1])).status_code == 303
    assert site.rows(tables.Audit, "who", "action", "detail", action="user.add") == [
        ("administrator", "user.add", {"login": "anna", "role": "clerk"})
    ]
    assert found[1] not in (await browser.get("/people")).text


async def test_what_cannot_be_added(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    for fields, told in [
        ({"login": "clerk", "role": "clerk"}, "уже есть"),
        ({"login": "two words", "role": "clerk"}, "без пробелов"),
        ({"login": "anna", "role": "king"}, "Выберите роль"),
        ({"login": "anna", "role": "clerk", "password": "1234567890"}, "слишком простой"),
    ]:
        answer = await browser.post_form("/people", fields)
        assert (answer.status_code, told in answer.text) == (422, True)
    assert len(site.rows(tables.User, "id")) == len(Role)


async def test_another_role_holds_at_once(site: Site) -> None:
    browser, clerk = await site.logged_in(Role.ADMINISTRATOR), await site.logged_in(Role.CLERK)
    await browser.post_form(f"/people/{site.person('clerk')}/role", {"role": "administrator"})
    assert (await clerk.get("/people")).status_code == 200


async def test_the_last_administrator_stays(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    me = site.person("administrator")
    for path, fields in [("role", {"role": "viewer"}), ("active", {"active": "false"})]:
        answer = await browser.post_form(f"/people/{me}/{path}", fields)
        assert answer.status_code == 303
        assert "последний администратор" in (await browser.get(f"/people/{me}")).text
    assert site.rows(tables.User, "role", "active", login="administrator") == [("administrator", True)]


async def test_closing_the_entrance_ends_sessions(site: Site) -> None:
    browser, clerk = await site.logged_in(Role.ADMINISTRATOR), await site.logged_in(Role.CLERK)
    await browser.post_form(f"/people/{site.person('clerk')}/active", {"active": "false"})
    assert (await clerk.get("/")).status_code == 303
    assert (await site.browser().log_in("clerk")).status_code == 403
    await browser.post_form(f"/people/{site.person('clerk')}/active", {"active": "true"})
    assert (await site.browser().log_in("clerk")).status_code == 303


async def test_a_new_password_and_a_pin(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    voice = site.person("voice")
    shown = await browser.post_form(f"/people/{voice}/password")
    found = re.search(r"<output>(.+)</output>", shown.text)
    assert found is not None and (await site.browser().log_in("voice", found[1])).status_code == 303
    for pin in ("12345", "111111", "123456", "12a456"):
        assert (await browser.post_form(f"/people/{voice}/pin", {"pin": pin})).status_code == 422
    await browser.post_form(f"/people/{voice}/pin", {"pin": "280417"})
    ((pin_hash,),) = site.rows(tables.User, "pin", login="voice")
    assert fits("280417", pin_hash) and not fits("280418", pin_hash)
    await browser.post_form(f"/people/{voice}/pin", {"pin": ""})
    assert site.rows(tables.User, "pin", login="voice") == [(None,)]
