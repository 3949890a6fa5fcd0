"""Accounts: found and seen by each role as much as it may."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ivr.domain.users import Role
from ivr.storage import tables
from tests.web.conftest import Site
from tests.web.stock import NUMBER, PHONE, READER, account, doubtful, put, reading, year_of

SHOWN_PHONE, SHOWN_CALLER = "+7 916 123-45-67", "+7 999 000-11-22"


@pytest.fixture
def key(site: Site) -> int:
    """An account with everything; its id."""
    key, (first, second) = account(site.database, zones=2)
    year_of(site.database, first)
    reading(site.database, second, 700, 1, channel="billing")
    at = datetime(2026, 11, 20, tzinfo=UTC)
    put(
        site.database,
        tables.Call,
        id="c1",
        started_at=at,
        ended_at=at,
        caller=READER,
        account_id=key,
        outcome="hotline",
    )
    put(site.database, tables.OutageReport, created_at=at, account_id=key, trouble="house")
    ring = {"due_at": at, "created_at": at, "account_id": key}
    put(site.database, tables.Callback, kind="power", state="done", phone=PHONE, **ring)
    doubtful(site.database, second)
    return key


async def test_found_by_what_one_knows(site: Site, key: int) -> None:
    browser = await site.logged_in(Role.CLERK)
    for text in (NUMBER, "00123", "ленина 5", "M0012345678", "8 916 123 45 67"):
        page = (await browser.get("/accounts", params={"q": text})).text
        assert f'href="/accounts/{key}"' in page and SHOWN_PHONE in page and "Нашлось: 1" in page, text


async def test_nothing_found_and_nothing_asked(site: Site, key: int) -> None:
    browser = await site.logged_in(Role.CLERK)
    assert "Ничего не нашлось" in (await browser.get("/accounts?q=<script>")).text
    assert "<table" not in (await browser.get("/accounts")).text
    assert (await browser.get("/accounts?q=" + "1" * 101)).status_code == 400


async def test_all_that_is_known(site: Site, key: int) -> None:
    page = (await (await site.logged_in(Role.CLERK)).get(f"/accounts/{key}")).text
    known = ("Счётчик M0012345678", "Зона «день»", "Зона «ночь»", "переведён на аварийную линию", "нет света в доме")
    for text in (*known, "когда дадут свет", "дозвонились", SHOWN_PHONE, SHOWN_CALLER, "из расчётов", "ждёт проверки"):
        assert text in page, text
    assert page.count("<svg") == 2
    assert (await (await site.logged_in(Role.CLERK)).get("/accounts/999")).status_code == 404


async def test_who_only_looks_sees_no_telephones(site: Site, key: int) -> None:
    browser = await site.logged_in(Role.VIEWER)
    seen = [(await browser.get(f"/accounts/{key}")).text, (await browser.get(f"/accounts?q={NUMBER}")).text]
    for page in seen:
        assert NUMBER in page
        for number in (SHOWN_PHONE, SHOWN_CALLER, PHONE, READER, "123-45", PHONE[2:]):
            assert number not in page, number
    assert "+7 916 •••-••-67" in seen[0] and "/readings/" not in seen[0]
    assert f'href="/accounts/{key}"' not in (await browser.get("/accounts", params={"q": PHONE})).text


async def test_a_clerk_replaces_a_meter(site: Site) -> None:
    key, _ = account(site.database, zones=2)
    browser = await site.logged_in(Role.CLERK)
    path = f"/accounts/{key}/meters/1/replace"
    assert f'href="{path}"' in (await browser.get(f"/accounts/{key}")).text
    told = {"on": "2026-11-19", "final1": "150", "final2": "70", "serial": "NEW", "digits": "6", "first1": "0"}
    for name, value, fault in (
        ("on", "2126-01-01", "ещё не наступил"),
        ("final2", "", "Только цифры"),
        ("digits", "9", "Число от 4 до 8"),
        ("serial", "<b>", "Номер"),
        ("final1", "100000", "не помещается"),
    ):
        page = await browser.post_form(path, told | {name: value})
        assert page.status_code == 422 and fault in page.text, name
    assert (await browser.post_form(path, told)).status_code == 303
    page = (await browser.get(f"/accounts/{key}")).text
    for text in (
        "Счётчик M0012345678 снят, установлен NEW.",
        "снят 19.11.2026",
        "Счётчик NEW",
        "первое показание нового",
    ):
        assert text in page, text
    assert (await browser.get(path)).status_code == 404  # it is not in use any more
    viewer = await site.logged_in(Role.VIEWER)
    assert "Заменить счётчик" not in (await viewer.get(f"/accounts/{key}")).text
