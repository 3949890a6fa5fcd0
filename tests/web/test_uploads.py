"""Files as people bring them, and as somebody with bad intentions does."""

from __future__ import annotations

import asyncio
import io
import json
import resource
import signal
import struct
import zipfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ivr.domain.takes import TakeState
from ivr.domain.users import Role
from ivr.studio.uploads import MOST_ENTRIES
from tests.studio.recordings import ffmpeg, recording
from tests.web.conftest import Browser, Site
from tests.web.prompts import ASK, ASK_TEXT, number, recorded, studio

MIB = 1 << 20


def rows(answer: httpx.Response) -> list[dict[str, Any]]:
    """What became of each file."""
    assert answer.headers["content-type"] == "application/x-ndjson", answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def brought(browser: Browser, name: str, body: Any) -> list[dict[str, Any]]:
    """A file dropped on the list of prompts."""
    return rows(await browser.send_file(f"/prompts/files?name={name}", body))


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these files."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", method) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return kept.getvalue()


def nothing_kept(site: Site) -> bool:
    """Whether no take and no file came of it."""
    folder = site.settings.studio.takes
    return studio(site).takes() == [] and not [file for file in folder.rglob("*") if file.is_file()]


@pytest.fixture
def sound(tmp_path: Path) -> bytes:
    """ASK as an mp3."""
    return recording(tmp_path, ASK_TEXT, name="take.mp3").read_bytes()


async def test_the_name_says_which_prompt(site: Site, sound: bytes) -> None:
    browser = await site.logged_in(Role.VOICE)
    for name in ("identify-ask.wav", "IDENTIFY-ASK.mp3", f"{number(site)}.wav", f"{number(site)} Номер счёта.mp3"):
        (row,) = await brought(browser, name, sound)
        assert (row["number"], row["fine"]) == (number(site), True), name
        assert studio(site).take(row["take"]).prompt_id == ASK, name


async def test_a_zip_from_the_studio(site: Site, sound: bytes) -> None:
    browser = await site.logged_in(Role.VOICE)
    names = {
        f"{number(site)}.mp3": ASK,
        "day one/identify-ask.mp3": ASK,
        "identify/ask.wav": ASK,
        "identify\\ask.mp3": ASK,
        "../../identify/ask.wav": ASK,
        "../../x.wav": None,
        "/etc/passwd": None,
        "../../../root/.ssh/authorized_keys.wav": None,
        "notes.txt": None,
        "inner.zip": None,
    }
    files = dict.fromkeys(names, sound) | {"__MACOSX/._x.mp3": b"x", ".DS_Store": b"x", "folder/": b""}
    files["greeting-welcome.wav"] = b"Just some text, however it is called.\n" * 50
    came = await brought(browser, "day.zip", zipped(files))
    assert [row["name"] for row in came] == [*names, "greeting-welcome.wav"]
    for row, prompt in zip(came, names.values(), strict=False):
        assert row["fine"] == (prompt is not None), row
        if prompt is None:
            assert (row["take"], "Такой фразы нет" in row["told"][0]) == (None, True)
    assert "Это не звук" in came[-1]["told"][0]
    assert {take.prompt_id for take in studio(site).takes()} == {ASK, "greeting/welcome"}
    assert sorted(file.suffix for file in site.settings.studio.takes.rglob("*.*")) == [".master"] * 6 + [".wav"] * 5


async def test_zips_that_are_not_unpacked(site: Site, sound: bytes) -> None:
    browser = await site.logged_in(Role.VOICE)
    bomb = zipped({f"{100 + place}.wav": bytes(20 * MIB) for place in range(4)})
    assert len(bomb) < MIB
    short = zipped({"identify-ask.wav": sound})
    lying = bytearray(zipped({"identify-ask.wav": bytes(4 * MIB)}))
    place = lying.rfind(b"PK\x01\x02")
    lying[place + 24 : place + 28] = struct.pack("<I", 50_000)  # says that it unpacks to little
    closed = bytearray(short)
    closed[closed.rfind(b"PK\x01\x02") + 8] |= 1
    many = zipped(dict.fromkeys((f"{place}.wav" for place in range(MOST_ENTRIES + 1)), b"x"), zipfile.ZIP_STORED)
    long_list = zipped({f"{place}{'x' * 200}.wav": b"" for place in range(6000)}, zipfile.ZIP_STORED)
    for body, why in (
        (bomb, "раздувается"),
        (many, "Разделите его"),
        (long_list, "Разделите его"),
        (bytes(closed), "паролем"),
        (zipped({"identify-ask.wav": sound}, zipfile.ZIP_LZMA), "обычным zip"),
        (short[: len(short) // 2], "не полностью"),
        (b"PK\x05\x06" + b"\xff" * 18, "Разделите его"),
        (b"this is no zip", "Это не архив"),
        (zipped({}), "нет файлов"),
    ):
        (row,) = await brought(browser, "day.zip", body)
        assert (row["take"], why in row["told"][0]) == (None, True), (why, row)
    (row,) = await brought(browser, "day.zip", bytes(lying))
    assert (row["take"], "испорчен" in row["told"][0]) == (None, True)
    assert nothing_kept(site)


async def endless(given: list[int]) -> AsyncIterator[bytes]:
    """300 MB, in pieces that are counted."""
    for _ in range(300 * 16):
        given.append(1)
        yield bytes(MIB // 16)


async def test_300_mb_are_refused_early(site: Site) -> None:
    browser = await site.logged_in(Role.VOICE)
    one, whole = f"/prompts/{number(site)}/takes?name=x.wav", "/prompts/files?name=day.zip"
    for path, most in ((one, 2), (whole, 8)):
        given: list[int] = []
        announced = await browser.send_file(path, endless(given), **{"Content-Length": str(300 * MIB)})
        assert announced.status_code == 422 and len(given) <= 1
        assert rows(announced)[0]["told"] == [
            f"Файл слишком большой: 300 МБ, можно до {most} МБ. Сохраните его как mp3 или обрежьте."
        ]
        given.clear()
        unannounced = await browser.send_file(path, endless(given))
        assert "Файл слишком большой" in rows(unannounced)[0]["told"][0]
        assert len(given) <= most * 16 + 2
    assert nothing_kept(site)


async def test_an_mp3_with_a_hostile_tag_is_only_sound(site: Site, tmp_path: Path) -> None:
    browser = await site.logged_in(Role.VOICE)
    plain, evil = recording(tmp_path, ASK_TEXT, name="plain.mp3"), tmp_path / "evil.mp3"
    tag = "<script>alert(1)</script>\n../../../etc/passwd'; DROP TABLE takes; --" + "x" * 5000
    ffmpeg("-i", str(plain), "-c", "copy", "-id3v2_version", "3", "-metadata", f"title={tag}", str(evil))
    name = "<script>alert(2)<%2Fscript>.mp3"
    answer = await browser.send_file(f"/prompts/{number(site)}/takes?name={name}", evil.read_bytes())
    (row,) = rows(answer)
    assert row["fine"]
    page = (await browser.get(f"/prompts/{number(site)}")).text
    assert "alert(" not in page
    assert (await browser.get(f"/prompts/takes/{row['take']}/master")).headers["content-type"] == "audio/mpeg"


async def test_names_never_become_paths(site: Site, sound: bytes) -> None:
    browser = await site.logged_in(Role.VOICE)
    for name in ("../../x.wav", "..%2F..%2Fx.wav", "%00.wav", "", ".", "x" * 300):
        (row,) = await brought(browser, name, sound)
        assert (row["take"], "Такой фразы нет" in row["told"][0]) == (None, True), name
        assert nothing_kept(site), name


async def test_an_empty_file(site: Site) -> None:
    browser = await site.logged_in(Role.VOICE)
    assert (await browser.send_file(f"/prompts/{number(site)}/takes?name=x.wav")).status_code == 400
    assert nothing_kept(site)


async def test_two_publishers_at_once_leave_one_take_whole(site: Site, tmp_path: Path) -> None:
    anna, boss = await site.logged_in(Role.VOICE), await site.logged_in(Role.ADMINISTRATOR)
    takes = [(await recorded(site, anna, tmp_path, f"atempo={tempo}"))["take"] for tempo in (1.0, 1.1)]
    for _ in range(5):
        sent = [
            browser.post_form(f"/prompts/takes/{take}/publish")
            for browser, take in zip((anna, boss), takes, strict=True)
        ]
        assert [answer.status_code for answer in await asyncio.gather(*sent)] == [303, 303]
    states = {take: studio(site).take(take).state for take in takes}
    assert sorted(states.values()) == [TakeState.PUBLISHED, TakeState.WITHDRAWN]
    heard = next(take for take, state in states.items() if state is TakeState.PUBLISHED)
    assert (await anna.get(f"/prompts/{number(site)}/heard.wav")).content == studio(site).preview(heard)
    assert studio(site).files.disagreements() == []


@contextmanager
def full_disk(most_bytes: int) -> Iterator[None]:
    """No file grows beyond so many bytes, as on a disk that is full."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


async def test_a_full_disk_is_told_and_nothing_is_lost(site: Site, tmp_path: Path) -> None:
    browser = await site.logged_in(Role.ADMINISTRATOR)
    first = (await recorded(site, browser, tmp_path))["take"]
    await browser.post_form(f"/prompts/takes/{first}/publish")
    heard = (await browser.get(f"/prompts/{number(site)}/heard.wav")).content
    long = await recorded(site, browser, tmp_path, "aloop=loop=20:size=96000,atrim=duration=29,aresample=16000")
    database_bytes = (tmp_path / "ivr.db").stat().st_size
    sound_bytes = studio(site).preview_file(long["take"]).stat().st_size
    assert database_bytes + 8192 < sound_bytes
    count = len(studio(site).takes())
    with full_disk(sound_bytes - 4096):
        kept = await browser.send_file(f"/prompts/{number(site)}/takes?name=x.wav", bytes(MIB))
        zipped_too = await browser.send_file("/prompts/files?name=day.zip", bytes(MIB))
        publishing = await browser.post_form(f"/prompts/takes/{long['take']}/publish", {"insist": "true"})
    for answer in (kept, zipped_too):
        assert (answer.status_code, "На диске сервера нет места" in rows(answer)[0]["told"][0]) == (507, True)
    page = (await browser.get(publishing.headers["location"])).text
    assert "Не опубликовано. На диске сервера нет места" in page
    assert (await browser.get(f"/prompts/{number(site)}/heard.wav")).content == heard
    assert studio(site).take(first).state is TakeState.PUBLISHED
    assert len(studio(site).takes()) == count
    assert studio(site).files.disagreements() == []
