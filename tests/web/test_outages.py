"""The page of outages: what a clerk does is stored, told to callers, and in the history; a viewer only looks."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import httpx

from ivr.domain.users import Role
from ivr.storage import tables
from tests.web.conftest import Site
from tests.web.stock import ACCOUNT, CALLER, put, put_account, put_call

COLUMNS = ("kind", "state", "district", "street", "house", "cause")


def local(site: Site, hours: float) -> str:
    """A time from now as a browser sends it."""
    return f"{site.time.astimezone(site.settings.zone) + timedelta(hours=hours):%Y-%m-%dT%H:%M}"


async def entered(site: Site, **fields: str) -> int:
    """An outage of Север, Ленина; its number."""
    put_account(site.database)
    browser = await site.logged_in(Role.CLERK)
    place = {"district": "Север", "street": "Ленина", "kind": "emergency", "cause": "cable", **fields}
    answer = await browser.post_form("/outages", place)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


async def page_after(browser: httpx.AsyncClient, answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return (await browser.get(answer.headers["location"])).text


async def test_how_many_it_affects_is_shown_before_it_is_entered(site: Site) -> None:
    for number, house in enumerate(("5", "5", "7")):
        put_account(site.database, f"401234567{number}", house=house, street="ул. Ленина")
    put_account(site.database, "4012345679", district="Юг")
    browser = await site.logged_in(Role.CLERK)
    fields = {"kind": "emergency", "district": "Север", "street": "Ленина", "cause": "cable"}
    fields["expected"] = local(site, 3)
    for house, count in (("", "3"), ("5", "2"), ("дом 7", "1"), ("9", "")):
        preview = (await browser.post_form("/outages/new", {**fields, "house": house})).text
        if count:
            assert f'<p class="figure">{count}</p>' in preview, preview
        else:
            assert "нет ни одного лицевого счёта" in preview and "Всё равно внести" in preview
    assert site.rows(tables.Outage, "id") == []

    page = await page_after(browser, await browser.post_form("/outages", fields))
    assert "Отключение № 1 внесено" in page and "повреждение кабеля" in page
    assert site.rows(tables.Outage, *COLUMNS) == [("emergency", "open", "Север", "Ленина", "", "cable")]
    assert site.rows(tables.Audit, "who", "action", subject="outage:1") == [("clerk", "outage.add")]

    again = await browser.post_form("/outages/new", fields)
    assert again.status_code == 422 and 'href="/outages/1"' in again.text
    again = await browser.post_form("/outages", fields)
    assert again.status_code == 422 and len(site.rows(tables.Outage, "id")) == 1


async def test_a_place_without_accounts_needs_a_second_yes(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    fields = {"kind": "planned", "district": "Восток", "began": local(site, 5), "expected": local(site, 9)}
    assert (await browser.post_form("/outages", fields)).status_code == 422
    page = await page_after(browser, await browser.post_form("/outages", {**fields, "anywhere": "true"}))
    assert "запланировано" in page and "плановые работы" in page


def faults_in(page: str) -> dict[str, str]:
    """What is told beside the fields of a page, by the id of the field that names it as its description."""
    told = dict(re.findall(r'<p class="fault" id="e-([\w-]+)">([^<]+)</p>', page))
    for field in told:
        assert re.search(rf'id="f-{field}"[^>]*aria-describedby="[^"]*e-{field}"[^>]*aria-invalid="true"', page), field
    return told


def value_of(page: str, field: str) -> str:
    """What stands in a field of a page."""
    found = re.search(rf'id="f-{field}"[^>]*\svalue="([^"]*)"', page)
    assert found is not None, field
    return html.unescape(found[1])


TYPED: list[tuple[dict[str, str], dict[str, str]]] = [
    ({}, {"district": "Укажите район, улицу"}),
    ({"district": "\u200b "}, {"district": "Укажите район, улицу"}),
    ({"house": "5", "district": "Север"}, {"street": "дом — только вместе с улицей"}),
    ({"house": "5"}, {"street": "дом — только вместе с улицей"}),
    ({"district": "Север", "expected": "-1"}, {"expected": "Это время уже прошло"}),
    ({"district": "Север", "began": "1"}, {"began": "не может начаться позже"}),
    ({"district": "Север", "kind": "planned", "began": "5", "expected": "3"}, {"expected": "Окончание раньше"}),
    ({"district": "Север", "expected": "завтра"}, {"expected": "Время не понято"}),
    ({"district": "Север", "expected": "12345"}, {"expected": "Время не понято"}),
    ({"district": "Север", "began": "0001-01-01T00:00"}, {"began": "Время не понято"}),
    ({"district": "я" * 201}, {"district": "не больше 200 знаков"}),
    ({"district": "Север", "kind": "чудо", "cause": "порча"}, {"kind": "Выберите из", "cause": "Выберите из"}),
    ({"began": "вчера", "expected": "завтра"},
     {"district": "Укажите", "began": "не понято", "expected": "не понято"}),
]  # fmt: skip
"""Fields as typed, and the faults that are told beside them; a digit is so many hours from now."""


async def test_faults_are_told_beside_their_fields_and_what_was_typed_stays(site: Site) -> None:
    browser = await site.logged_in(Role.CLERK)
    for fields, faults in TYPED:
        given = {key: local(site, float(text)) if re.fullmatch(r"-?\d", text) and key != "house" else text
                 for key, text in fields.items()}  # fmt: skip
        for path in ("/outages/new", "/outages"):
            answer = await browser.post_form(path, given)
            told = faults_in(answer.text)
            assert (answer.status_code, told.keys()) == (422, faults.keys()), (fields, told)
            assert all(faults[field] in text for field, text in told.items()), (fields, told)
            for field in given.keys() - {"kind", "cause"}:
                assert value_of(answer.text, field) == given[field], fields
    assert site.rows(tables.Outage, "id") == []


async def test_who_goes_back_to_mend_it_finds_all_that_was_typed(site: Site) -> None:
    put_account(site.database)
    browser = await site.logged_in(Role.CLERK)
    fields = {"kind": "planned", "district": "Север", "street": 'Ленина "5"&', "cause": "cable"}
    fields |= {"began": local(site, 2), "expected": local(site, 3)}
    page = (await browser.post_form("/outages/new", fields)).text
    back = re.search(r'<a href="(/outages/new[^"]+)">Исправить', page)
    assert back is not None, page
    form = (await browser.get(html.unescape(back[1]))).text
    for field in ("district", "street", "began", "expected"):
        assert value_of(form, field) == fields[field]
    assert re.search(r'value="planned" selected', form) and re.search(r'value="cable" selected', form)


async def test_cause_and_end_are_changed_and_the_history_tells_who_did(site: Site) -> None:
    number = await entered(site)
    browser = await site.logged_in(Role.ADMINISTRATOR)
    change = {"cause": "weather", "expected": local(site, 4), "note": "звонил диспетчер"}
    page = await page_after(browser, await browser.post_form(f"/outages/{number}/change", change))
    assert "непогода" in page and "звонил диспетчер" in page and "administrator" in page
    await browser.post_form(f"/outages/{number}/change", {"unknown": "true"})
    ((cause, expected),) = site.rows(tables.Outage, "cause", "expected_end")
    assert (cause, expected) == ("weather", None)
    for bad, field, fault in (
        ({"expected": local(site, -1), "note": "ждём"}, "expected", "уже прошло"),
        ({"expected": local(site, 4), "unknown": "true", "note": "ждём"}, "expected", "Что-то одно"),
        ({"cause": "чудо", "note": "ждём"}, "cause", "Выберите из списка"),
        ({}, "cause", "Ничего не изменено"),
        ({"note": "ж" * 201}, "note", "не больше 200"),
    ):
        answer = await browser.post_form(f"/outages/{number}/change", bad)
        told = faults_in(answer.text)
        assert (answer.status_code, list(told), fault in told.get(field, "")) == (422, [field], True), told
        assert value_of(answer.text, "note") == bad.get("note", "") and value_of(answer.text, "end-note") == ""
        assert ("checked" in answer.text) is ("unknown" in bad)
    assert site.rows(tables.Outage, "cause", "expected_end") == [("weather", None)]


async def test_a_note_alone_leaves_the_cause_as_it_is(site: Site) -> None:
    number = await entered(site)
    browser = await site.logged_in(Role.CLERK)
    # As a browser sends the form: every field of it, those that nobody touched too.
    sent = {"cause": "", "expected": "", "note": "звонил диспетчер"}
    await page_after(browser, await browser.post_form(f"/outages/{number}/change", sent))
    ((_, _), (action, detail)) = site.rows(tables.Audit, "action", "detail", subject=f"outage:{number}")
    assert (action, detail) == ("outage.change", {"note": "звонил диспетчер"})
    assert "прежняя: повреждение кабеля" in (await browser.get(f"/outages/{number}")).text


async def test_its_end_makes_the_callbacks_due(site: Site) -> None:
    number = await entered(site)
    ring = {"kind": "power", "state": "due", "created_at": site.time, "outage_id": number}
    put(site.database, tables.Callback, phone=CALLER, due_at=None, **ring)
    browser = await site.logged_in(Role.CLERK)
    late = await browser.post_form(f"/outages/{number}/end", {"at": local(site, 2), "note": "дали"})
    assert late.status_code == 422 and "не может быть позже" in faults_in(late.text)["at"]
    assert (value_of(late.text, "end-note"), value_of(late.text, "note")) == ("дали", "")
    page = await page_after(browser, await browser.post_form(f"/outages/{number}/end", {"note": "дали свет"}))
    assert "Обещали перезвонить 1" in page and "закончилось" in page
    ((due,),) = site.rows(tables.Callback, "due_at")
    assert due <= site.time
    over = await page_after(browser, await browser.post_form(f"/outages/{number}/end"))
    assert "уже закончено" in over
    over = await page_after(browser, await browser.post_form(f"/outages/{number}/change", {"cause": "works"}))
    assert "уже закончено" in over
    assert f'href="/outages/{number}"' not in (await browser.get("/outages")).text
    assert f'href="/outages/{number}"' in (await browser.get("/outages?over=true")).text


async def test_works_of_tomorrow_do_not_end_before_they_begin(site: Site) -> None:
    number = await entered(site, kind="planned", cause="works", began=local(site, 24), expected=local(site, 30))
    browser = await site.logged_in(Role.CLERK)
    early = await browser.post_form(f"/outages/{number}/change", {"expected": local(site, 4), "note": "ждём"})
    assert early.status_code == 422 and "раньше начала" in faults_in(early.text)["expected"]
    assert value_of(early.text, "note") == "ждём"
    never = await browser.post_form(f"/outages/{number}/end", {"note": "перенесли"})
    assert never.status_code == 422 and "«Отключения не было»" in faults_in(never.text)["at"]
    assert value_of(never.text, "end-note") == "перенесли"
    assert site.rows(tables.Outage, "state") == [("open",)]


async def test_an_outage_that_never_was_is_withdrawn(site: Site) -> None:
    number = await entered(site)
    browser = await site.logged_in(Role.CLERK)
    page = await page_after(browser, await browser.post_form(f"/outages/{number}/end", {"withdrawn": "true"}))
    assert "Отключение отменено" in page
    assert site.rows(tables.Outage, "state") == [("withdrawn",)]


async def test_a_suspected_one_is_confirmed_once(site: Site) -> None:
    place = {"district": "Север", "began_at": site.time, "created_at": site.time, "kind": "emergency"}
    number = put(site.database, tables.Outage, state="suspected", cause="unknown", **place)
    browser = await site.logged_in(Role.CLERK)
    assert "Так решила программа" in (await browser.get(f"/outages/{number}")).text
    late = await browser.post_form(f"/outages/{number}/confirm", {"expected": local(site, -1)})
    assert (late.status_code, "уже прошло" in late.text) == (422, True)
    sent = {"cause": "line", "expected": local(site, 2)}
    page = await page_after(browser, await browser.post_form(f"/outages/{number}/confirm", sent))
    assert "обрыв воздушной линии" in page and "подтверждено" in page
    assert site.rows(tables.Outage, "state", "cause") == [("open", "line")]
    again = await page_after(browser, await browser.post_form(f"/outages/{number}/confirm", sent))
    assert "Подтверждать нечего" in again


async def test_one_that_was_ended_by_mistake_is_opened_again(site: Site) -> None:
    number = await entered(site)
    browser = await site.logged_in(Role.ADMINISTRATOR)
    goes_on = await page_after(browser, await browser.post_form(f"/outages/{number}/reopen"))
    assert "и так идёт" in goes_on
    await browser.post_form(f"/outages/{number}/end")
    assert "Открыть снова" in (await browser.get(f"/outages/{number}")).text
    page = await page_after(browser, await browser.post_form(f"/outages/{number}/reopen"))
    assert "открыто снова" in page
    assert site.rows(tables.Outage, "state", "ended_at") == [("open", None)]


async def test_a_viewer_looks_without_numbers_and_changes_nothing(site: Site) -> None:
    number = await entered(site)
    put_call(site.database)
    report = {"created_at": site.time, "trouble": "danger", "call_id": "0123456789abcdef0123456789abcdef"}
    put(site.database, tables.OutageReport, outage_id=number, recording="voice/2026-11-25/x-1.wav", **report)
    ring = {"kind": "power", "state": "due", "created_at": site.time, "outage_id": number, "due_at": site.time}
    put(site.database, tables.Callback, phone=CALLER, **ring)
    for role, sees in ((Role.CLERK, True), (Role.VIEWER, False)):
        browser = await site.logged_in(role)
        for path in (f"/outages/{number}", "/outages/reports"):
            page = (await browser.get(path)).text
            assert "искрит или упал провод" in page
            assert ("123-45" in page, "<audio" in page, ACCOUNT in page) == (sees, sees, False), path
        assert ("Внести отключение" in (await browser.get("/outages")).text) is sees
        assert ("/end" in (await browser.get(f"/outages/{number}")).text) is sees
    viewer = await site.logged_in(Role.VIEWER)
    for path in (
        "/outages",
        "/outages/new",
        f"/outages/{number}/change",
        f"/outages/{number}/end",
        f"/outages/{number}/confirm",
    ):
        assert (await viewer.post_form(path, {"district": "Юг", "cause": "works"})).status_code == 403
    assert site.rows(tables.Outage, "state", "cause") == [("open", "cable")]


async def test_names_are_suggested_from_the_accounts(site: Site) -> None:
    for number, (street, house) in enumerate((("Ленина", "5"), ("Ленина", "15а"), ("Малая Ленинская", "1"))):
        put_account(site.database, f"401234567{number}", street=street, house=house)
    browser = await site.logged_in(Role.CLERK)
    streets = await browser.get("/outages/places", params={"what": "street", "district": "север", "part": "ЛЕН"})
    assert streets.json() == ["Ленина", "Малая Ленинская"]
    params = {"what": "house", "district": "Север", "street": "улица Ленина", "part": "5"}
    assert (await browser.get("/outages/places", params=params)).json() == ["5", "15а"]
    assert '<option value="Север">' in (await browser.get("/outages/new")).text


async def test_what_does_not_exist(site: Site) -> None:
    browser = await site.logged_in(Role.CLERK)
    for path in ("/outages/77", "/outages/abc", "/outages/99999999999999999999"):
        assert (await browser.get(path)).status_code == 404
    for path in ("/outages/77/end", "/outages/77/change"):
        assert (await browser.post_form(path, {"cause": "works"})).status_code == 404
