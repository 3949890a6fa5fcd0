"""Readings to check: what a clerk sees, what is stored, and what the second of two clerks is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from ivr.config import Recordings, Settings, Store, Web
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.web.readings.labels import misfit
from tests.clerk import accept
from tests.web.conftest import Site
from tests.web.stock import NUMBER, READER, VOICE, account, doubtful, put, reading, say, year_of

SEEN = ("value", "status", "reason")


@pytest.fixture
async def site(database: Database, store_url: str, web_settings: Web, tmp_path: Path) -> AsyncIterator[Site]:
    """The application with callers' voices below a folder of its own."""
    store = Store(url=store_url, limit_s=60)  # a busy machine is no fault of the database
    settings = Settings(store=store, web=web_settings, recordings=Recordings(folder=tmp_path / "sounds"))
    site = Site(settings, database)
    yield site
    await site.close()


@pytest.fixture
def register(database: Database) -> int:
    """A register with ten months of history."""
    _, (register,) = account(database)
    year_of(database, register)
    return register


def audited(site: Site) -> list[tuple[object, ...]]:
    """Who did what with which reading, and its facts."""
    rows = site.rows(tables.Audit, "who", "action", "subject", "detail")
    return [row for row in rows if row[2].startswith("reading:")]


async def test_the_list_tells_why_and_how_many(site: Site, register: int) -> None:
    key = doubtful(site.database, register)
    at = datetime(2026, 11, 20, tzinfo=UTC)
    left = {"id": "s1", "taken_at": at, "account": "0099999999", "values": ["15", "16"], "taken_in_at": at}
    put(site.database, tables.SpoolEntry, state="refused", reason="unknown account", caller=READER, **left)
    page = (await (await site.logged_in(Role.CLERK)).get("/readings")).text
    assert f'href="/readings/{key}"' in page and NUMBER in page and "15\u00a0000" in page
    assert "расход намного больше обычного" in page and "есть запись" in page
    assert "0099999999" in page and "15, 16" in page and "такого лицевого счёта нет" in page


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("another number of zones", "показаний не столько, сколько зон у счётчика"),
        ("several meters", "у абонента несколько счётчиков"),
        ("something new", "something new"),
    ],
)
def test_why_readings_belong_to_no_meter(reason: str, text: str) -> None:
    assert misfit(reason) == text


async def test_one_shows_history_use_and_whose_it_is(site: Site, register: int) -> None:
    key = doubtful(site.database, register)
    page = (await (await site.logged_in(Role.CLERK)).get(f"/readings/{key}")).text
    for text in (NUMBER, "улица Ленина, 5, 12", "M0012345678", "11\u00a0850", "+7 999 000-11-22", "<svg", "обычно"):
        assert text in page, text
    assert "<audio" not in page  # the file is not there
    assert page.count('scope="row">') >= 11 + 11  # the table and the plot's own


async def test_use_is_shown_times_the_transformation_ratio(site: Site, register: int) -> None:
    key = doubtful(site.database, register)
    with site.database.writing() as connection:
        connection.execute(update(tables.of(tables.Meter)).values(ratio=20))
    page = (await (await site.logged_in(Role.CLERK)).get(f"/readings/{key}")).text
    assert "коэффициент трансформации 20" in page and "63\u00a0000" in page  # (15000 - 11850) * 20


async def test_accepting_opens_the_next(site: Site, register: int) -> None:
    first = doubtful(site.database, register)
    _, (other,) = account(site.database, "0000000002", phones="")
    second = doubtful(site.database, other, 77)
    browser = await site.logged_in(Role.CLERK)
    answer = await browser.post_form(f"/readings/{first}/accept")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/readings/{second}")
    page = (await browser.get(answer.headers["location"])).text
    assert "Показание принято." in page
    answer = await browser.post_form(f"/readings/{second}/refuse", {"reason": " чужой   счётчик "})
    assert answer.headers["location"] == "/readings"
    assert site.rows(tables.Reading, *SEEN)[-2:] == [
        (15000, "accepted", "above-usual-use"),
        (77, "superseded", "refused"),
    ]
    assert audited(site) == [
        ("clerk", "reading.accept", f"reading:{first}", {}),
        ("clerk", "reading.refuse", f"reading:{second}", {"note": "чужой счётчик"}),
    ]
    assert "Больше ничего не ждёт" in (await browser.get("/readings")).text
    assert "отклонено: чужой счётчик" in (await browser.get(f"/readings/{second}")).text


async def test_correcting(site: Site, register: int) -> None:
    key = doubtful(site.database, register)
    browser = await site.logged_in(Role.CLERK)
    for value in ("", "12х00", "-5", "123456", "１２"):
        answer = await browser.post_form(f"/readings/{key}/correct", {"value": value})
        assert answer.status_code == 422 and "не больше 5" in answer.text
    answer = await browser.post_form(f"/readings/{key}/correct", {"value": "15000"})
    assert answer.status_code == 422 and "то же самое" in answer.text
    assert audited(site) == []
    assert (await browser.post_form(f"/readings/{key}/correct", {"value": " 12010 "})).status_code == 303
    assert site.rows(tables.Reading, *SEEN)[-2:] == [
        (15000, "superseded", "refused corrected"),
        (12010, "accepted", "corrected"),
    ]
    page = (await browser.get(f"/readings/{key}")).text
    assert "Уже решено: исправлено, clerk" in page and "Правильное показание" not in page


async def test_a_value_with_the_digit_behind_the_comma_is_offered_without_it(site: Site, register: int) -> None:
    key = doubtful(site.database, register, 120104, reason="with-tenth")
    page = (await (await site.logged_in(Role.CLERK)).get(f"/readings/{key}")).text
    assert "цифра после запятой" in page and 'value="12010"' in page


async def test_a_doubtful_correction_is_asked_about_once(site: Site, register: int) -> None:
    key = doubtful(site.database, register)
    browser = await site.logged_in(Role.CLERK)
    answer = await browser.post_form(f"/readings/{key}/correct", {"value": "5"})
    assert answer.status_code == 422 and "меньше прошлого показания" in answer.text
    # Another value than the one that was doubted is doubted by itself.
    answer = await browser.post_form(f"/readings/{key}/correct", {"value": "6", "insisted": "5"})
    assert answer.status_code == 422 and 'name="insisted" value="6"' in answer.text
    assert audited(site) == []
    answer = await browser.post_form(f"/readings/{key}/correct", {"value": "6", "insisted": "6"})
    assert answer.status_code == 303
    assert site.rows(tables.Reading, *SEEN)[-1] == (6, "accepted", "corrected lower-than-last")
    page = (await browser.get(f"/readings/{key + 1}")).text
    assert "исправлено сотрудником; меньше прошлого показания" in page


async def test_refusing_needs_a_reason_and_restores(site: Site, register: int) -> None:
    earlier = reading(site.database, register, 11990, status="superseded")
    key = doubtful(site.database, register)
    browser = await site.logged_in(Role.ADMINISTRATOR)
    for reason, fault in (("  ", "Напишите причину"), ("о" * 201, "не больше 200")):
        answer = await browser.post_form(f"/readings/{key}/refuse", {"reason": reason})
        assert answer.status_code == 422 and fault in answer.text
    answer = await browser.post_form(f"/readings/{key}/refuse", {"reason": "чужой счётчик"})
    assert answer.headers["location"] == f"/readings/{earlier}"  # the one before waits now
    assert site.rows(tables.Reading, *SEEN)[-2] == (11990, "flagged", "restored")


async def test_the_second_clerk_is_told_and_nothing_is_done_twice(site: Site, register: int) -> None:
    key = doubtful(site.database, register)
    accept(site.database, key, "anna", site.time)
    before = site.rows(tables.Reading, "id", *SEEN), audited(site)
    browser = await site.logged_in(Role.CLERK)
    for action, form in (("accept", {}), ("correct", {"value": "1"}), ("refuse", {"reason": "x"})):
        answer = await browser.post_form(f"/readings/{key}/{action}", form)
        assert answer.status_code == 303
        assert "anna уже решил(а) это показание: принято" in (await browser.get("/readings")).text
    assert (site.rows(tables.Reading, "id", *SEEN), audited(site)) == before


@pytest.mark.parametrize(("status", "text"), [("exported", "уже передано в расчёты"), ("superseded", "уже заменено")])
async def test_what_left_meanwhile_is_told(site: Site, register: int, status: str, text: str) -> None:
    key = doubtful(site.database, register, status=status)
    browser = await site.logged_in(Role.CLERK)
    await browser.post_form(f"/readings/{key}/accept")
    assert text in (await browser.get("/readings")).text
    assert audited(site) == []


async def test_what_is_not_there(site: Site) -> None:
    browser = await site.logged_in(Role.CLERK)
    for method, path in (("GET", ""), ("GET", "/voice.wav"), ("POST", "/accept"), ("POST", "/correct")):
        answer = await (
            browser.get(f"/readings/77{path}") if method == "GET" else browser.post_form(f"/readings/77{path}")
        )
        assert answer.status_code == 404, path


async def test_the_voice_is_heard_in_parts_and_noted(site: Site, register: int, tmp_path: Path) -> None:
    file = say(tmp_path / "sounds")
    key = doubtful(site.database, register)
    browser = await site.logged_in(Role.CLERK)
    assert "<audio" in (await browser.get(f"/readings/{key}")).text
    answer = await browser.get(f"/readings/{key}/voice.wav")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "audio/wav", file.read_bytes())
    part = await browser.get(f"/readings/{key}/voice.wav", headers={"Range": "bytes=0-43"})
    assert (part.status_code, part.content) == (206, file.read_bytes()[:44])
    assert audited(site) == [("clerk", "recording.heard", f"reading:{key}", {})]
    for other in (Role.VOICE, Role.VIEWER):
        assert (await (await site.logged_in(other)).get(f"/readings/{key}/voice.wav")).status_code == 403
    assert (await site.browser().get(f"/readings/{key}/voice.wav")).status_code == 303


async def test_no_other_file_is_sent(site: Site, register: int, tmp_path: Path) -> None:
    say(tmp_path / "sounds")
    browser = await site.logged_in(Role.CLERK)
    key = doubtful(site.database, register)
    for voice in ("../ivr.db", "voice/../../ivr.db", "/etc/passwd", "voice/2026-11-20/../a.wav", "ivr.db"):
        with site.database.writing() as connection:
            connection.execute(update(tables.of(tables.Reading)).values(voice=voice))
        assert (await browser.get(f"/readings/{key}/voice.wav")).status_code == 404, voice
        page = await browser.get(f"/readings/{key}")
        assert page.status_code == 200 and VOICE not in page.text, voice


async def test_reasons_are_told_in_words(site: Site, register: int) -> None:
    key = doubtful(site.database, register, channel="phone-emergency", contact_id=None, voice=None)
    browser = await site.logged_in(Role.CLERK)
    for reason, text in (
        ("emergency", "аварийным приёмом"),
        ("emergency lower-than-last", "переспросить было некого; меньше прошлого"),
        ("control verification-overdue with-tenth", "срок поверки счётчика прошёл"),
        ("same-value", "такое же"),
        ("zones-swapped", "перепутаны"),
        ("<b>new</b>", "&lt;b&gt;new"),
    ):
        with site.database.writing() as connection:
            connection.execute(update(tables.of(tables.Reading)).values(reason=reason))
        assert text in (await browser.get(f"/readings/{key}")).text, reason
        assert text in (await browser.get("/readings")).text, reason
