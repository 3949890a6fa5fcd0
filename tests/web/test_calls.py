"""The page of calls: what each role sees of a call, and how its sounds are sent."""

from __future__ import annotations

import io
import re
import wave
from array import array
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from ivr.config import Recordings
from ivr.domain.journal.steps import Said
from ivr.domain.journal.stored import columns
from ivr.domain.journal.words import TurnEnd
from ivr.domain.users import Role
from ivr.storage import tables
from tests.web.conftest import Site
from tests.web.stock import ACCOUNT, CALL, CALLER, UNIQUEID, put, put_account, put_call, tone

RECORDING = f"/calls/{CALL}/recording.wav"


@pytest.fixture
def folders(site: Site) -> Recordings:
    """Where the site looks for recordings."""
    return site.settings.recordings


def both_sides(folders: Recordings, *, finished: bool = True) -> tuple[bytes, bytes]:
    caller = tone(folders.calls / f"{UNIQUEID}-caller.wav", 400, 1.0, finished=finished)
    return caller, tone(folders.calls / f"{UNIQUEID}-menu.wav", 700, 1.5)


async def test_a_clerk_sees_the_whole_call(site: Site) -> None:
    put_call(site.database, account_id=put_account(site.database))
    browser = await site.logged_in(Role.CLERK)
    listed = (await browser.get("/calls")).text
    assert "+7 916 123-45-67" in listed and ACCOUNT in listed and f"/calls/{CALL}" in listed
    page = (await browser.get(f"/calls/{CALL}")).text
    for text in (
        "Разговор записываем, чтобы не ошибиться.",  # the text of greeting/welcome
        f"нажимает: <strong>{ACCOUNT}",
        "<q>двенадцать сто пятьдесят</q>",
        "T1: намного больше обычного",
        "показания сохранены: <strong>12150",
        "№ 7, повреждение кабеля",
        "база данных не ответила",
        "дальше: <strong>прощание",
        "1 — да",
    ):
        assert text in page, text


async def test_a_viewer_sees_no_number_and_hears_nothing(site: Site, folders: Recordings) -> None:
    both_sides(folders)
    put_call(site.database, account_id=put_account(site.database))
    browser = await site.logged_in(Role.VIEWER)
    for path in ("/calls", f"/calls/{CALL}"):
        page = (await browser.get(path)).text
        assert "+7 916 •••-••-67" in page
        assert "123-45" not in page and ACCOUNT not in page and "двенадцать" not in page and "audio" not in page, path
        assert re.search(r"\b12150\b", page) is None and "пять шесть" not in page  # tokens may hold any digits
    assert "показания приняты" in (await browser.get("/calls")).text
    # Searching by a number would tell whose a call is.
    assert CALL in (await browser.get("/calls", params={"caller": "+79990000000", "account": "1"})).text


async def test_calls_are_found_by_the_form(site: Site) -> None:
    began = put_call(site.database, account_id=put_account(site.database))
    put_call(site.database, id="other", caller="+79990000000", outcome="hotline")
    browser = await site.logged_in(Role.ADMINISTRATOR)
    local = began.astimezone(site.settings.zone)
    hour = timedelta(hours=1)
    for fields, expected in (
        ({"caller": "8 (916) 123-45-67"}, {CALL}),
        ({"account": ACCOUNT}, {CALL}),
        ({"outcome": "hotline"}, {"other"}),
        ({"name": CALL}, {CALL}),
        ({"since": f"{local - hour:%Y-%m-%dT%H:%M}", "until": f"{local + hour:%Y-%m-%dT%H:%M}"}, {CALL, "other"}),
        ({"until": f"{local - hour:%Y-%m-%dT%H:%M}"}, set()),
    ):
        page = await browser.get("/calls", params=fields)
        assert page.status_code == 200
        assert {one for one in (CALL, "other") if f'href="/calls/{one}"' in page.text} == expected, fields
    for fields, fault in (
        ({"caller": "12"}, "Номер телефона"),
        ({"since": "вчера"}, "Время не понято"),
        ({"until": "0001-01-01T00:00"}, "Время не понято"),
    ):
        page = await browser.get("/calls", params=fields)
        assert (page.status_code, fault in page.text) == (422, True)


async def test_pages_of_the_list_go_forwards_and_back(site: Site) -> None:
    now = datetime.now(UTC)
    rows = [{"id": f"c{n:03}", "started_at": now - timedelta(minutes=n), "outcome": "nothing"} for n in range(120)]
    with site.database.writing() as connection:
        connection.execute(insert(tables.of(tables.Call)), rows)
    browser = await site.logged_in(Role.CLERK)
    seen: list[str] = []
    address = "/calls?outcome=nothing"
    pages = []
    while address:
        page = (await browser.get(address)).text
        pages.append(address)
        seen += [row["id"] for row in rows if f'"/calls/{row["id"]}"' in page]
        _, found, rest = page.partition('rel="next" href="')
        address = rest.partition('"')[0].replace("&amp;", "&") if found else ""
    assert seen == [row["id"] for row in rows] and len(pages) == 3
    _, _, rest = (await browser.get(pages[2])).text.partition('rel="prev" href="')
    back = (await browser.get(rest.partition('"')[0].replace("&amp;", "&"))).text
    assert '"/calls/c050"' in back and '"/calls/c099"' in back and '"/calls/c100"' not in back
    for place in ("nonsense", "99999999999999999999-x", "1-", "-"):
        assert (await browser.get("/calls", params={"before": place})).status_code == 200


@pytest.mark.parametrize("finished", [True, False], ids=["closed", "cut off"])
async def test_the_recording_is_stereo_and_its_listening_is_in_the_audit(
    site: Site, folders: Recordings, finished: bool
) -> None:
    caller, menu = both_sides(folders, finished=finished)
    put_call(site.database)
    browser = await site.logged_in(Role.CLERK)
    answer = await browser.get(RECORDING)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert answer.headers["cache-control"] == "no-store"
    with wave.open(io.BytesIO(answer.content)) as sound:
        assert sound.getparams()[:4] == (2, 2, 8000, 12000)
        both = array("h", sound.readframes(12000))
    assert both[0::2].tobytes() == caller + bytes(len(menu) - len(caller))
    assert both[1::2].tobytes() == menu
    assert site.rows(tables.Audit, "who", "action", "subject", action="recording.heard") == [
        ("clerk", "recording.heard", f"call:{CALL}")
    ]


async def test_parts_of_a_recording(site: Site, folders: Recordings) -> None:
    both_sides(folders)
    put_call(site.database)
    browser = await site.logged_in(Role.ADMINISTRATOR)
    whole = (await browser.get(RECORDING)).content
    length = len(whole)
    for asked, start, end in (
        ("bytes=0-0", 0, 1),
        ("bytes=10-100", 10, 101),
        ("bytes=45-46", 45, 47),
        ("bytes=47-", 47, length),
        ("bytes=-7", length - 7, length),
        (f"bytes={length - 3}-999999999", length - 3, length),
    ):
        part = await browser.get(RECORDING, headers={"Range": asked})
        assert (part.status_code, part.content) == (206, whole[start:end]), asked
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{length}"
    assert (await browser.get(RECORDING, headers={"Range": f"bytes={length}-"})).status_code == 416
    assert (await browser.get(RECORDING, headers={"Range": "bytes=0-1,5-6"})).content == whole
    assert len(site.rows(tables.Audit, "id", action="recording.heard")) == 1


async def test_who_may_not_gets_no_sound(site: Site, folders: Recordings) -> None:
    both_sides(folders)
    put_call(site.database)
    assert (await site.browser().get(RECORDING)).status_code == 303
    for role in (Role.VIEWER, Role.VOICE):
        assert (await (await site.logged_in(role)).get(RECORDING)).status_code == 403
    assert site.rows(tables.Audit, "id", action="recording.heard") == []


async def test_a_name_that_is_none_of_asterisk_leads_nowhere(site: Site, folders: Recordings) -> None:
    both_sides(folders)
    browser = await site.logged_in(Role.CLERK)
    for number, uniqueid in enumerate(("", "../../etc/1.1", "1764.1/../2", ".1", "1764.1\n")):
        call = f"{number:032x}"
        put_call(site.database, id=call, uniqueid=uniqueid)
        assert (await browser.get(RECORDING.replace(CALL, call))).status_code == 404, uniqueid
        assert (await browser.get(f"/calls/{call}")).status_code == 200, uniqueid


async def test_a_call_that_goes_on_is_not_sent_yet(site: Site, folders: Recordings) -> None:
    both_sides(folders)
    put_call(site.database, ended_at=None, outcome=None)
    browser = await site.logged_in(Role.CLERK)
    assert "Запись появится" in (await browser.get(f"/calls/{CALL}")).text
    assert (await browser.get(RECORDING)).status_code == 404


async def test_kept_utterances_and_addresses_of_reports_are_heard(
    site: Site, folders: Recordings, tmp_path: Path
) -> None:
    put_call(site.database)
    said = f"voice/2026-11-25/{CALL}-1.wav"
    tone(folders.folder / said, 300)
    secret = tone(tmp_path / "secret.wav", 500)
    trouble = {"call_id": CALL, "created_at": datetime.now(UTC), "trouble": "house"}
    put(site.database, tables.OutageReport, recording=said, **trouble)
    put(site.database, tables.OutageReport, recording="voice/2026-11-25/../../../secret.wav", **trouble)
    browser = await site.logged_in(Role.CLERK)
    page = (await browser.get(f"/calls/{CALL}")).text
    assert f"/calls/{CALL}/voice/1.wav" in page and "Файла больше нет" in page
    for path in (f"/calls/{CALL}/voice/1.wav", "/outages/reports/1001/voice.wav"):
        answer = await browser.get(path)
        assert (answer.status_code, len(answer.content)) == (200, 44 + 16000), path
    assert (await browser.get(f"/calls/{CALL}/voice/1.svg")).text.count("<polygon") == 1
    for path in (f"/calls/{CALL}/voice/2.wav", f"/calls/{CALL}/voice/3.wav", "/outages/reports/1002/voice.wav"):
        answer = await browser.get(path)
        assert answer.status_code == 404 and secret not in answer.content, path
    heard = site.rows(tables.Audit, "subject", "detail", action="recording.heard")
    assert heard == [(f"call:{CALL}", {"utterance": 1}), ("report:1001", {"part": "address"})]


async def test_what_a_caller_said_does_nothing_on_the_page(site: Site) -> None:
    put_call(site.database, caller=CALLER, called="<script>x</script>")
    said = columns(Said(TurnEnd.NOT_UNDERSTOOD, words="<script>y</script>"))
    put(site.database, tables.CallStep, call_id=CALL, seq=99, at=site.time, **said)
    page = (await (await site.logged_in(Role.CLERK)).get(f"/calls/{CALL}")).text
    assert "&lt;script&gt;x" in page and "&lt;script&gt;y" in page and "<script>x" not in page
