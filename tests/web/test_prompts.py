"""The pages of prompts: list, takes, publishing, texts, and who may what."""

from __future__ import annotations

import html
import io
import json
import re
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ivr.config import Manager
from ivr.domain.takes import TakeState
from ivr.domain.users import Role
from ivr.storage import tables
from tests.studio.recordings import recording
from tests.studio.stock import speak_quickly
from tests.web.conftest import Browser, Site
from tests.web.prompts import ASK, ASK_TEXT, number, recorded, studio

OLD = "Прочитан прежний текст, с тех пор его изменили. Запишите нынешний."


async def test_the_list_counts_and_finds(site: Site) -> None:
    browser = await site.logged_in(Role.VIEWER)
    page = (await browser.get("/prompts")).text
    every = [one for one in studio(site).prompts() if one.entry.text]
    assert f"все <b>{len(every)}</b>" in page and f"синтез <b>{len(every)}</b>" in page
    assert page.count("data-play=") == len(every) > 470
    found = (await browser.get("/prompts", params={"q": "лицевого СЧЕТА"})).text
    assert ASK_TEXT in found and found.count("data-play=") < 30
    by_number = (await browser.get("/prompts", params={"q": str(number(site))})).text
    assert ASK_TEXT in by_number
    assert "Таких фраз нет" in (await browser.get("/prompts", params={"show": "missing"})).text
    one = (await browser.get(f"/prompts/{number(site)}")).text
    for given in (page, one):  # a viewer listens only
        assert "data-drop" not in given and "data-recorder" not in given and given.count('method="post"') == 1


async def test_from_the_microphone_to_what_callers_hear_and_back(site: Site, tmp_path: Path) -> None:
    browser = await site.logged_in(Role.VOICE)
    at = f"/prompts/{number(site)}"
    before = (await browser.get(f"{at}/heard.wav")).content
    row = await recorded(site, browser, tmp_path)
    assert (row["number"], row["text"], row["fine"], row["told"]) == (number(site), ASK_TEXT, True, [])
    take = row["take"]
    page = (await browser.get(at)).text
    assert "черновик" in page and "voice, " in page and "в браузере" in page and 'class="wave"' in page
    assert "голос над шумом" in page
    assert (await browser.get(f"{at}/heard.wav")).content == before  # a draft is heard by nobody
    assert "ждут публикации <b>1</b>" in (await browser.get("/prompts")).text
    published = await browser.post_form(f"/prompts/takes/{take}/publish")
    assert (published.status_code, published.headers["location"]) == (303, at)
    assert "Опубликовано" in (await browser.get(at)).text
    heard = (await browser.get(f"{at}/heard.wav")).content
    assert heard == studio(site).preview(take) != before
    back = await browser.post_form(f"{at}/withdraw")
    assert "Запись снята" in (await browser.get(back.headers["location"])).text
    assert (await browser.get(f"{at}/heard.wav")).content == before
    again = await browser.post_form(f"{at}/withdraw")
    assert "Опубликованной записи этой подсказки нет" in (await browser.get(again.headers["location"])).text
    actions = [tuple(row) for row in site.rows(tables.Audit, "who", "action") if row[1].startswith("prompt.")]
    assert actions == [("voice", "prompt.take"), ("voice", "prompt.publish"), ("voice", "prompt.withdraw")]


async def test_what_somebody_else_published_meanwhile_is_not_taken_back(site: Site, tmp_path: Path) -> None:
    anna, boris = await site.logged_in(Role.VOICE), await site.logged_in(Role.ADMINISTRATOR)
    at = f"/prompts/{number(site)}"
    first = (await recorded(site, anna, tmp_path))["take"]
    await anna.post_form(f"/prompts/takes/{first}/publish")
    page = (await anna.get(at)).text
    (shown,) = re.findall(r'name="take" value="(\d+)"', page)
    assert int(shown) == first
    second = (await recorded(site, boris, tmp_path, "atempo=1.1"))["take"]
    await boris.post_form(f"/prompts/takes/{second}/publish")
    said = await anna.post_form(f"{at}/withdraw", {"take": shown})
    page = (await anna.get(said.headers["location"])).text
    assert f"Не снято. Опубликована уже другая запись, {second}" in page
    assert (await anna.get(f"{at}/heard.wav")).content == studio(site).preview(second)


async def test_what_was_read_from_an_old_page_is_no_take_of_the_new_text(site: Site, tmp_path: Path) -> None:
    anna, boss = await site.logged_in(Role.VOICE), await site.logged_in(Role.ADMINISTRATOR)
    at = f"/prompts/{number(site)}"
    page = (await anna.get(at)).text
    microphone, file = (html.unescape(to) for to in re.findall(r'data-to="([^"]+)"', page))
    await boss.post_form(f"{at}/text", {"text": "Назовите номер лицевого счёта.", "notes": ""})
    body = recording(tmp_path, ASK_TEXT).read_bytes()
    for to in (microphone, file):
        row = json.loads((await anna.send_file(to, body)).text)
        assert (row["fine"], row["told"]) == (False, [OLD])
    page = (await anna.get(at)).text
    assert "прежний текст" in page and OLD in page and ">Опубликовать</button>" not in page
    await boss.post_form("/prompts/ready")
    said = await anna.post_form(f"/prompts/takes/{row['take']}/publish")
    assert f"Не опубликовано. {OLD}" in (await anna.get(said.headers["location"])).text
    assert studio(site).prompt(ASK).published is None
    assert "вопреки замечаниям</button>" in (await boss.get(at)).text
    await boss.post_form(f"/prompts/takes/{row['take']}/publish", {"insist": "true"})
    assert studio(site).take(row["take"]).state is TakeState.PUBLISHED
    assert (await anna.send_file(f"{at}/takes?text=nonsense", body)).status_code == 400


async def test_only_an_administrator_insists_and_never_on_silence(site: Site, tmp_path: Path) -> None:
    voice, boss = await site.logged_in(Role.VOICE), await site.logged_in(Role.ADMINISTRATOR)
    at = f"/prompts/{number(site)}"
    quiet = await recorded(site, voice, tmp_path, "volume=-24dB")
    assert (quiet["fine"], quiet["told"][0].startswith("Слишком тихо: −")) == (False, True)
    page = (await voice.get(at)).text
    assert "Подойдите ближе к микрофону" in page and "вопреки замечаниям</button>" not in page
    refused = await voice.post_form(f"/prompts/takes/{quiet['take']}/publish")
    assert "Не опубликовано. Слишком тихо" in (await voice.get(refused.headers["location"])).text
    assert (await voice.post_form(f"/prompts/takes/{quiet['take']}/publish", {"insist": "true"})).status_code == 403
    assert "вопреки замечаниям</button>" in (await boss.get(at)).text
    await boss.post_form(f"/prompts/takes/{quiet['take']}/publish", {"insist": "true"})
    assert studio(site).take(quiet["take"]).state is TakeState.PUBLISHED
    silent = await recorded(site, boss, tmp_path, "volume=0")
    assert "Ничего не слышно" in silent["told"][0]
    await boss.post_form(f"/prompts/takes/{silent['take']}/publish", {"insist": "true"})
    assert studio(site).take(silent["take"]).state is TakeState.DRAFT
    assert (await boss.get(f"/prompts/takes/{silent['take']}/phone.wav")).status_code == 404
    assert "с замечаниями <b>1</b>" in (await boss.get("/prompts")).text


async def test_a_changed_text_is_out_of_date_until_it_is_spoken(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak_quickly(tmp_path, monkeypatch)
    browser = await site.logged_in(Role.ADMINISTRATOR)
    at = f"/prompts/{number(site)}"
    wrong = await browser.post_form(f"{at}/text", {"text": "Наберите 5.", "notes": ""})
    assert (wrong.status_code, "лишнее: 5" in wrong.text, "Наберите 5." in wrong.text) == (422, True, True)
    long = "очень " * 200  # more than fits
    wrong = await browser.post_form(f"{at}/text", {"text": "Наберите 5.", "notes": long + "спокойно"})
    assert (wrong.status_code, "лишнее: 5" in wrong.text) == (422, True)
    assert "Не больше 1000 знаков, сейчас 1208." in wrong.text and long + "спокойно</textarea>" in wrong.text
    refused = await browser.post_form(f"{at}/text", {"text": "Назовите номер.", "notes": long + "спокойно"})
    assert (refused.status_code, studio(site).prompt(ASK).entry.text) == (422, ASK_TEXT)
    await browser.post_form(f"{at}/text", {"text": "Назовите номер лицевого счёта.", "notes": "Спокойно."})
    page = (await browser.get(at)).text
    assert "Назовите номер лицевого счёта." in page and "устарела" in page and "Спокойно." in page
    assert "устарели <b>1</b>" in (await browser.get("/prompts")).text
    made = await browser.post_form(f"{at}/synthesis")
    assert "Синтез готов" in (await browser.get(made.headers["location"])).text
    await browser.post_form("/prompts/ready")
    assert "устарели <b>0</b>" in (await browser.get("/prompts")).text


async def test_all_that_is_ready_is_published_at_once(site: Site, tmp_path: Path) -> None:
    browser = await site.logged_in(Role.VOICE)
    fine = await recorded(site, browser, tmp_path)
    said = await browser.post_form("/prompts/ready")
    assert "Опубликовано: 1\u00a0запись." in (await browser.get(said.headers["location"])).text
    assert studio(site).take(fine["take"]).state is TakeState.PUBLISHED
    bad = await recorded(site, browser, tmp_path, "volume=-24dB")
    await browser.post_form("/prompts/ready")
    assert studio(site).take(bad["take"]).state is TakeState.DRAFT


async def test_sound_is_private_typed_and_comes_in_parts(site: Site, tmp_path: Path) -> None:
    browser = await site.logged_in(Role.VOICE)
    take = (await recorded(site, browser, tmp_path))["take"]
    for path in (f"/prompts/takes/{take}/phone.wav", f"/prompts/takes/{take}/master"):
        whole = await browser.get(path)
        assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
        assert whole.headers["cache-control"] == "no-store"
        assert whole.headers["x-content-type-options"] == "nosniff"
        with wave.open(io.BytesIO(whole.content)) as opened:
            assert opened.getnframes() > 8000
        size = len(whole.content)
        for asked, first, last in (("0-99", 0, 99), ("100-", 100, size - 1), ("-50", size - 50, size - 1)):
            part = await browser.get(path, headers={"Range": f"bytes={asked}"})
            assert (part.status_code, part.content) == (206, whole.content[first : last + 1])
            assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        beyond = await browser.get(path, headers={"Range": f"bytes={size}-"})
        assert beyond.status_code == 416
        assert (await site.browser().get(path)).status_code == 303  # nobody, without logging in
    clerk = await site.logged_in(Role.CLERK)
    assert (await clerk.get(f"/prompts/takes/{take}/phone.wav")).status_code == 200
    assert (await clerk.get(f"/prompts/takes/{take}/master")).status_code == 403


async def test_what_is_no_sound_is_never_sent_as_a_page(site: Site) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    answer = await browser.send_file(
        f"/prompts/{number(site)}/takes?name=x.wav", b"<html><script>alert(1)</script></html>"
    )
    row = json.loads(answer.text)
    assert "Это не звук" in row["told"][0]
    master = await browser.get(f"/prompts/takes/{row['take']}/master")
    assert master.headers["content-type"] == "application/octet-stream"


async def with_a_telephone(site: Site, *voices: str) -> Browser:
    """Who records, where a telephone may be rung and no exchange answers; with other voices if given."""
    studio_settings = site.settings.studio.model_copy(update={"phones": ("+79161234567",), "dial": "PJSIP/{number}"})
    changes: dict[str, Any] = {"studio": studio_settings, "ami": Manager(port=1, user="ivr", secret="x")}
    if voices:
        changes["sounds"] = site.settings.sounds.model_copy(update={"voices": voices})
    site.settings = site.settings.model_copy(update=changes)
    await site.restart()
    return await site.logged_in(Role.VOICE)


async def test_a_telephone_exchange_that_is_away_is_told(site: Site) -> None:
    browser = await with_a_telephone(site)
    at = f"/prompts/{number(site)}"
    assert "+7 916 123-45-67" in (await browser.get(at)).text
    for phone, told in (("+79161234567", "Телефонная станция не отвечает"), ("112", "На этот телефон звонить нельзя")):
        await browser.post_form(f"{at}/ring", {"phone": phone})
        assert told in (await browser.get(at)).text


async def test_a_telephone_is_offered_only_where_one_can_be_rung(site: Site) -> None:
    browser = await site.logged_in(Role.VOICE)
    at = f"/prompts/{number(site)}"
    assert "Позвонить мне" not in (await browser.get(at)).text
    assert (await browser.post_form(f"{at}/ring", {"phone": "101"})).status_code == 404


@pytest.mark.parametrize("named", ["", "?voice=anna"])
async def test_by_telephone_the_first_voice_is_recorded(site: Site, named: str) -> None:
    browser = await with_a_telephone(site, "anna", "olga")
    at = f"/prompts/{number(site)}{named}"
    assert "Позвонить мне" in (await browser.get(at)).text
    fields = {"phone": "+79161234567", "voice": named.removeprefix("?voice=")}
    rung = await browser.post_form(f"/prompts/{number(site)}/ring", fields)
    assert rung.headers["location"] == at
    assert "Телефонная станция не отвечает" in (await browser.get(at)).text  # it was tried


async def test_no_telephone_is_rung_for_another_voice_than_the_first(site: Site) -> None:
    browser = await with_a_telephone(site, "anna", "olga")
    plain, at = f"/prompts/{number(site)}", f"/prompts/{number(site)}?voice=olga"
    page = (await browser.get(at)).text
    assert "Позвонить мне" not in page and "По телефону записывают только голос «anna»." in page
    assert f'<a href="{plain}">Эта фраза голосом «anna»</a>' in page
    rung = await browser.post_form(f"{plain}/ring", {"phone": "+79161234567", "voice": "olga"})
    assert rung.headers["location"] == at
    assert "Не звоним: по телефону записывают только голос «anna»." in (await browser.get(at)).text
    assert site.rows(tables.StudioCall, "prompt_id") == []
    nobodys = await browser.post_form(f"{plain}/ring", {"phone": "+79161234567", "voice": "nobody"})
    assert nobodys.status_code == 404


async def test_nothing_there(site: Site) -> None:
    browser = await site.logged_in(Role.VOICE)
    for path in ("/prompts/99999", "/prompts/x", "/prompts?voice=ru", "/prompts?voice=../x"):
        assert (await browser.get(path)).status_code == 404, path


async def unread(read: list[int]) -> AsyncIterator[bytes]:
    """A body that notes what was read of it."""
    for _ in range(1000):
        read.append(1)
        yield b"x" * 65536


async def test_nothing_of_a_file_is_read_before_it_is_known_who_sends_it(site: Site) -> None:
    voice, clerk, nobody = await site.logged_in(Role.VOICE), await site.logged_in(Role.CLERK), site.browser()
    at = f"/prompts/{number(site)}/takes"
    for browser, headers, status in (
        (nobody, {}, 303),
        (clerk, {}, 403),
        (voice, {}, 403),
        (voice, {"X-CSRF-Token": "0" * 64}, 403),
        (voice, {"Content-Type": "multipart/form-data; boundary=x"}, 403),
        (voice, {"Sec-Fetch-Site": "cross-site"}, 403),
    ):
        read: list[int] = []
        answer = await browser.post(at, content=unread(read), headers=headers)
        assert (answer.status_code, len(read) <= 1) == (status, True), (headers, len(read))
    assert studio(site).takes() == []
