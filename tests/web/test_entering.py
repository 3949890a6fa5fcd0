"""Logging in: sessions, tokens, limits; what an attacker meets."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import insert

from ivr.config import Web
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.users.login_throttle import AT_PAGES
from ivr.storage.users.sessions import hash_of
from tests.web.conftest import Site, token_in
from tests.web.people import PASSWORD


async def test_a_session_is_known_by_its_hash_only(site: Site) -> None:
    browser = await site.logged_in(Role.CLERK)
    cookie = browser.cookies["ivr_session"]
    assert site.rows(tables.WebSession, "token") == [(hash_of(cookie),)]
    assert cookie not in str(site.rows(tables.WebSession, "token", "address"))


async def test_a_new_session_for_each_login_and_none_after_the_logout(site: Site) -> None:
    browser = await site.logged_in(Role.CLERK)
    cookie = browser.cookies["ivr_session"]
    assert (await browser.post_form("/logout")).headers["location"] == "/login"
    thief = site.browser(cookies={"ivr_session": cookie})
    assert (await thief.get("/")).status_code == 303
    again = await site.logged_in(Role.CLERK)
    assert again.cookies["ivr_session"] != cookie


async def test_logging_out_everywhere(site: Site) -> None:
    here, there = await site.logged_in(Role.CLERK), await site.logged_in(Role.CLERK)
    other = await site.logged_in(Role.VOICE)
    await here.post_form("/logout-everywhere")
    assert [(await browser.get("/")).status_code for browser in (here, there, other)] == [303, 303, 200]


async def test_who_does_nothing_is_logged_out_and_who_works_is_not(site: Site) -> None:
    idle, busy = await site.logged_in(Role.CLERK), await site.logged_in(Role.CLERK)
    for _ in range(4):
        site.later(minutes=20)
        assert (await busy.get("/")).status_code == 200
    assert (await idle.get("/")).status_code == 303
    for _ in range(40):
        site.later(minutes=20)
        await busy.get("/")
    assert (await busy.get("/")).status_code == 303  # the longest login


async def test_where_they_wanted_to_go_but_nowhere_else(site: Site) -> None:
    browser = site.browser()
    assert (await browser.get("/people?x=1")).headers["location"] == "/login?next=/people%3Fx%3D1"
    for next_page, to in [("/people?x=1", "/people?x=1"), ("//evil.example", "/"), ("https://evil.example/", "/"),
                          ("/\\evil.example", "/"), ("\t//evil.example", "/")]:  # fmt: skip
        fields = {"login": "administrator", "password": PASSWORD, "next": next_page}
        assert (await site.browser().post_form("/login", fields)).headers["location"] == to


async def test_every_change_needs_the_token_of_this_session(site: Site) -> None:
    browser, other = await site.logged_in(Role.ADMINISTRATOR), await site.logged_in(Role.ADMINISTRATOR)
    foreign = token_in((await other.get("/people")).text)
    fields = {"login": "mallory", "role": "administrator"}
    for token in ({}, {"csrf": ""}, {"csrf": "x" * 64}, {"csrf": foreign}):
        answer = await browser.post("/people", data=fields | token)
        assert (answer.status_code, "Страница устарела" in answer.text) == (403, True)
    own = token_in((await browser.get("/people")).text)
    crossing = {"Sec-Fetch-Site": "cross-site"}
    assert (await browser.post("/people", data=fields | {"csrf": own}, headers=crossing)).status_code == 403
    assert site.rows(tables.User, "id", login="mallory") == []
    assert (await browser.post("/people", data=fields, headers={"X-CSRF-Token": own})).status_code == 200
    assert (await site.browser().post("/login", data={"login": "clerk", "password": PASSWORD})).status_code == 403


async def test_wrong_passwords_lock_the_login_even_many_at_once(site: Site) -> None:
    browsers = [site.browser() for _ in range(AT_PAGES.pair * 2)]
    answers = await asyncio.gather(*(browser.log_in("clerk", "wrong") for browser in browsers))
    assert sorted(answer.status_code for answer in answers) == [403] * 5 + [429] * 5
    assert (await site.browser().log_in("clerk")).status_code == 429
    site.later(minutes=14)
    assert (await site.browser().log_in("clerk")).status_code == 429
    site.later(minutes=2)
    assert (await site.browser().log_in("clerk")).status_code == 303
    assert ("user.lock", "clerk") in site.rows(tables.Audit, "action", "who")


async def test_four_slips_and_a_right_one_count_from_the_beginning(site: Site) -> None:
    for _ in range(2):
        for _ in range(AT_PAGES.pair - 1):
            assert (await site.browser().log_in("clerk", "wrong")).status_code == 403
        assert (await site.browser().log_in("clerk")).status_code == 303


async def test_who_guesses_shuts_the_login_for_themselves_and_not_for_its_owner(site: Site) -> None:
    guesser = site.browser(address="203.0.113.9")
    codes = [(await guesser.log_in("clerk", "wrong")).status_code for _ in range(AT_PAGES.login * 2)]
    assert codes == [403] * AT_PAGES.pair + [429] * (AT_PAGES.login * 2 - AT_PAGES.pair)
    assert (await guesser.log_in("clerk")).status_code == 429, "the right password too"
    assert (await site.browser(address="198.51.100.7").log_in("clerk")).status_code == 303
    assert (await guesser.log_in("clerk")).status_code == 429, "the owner's success forgives the guesser nothing"


async def test_who_mistypes_shuts_no_office_that_has_one_address(site: Site) -> None:
    for login in ("clerk", "voice", "viewer", "nobody"):
        for _ in range(AT_PAGES.pair + 1):
            await site.browser().log_in(login, "wrong")
        assert (await site.browser().log_in(login)).status_code == 429
    assert (await site.browser().log_in("administrator")).status_code == 303


@pytest.mark.parametrize("login", ["clerk", "nobody"])
async def test_guessing_from_many_addresses_meets_the_bound_of_the_login(site: Site, login: str) -> None:
    guessers = [site.browser(address=f"203.0.113.{n}") for n in range(3)]
    assert (await guessers[0].log_in(login, "wrong")).status_code == 403
    ((kept,),) = site.rows(tables.LoginFailure, "login")
    others = range(AT_PAGES.login - 2)
    with site.database.writing() as connection:
        rows = [{"address": f"192.0.2.{n}", "login": kept, "at": site.time} for n in others]
        connection.execute(insert(tables.of(tables.LoginFailure)), rows)
    assert [(await guesser.log_in(login, "wrong")).status_code for guesser in guessers[1:]] == [403, 429]
    owner = site.browser(address="198.51.100.7")
    assert (await owner.log_in(login)).status_code == 429
    if login == "clerk":
        assert site.rows(tables.Audit, "action", "detail", who="clerk") == [("user.lock", {"scope": "everywhere"})]
    site.later(minutes=16)
    assert (await owner.log_in(login)).status_code == (303 if login == "clerk" else 403)


async def test_a_customers_network_of_ipv6_counts_as_one_address(site: Site) -> None:
    guessers = [site.browser(address=f"2001:db8:1:2::{n:x}") for n in range(AT_PAGES.pair + 1)]
    codes = [(await guesser.log_in("clerk", "wrong")).status_code for guesser in guessers]
    assert codes == [403] * AT_PAGES.pair + [429]
    assert (await site.browser(address="2001:db8:1:3::1").log_in("clerk")).status_code == 303
    mapped = site.browser(address="::ffff:203.0.113.9")
    assert [(await mapped.log_in("voice", "wrong")).status_code for _ in range(AT_PAGES.pair)] == [403] * AT_PAGES.pair
    assert (await site.browser(address="203.0.113.9").log_in("voice")).status_code == 429


async def test_an_address_that_tries_many_logins_is_refused(site: Site) -> None:
    with site.database.writing() as connection:
        rows = [{"address": "203.0.113.9", "login": f"{n}", "at": site.time} for n in range(AT_PAGES.address - 1)]
        connection.execute(insert(tables.of(tables.LoginFailure)), rows)
    guesser = site.browser(address="203.0.113.9")
    codes = [(await guesser.log_in(f"user{number}", "x")).status_code for number in range(2)]
    assert codes == [403, 429]
    assert (await site.browser(address="203.0.113.10").log_in("clerk")).status_code == 303


async def test_what_was_typed_as_a_login_is_not_kept(site: Site) -> None:
    await site.browser(address="203.0.113.9").log_in("мой пароль", "clerk")
    ((address, login),) = site.rows(tables.LoginFailure, "address", "login")
    assert address == "203.0.113.9" and "пароль" not in login and len(login) == 64


async def test_an_administrator_sees_the_lock_and_takes_it_away(site: Site) -> None:
    administrator = await site.logged_in(Role.ADMINISTRATOR)
    path = f"/people/{site.person('clerk')}"
    assert "Снять ограничение" not in (await administrator.get(path)).text
    away = site.browser(address="198.51.100.7")
    for _ in range(AT_PAGES.pair):
        await away.log_in("clerk", "wrong")
    assert (await away.log_in("clerk")).status_code == 429
    assert "ограничен до" in (await administrator.get("/people")).text
    assert "Снять ограничение" in (await administrator.get(path)).text
    await administrator.post_form(f"{path}/active", {"active": "true"})
    assert "Снять ограничение" not in (await administrator.get(path)).text
    assert (await away.log_in("clerk")).status_code == 303


async def test_unknown_disabled_and_wrong_say_the_same(site: Site) -> None:
    administrator = await site.logged_in(Role.ADMINISTRATOR)
    await administrator.post_form(f"/people/{site.person('viewer')}/active", {"active": "false"})
    texts = set()
    for login, password in [("nobody", PASSWORD), ("viewer", PASSWORD), ("clerk", "wrong")]:
        answer = await site.browser().log_in(login, password)
        assert answer.status_code == 403
        texts.add(answer.text.replace(login, "…").partition("<form")[2].partition('value="')[0])
        assert "Логин или пароль не подходит" in answer.text
    assert len(texts) == 1


async def test_ones_own_password(site: Site) -> None:
    here, there = await site.logged_in(Role.VOICE), await site.logged_in(Role.VOICE)
    new = "новый длинный пароль"
    wrong = await here.post_form("/me/password", {"present": "no", "password": new, "again": new})
    assert (wrong.status_code, "не ваш нынешний" in wrong.text) == (422, True)
    short = await here.post_form("/me/password", {"present": PASSWORD, "password": "short", "again": "other"})
    assert short.status_code == 422 and "слишком короткий" in short.text and "не совпадают" in short.text
    done = await here.post_form("/me/password", {"present": PASSWORD, "password": new, "again": new})
    assert done.headers["location"] == "/me"
    assert [(await browser.get("/")).status_code for browser in (here, there)] == [200, 303]
    assert (await site.browser().log_in("voice", new)).status_code == 303


class TestBehindTls:
    @pytest.fixture
    def web_settings(self) -> Web:
        return Web(public_url="https://line.example.ru")

    async def test_cookies_and_headers(self, site: Site) -> None:
        browser = site.browser("https://line.example.ru")
        entered = await browser.log_in("clerk")
        cookie = next(value for value in entered.headers.get_list("set-cookie") if value.startswith("__Host-ivr_ses"))
        assert (
            all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/")) and "Domain" not in cookie
        )
        assert (await browser.get("/")).headers["strict-transport-security"] == "max-age=31536000"
