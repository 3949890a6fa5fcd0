"""What somebody hostile sends or calls with, and what the pages make of it."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import JSON, Table, insert

from ivr.config import Web
from ivr.domain.journal.steps import Said
from ivr.domain.journal.stored import columns
from ivr.domain.journal.words import TurnEnd
from ivr.domain.takes import Checks, Hearing, Reason, Refusal
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.tables.columns import UtcTime
from ivr.storage.users.login_throttle import AT_PAGES
from ivr.web.application import page_routes
from ivr.web.tables.admin import SHOWN
from tests.web.conftest import BASE, Site, token_in
from tests.web.stock import VOICE, account, doubtful, put, say, tone

HOSTILE = "\"'><x-evil onload=alert(1)>{{7777*3}}</td></script>"
POSTS = [route for route in page_routes() if "POST" in (route.methods or ())]
NUMBERS = {"readings", "registers", "meters", "outages"}


def hostile_row(table: Table, site: Site, **given: Any) -> dict[str, Any]:
    """A row with HOSTILE in every column that takes any text."""
    row: dict[str, Any] = {}
    limited = " ".join(str(rule.sqltext) for rule in table.constraints if hasattr(rule, "sqltext"))
    for column in table.columns:
        if (column.primary_key and column.name != "id") or column.foreign_keys or column.name in given:
            continue
        if isinstance(column.type, JSON):
            row[column.name] = [HOSTILE]
        elif isinstance(column.type, UtcTime):
            row[column.name] = site.time
        elif column.type.python_type is str and column.name not in limited:
            row[column.name] = HOSTILE
    return row | given


async def test_hostile_texts_in_every_table_are_only_shown(site: Site) -> None:
    key, number = 1, 0
    rows: list[tuple[type[Any], dict[str, Any]]] = [
        (tables.Account, {"id": key}),
        (tables.Meter, {"id": key, "account_id": key, "digits": 5, "zones": 1}),
        (tables.Register, {"id": key, "meter_id": key, "zone": "T1"}),
        (tables.Call, {"id": "evil", "account_id": key, "outcome": "nothing"}),
        (tables.CallStep, {"call_id": "evil", "seq": 1}),
        (tables.CallStep, {"call_id": "evil", "seq": 2, **columns(Said(TurnEnd.ANSWER, "1", HOSTILE))}),
        (tables.CallStep, {"call_id": "evil", "seq": 3, "kind": "hung-up", "prompt": ""}),
        (
            tables.Reading,
            {"id": key, "register_id": key, "value": 1, "channel": "phone-voice", "status": "flagged"}
            | {"call_id": "evil", "batch": None, "voice": None},
        ),
        (tables.SpoolEntry, {"state": "refused"}),
        (tables.Outage, {"id": key, "kind": "emergency", "state": "open", "cause": "cable"}),
        (tables.OutageReport, {"id": key, "call_id": "evil", "account_id": key, "outage_id": key, "trouble": "house"}),
        (tables.Callback, {"id": key, "kind": "power", "state": "due", "outage_id": key, "account_id": key}),
        (tables.Take, {"id": key, "prompt_id": "identify/ask", "voice": "studio", "state": "draft", "how": "file"}),
        (tables.Audit, {"subject": "outage:1", "action": "outage.change"}),
        (tables.Audit, {"subject": "reading:1", "action": "reading.accept"}),
    ]
    for model, given in rows:
        table = tables.of(model)
        row = hostile_row(table, site, **given)
        if model is tables.Take:
            row["voice"] = site.app.state.booth.studio.voice
            refusal = Refusal(Reason.OTHER_WORDS, HOSTILE, HOSTILE)
            row["checks"] = Checks(hearing=Hearing.DIFFERED, heard=HOSTILE, refusals=(refusal,)).stored()
            number = site.app.state.booth.studio.prompt("identify/ask").number
        with site.database.writing() as connection:
            connection.execute(insert(table).values({name: row[name] for name in row if name in table.c}))
    browser = await site.logged_in(Role.ADMINISTRATOR)
    pages = ["/", "/today/live", "/readings", "/readings/1", "/accounts/1", "/calls", "/calls/evil", "/outages"]
    pages += [f"/prompts/{number}", "/outages?over=true", "/outages/1", "/outages/reports", "/reports", "/prompts"]
    pages += [f"{path}?{name}={quote(HOSTILE)}" for path, names in SEARCHES.items() for name in names]
    for model, _ in SHOWN:
        name = tables.of(model).name
        pages += [f"/tables/{name}/list", f"/tables/{name}/list?q={quote(HOSTILE)}", f"/tables/{name}/detail?pk=1"]
    pages += ["/prompts/takes/1/phone.wav", "/prompts/takes/1/master"]
    for page in pages:
        answer = await browser.get(page)
        assert answer.status_code in {200, 303, 400, 404, 422}, (page, answer.status_code)
        if answer.headers.get("content-type") == "application/json":
            continue  # data for a script, which puts it in as text
        assert "<x-evil" not in answer.text and re.search(r"\b23331\b", answer.text) is None, page
    assert "&lt;x-evil" in (await browser.get("/calls/evil")).text


SEARCHES = {
    "/accounts": ["q"],
    "/calls": ["since", "account", "caller", "name", "outcome", "before"],
    "/outages/new": ["district", "street", "house"],
    "/outages/places": ["street", "part"],
    "/prompts": ["q", "show", "voice"],
    "/reports": ["span", "day"],
    "/login": ["next"],
}


async def test_no_change_without_the_token_or_from_elsewhere(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    own = token_in((await browser.get("/me")).text)
    foreign = token_in((await site.browser().get("/login")).text)
    asked: list[dict[str, Any]] = [{"data": {"csrf": token}} for token in ("", "x" * 64, foreign)]
    asked += [{"headers": {"X-CSRF-Token": token}} for token in ("", "x" * 64, foreign)]
    asked += [{"data": {"csrf": own}, "headers": {"Sec-Fetch-Site": from_}} for from_ in ("cross-site", "same-site")]
    before, wrong = site.rows(tables.Audit, "id"), []
    for path in (re.sub(r"\{\w+\}", "1", route.path) for route in POSTS):
        codes = [(await browser.post(path, **one)).status_code for one in asked]
        if codes != [403] * len(asked) or site.rows(tables.Audit, "id") != before:
            wrong.append((path, codes))
    assert wrong == []
    assert len(POSTS) > 20 and (await browser.get("/me")).status_code == 200


async def test_numbers_that_no_database_holds_are_no_pages(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    for route in page_routes():
        for number in ("99999999999999999999", "-1", "0", "1e3", "%00", "1%00"):
            path = re.sub(r"\{\w+\}", number, route.path)
            if path == route.path:
                continue
            if "GET" in (route.methods or ()):
                answer = await browser.get(path)
            else:
                answer = await (browser.send_file if route.access.by_script else browser.post_form)(path)
            assert answer.status_code in {400, 404}, (path, answer.status_code)


async def test_nul_is_refused_before_a_database_sees_it(site: Site) -> None:
    browser = await site.logged_in(Role.CLERK)
    for path in ("/accounts?q=a%00", "/calls?name=%00", "/calls?before=1-%00", "/login?next=%00"):
        assert (await browser.get(path)).status_code == 400, path
    assert (await browser.post_form("/readings/1/refuse", {"reason": "a\0b"})).status_code == 400
    assert (await site.browser().post_form("/login", {"login": "a\0", "password": "x"})).status_code == 400


async def test_any_cookie_gives_a_page(site: Site) -> None:
    odd = ["5", "null", '["done"]', '["done", 5]', '{"a": 1, "b": 2}', "%", "[" * 3000, '["x", "\\ud800"]', HOSTILE]
    pages = [(await site.browser(cookies={"ivr_told": quote(cookie)}).get("/login"), cookie) for cookie in odd]
    assert [cookie for page, cookie in pages if page.status_code != 200 or "<x-evil" in page.text] == []


async def test_a_cookies_text_is_not_kept_with_a_file(site: Site) -> None:
    missing = await site.browser().get("/static/none.css?v=1")
    assert (missing.status_code, missing.headers["cache-control"]) == (404, "no-store")


class TestBehindTls:
    """The proxy speaks TLS, we do not."""

    @pytest.fixture
    def web_settings(self) -> Web:
        """A public address."""
        return Web(public_url="https://line.example")

    async def test_cookies_are_dropped_as_they_were_set(self, site: Site) -> None:
        browser = site.browser("https://line.example")
        answers = [await browser.log_in("clerk")]
        answers += [await browser.post_form("/logout"), await browser.get("/login")]
        cookies = [cookie for answer in answers for cookie in answer.headers.get_list("set-cookie")]
        dropped = {cookie.partition("=")[0] for cookie in cookies if "Max-Age=0" in cookie}
        assert dropped == {"__Host-ivr_visitor", "__Host-ivr_session", "__Host-ivr_told"}
        assert all("Secure" in cookie and "Path=/" in cookie and "HttpOnly" in cookie for cookie in cookies)


async def test_a_lock_does_not_tell_who_exists(site: Site) -> None:
    for login in ("clerk", "nobody"):
        browser = site.browser(address=f"10.0.0.{len(login)}")
        codes = [(await browser.log_in(login, "wrong password")).status_code for _ in range(AT_PAGES.pair + 2)]
        assert codes == [403] * AT_PAGES.pair + [429] * 2, login
    site.later(minutes=16)
    assert (await site.browser().log_in("clerk")).status_code == 303


async def test_a_login_ends_the_session_before_it(site: Site) -> None:
    browser = await site.logged_in(Role.CLERK)
    old = browser.cookies["ivr_session"]
    page = (await browser.get("/me")).text
    token = page.partition('name="csrf" value="')[2].partition('"')[0]
    fields = {"csrf": token, "login": "viewer", "password": "верный конь 42"}
    assert (await browser.post("/login", data=fields)).status_code == 303
    thief = site.browser(cookies={"ivr_session": old})
    assert (await thief.get("/me")).status_code == 303


async def test_a_link_is_no_recording(site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "secret.wav"
    tone(secret, 300)
    file = say(tmp_path / "recordings")
    file.unlink()
    file.symlink_to(secret)
    _, (register,) = account(site.database)
    key = doubtful(site.database, register, voice=VOICE)
    browser = await site.logged_in(Role.CLERK)
    assert (await browser.get(f"/readings/{key}/voice.wav")).status_code == 404
    assert site.rows(tables.Audit, "id", action="recording.heard") == []


async def test_a_text_in_a_file_is_no_formula(site: Site) -> None:
    at = site.time  # a minute before may be another day
    for number, prompt in enumerate(("=1+1", "@SUM(A1)", "-2", "+3")):
        call = f"c{number}"
        put(site.database, tables.Call, id=call, started_at=at, ended_at=at, outcome="nothing")
        put(site.database, tables.CallStep, call_id=call, seq=1, at=at, kind="prompt", prompt=prompt)
        put(site.database, tables.CallStep, call_id=call, seq=2, at=at, kind="hung-up")
    answer = await (await site.logged_in(Role.CLERK)).get("/reports/figures.csv?span=day")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    names = {row[1] for row in rows if row[0] == "Где вешают трубку"}
    assert names == {"'=1+1", "'@SUM(A1)", "'-2", "'+3"}
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@")]


async def test_no_way_leads_to_another_site(site: Site) -> None:
    browser = await site.logged_in(Role.CLERK)
    for path in ("//evil.example", "/%2Fevil.example", "/\\evil.example", "https://evil.example", "/login/"):
        for asked in (f"/login?next={quote(path, safe='')}", "/" + path if path.startswith("/%") else "/login"):
            to = (await browser.get(asked)).headers.get("location", "/")
            assert re.match(rf"(/(?![/\\])|{BASE}/)", to), (asked, to)


async def test_a_page_of_json_says_nothing_else(site: Site) -> None:
    answer = await (await site.logged_in(Role.CLERK)).get("/outages/places?street=x")
    assert answer.headers["content-type"] == "application/json" and json.loads(answer.text) == []


async def test_odd_addresses_of_the_tables(site: Site) -> None:
    account(site.database)
    browser = await site.logged_in(Role.ADMINISTRATOR)
    lists = ("page=99999999999999999999", "page=-1", "page_size=1000000", "sort=password", "sort=id%3B--", "where=%7B")
    odd = [f"list?{asked}" for asked in (*lists, "q=%25%27%22--", "q=%00")]
    odd += [f"detail?pk={asked}" for asked in ("abc", "99999999999999999999", "%00")]
    odd += ["detail", "export?format=csv", "import", "api", "nowhere"]
    answers = [(await browser.get(f"/tables/accounts/{asked}"), asked) for asked in odd]
    assert [asked for answer, asked in answers if answer.status_code >= 500 or "argon2" in answer.text] == []


async def test_a_table_that_cannot_be_read_is_told(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    with site.database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE spool_entries RENAME TO gone")
    page = await browser.get("/tables/spool_entries/list")
    assert (page.status_code, "База данных не отвечает" in page.text) == (503, True)
