"""The prompts' pages in Chromium: a microphone that speaks, files that are dropped, and what callers hear then."""

from __future__ import annotations

import asyncio
import audioop
import io
import re
import time
import wave
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.studio.sound.telephone_sound import to_telephone, wav_bytes
from ivr.studio.studio import Studio
from ivr.testbed.lab.lab import Lab
from ivr.testbed.robot.scripted_call import Result
from ivr.testbed.robot.system import System
from tests.asterisk.conftest import KEYS_ONLY, ringing
from tests.asterisk.steps import ring
from tests.browser.conftest import (
    ARGUMENTS,
    CHROMIUM,
    IN_RUSSIAN,
    PAGE_MS,
    Web,
    assert_fits,
    log_in,
    picture,
    play_on,
    take,
    until,
    window,
)
from tests.browser.serving import served_at
from tests.studio.likeness import likeness
from tests.studio.recordings import ffmpeg, recording
from tests.web.people import put_people

ASK, ASK_TEXT = "identify/ask", "Нужен номер лицевого счёта."
HEARS = ("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream")
RECORD = "● Записать"
BEFORE_S = 6.0
"""The microphone is open while three, two, one is counted, longer on a crowded machine; then the recording begins."""

NOTES_THE_COUNT = """count => {
    window.counted = [];
    new MutationObserver(() => window.counted.push(count.textContent)).observe(count, {childList: true});
}"""
"""Each number stands for 0.8 s only: whoever looks now and then may miss one."""

NOTES_WHERE_IT_BEGINS = """() => {
    const player = window.ivrPlayer;
    player.addEventListener("seeking", () => { window.begun = player.currentTime; }, {once: true});
}"""


@contextmanager
def microphone(chromium: Browser, url: str, *arguments: str) -> Iterator[Page]:
    """A page in a Chromium of its own, with these arguments for its microphone."""
    given = [*(one for one in ARGUMENTS if "media-stream" not in one), *arguments]
    browser = chromium.browser_type.launch(executable_path=CHROMIUM, args=given, env=IN_RUSSIAN, timeout=PAGE_MS)
    try:
        with window(browser, url, viewport={"width": 1280, "height": 900}) as page:
            yield page
    finally:
        browser.close()


def said(folder: Path) -> Path:
    """What the microphone hears: a quiet room while it is counted, then the text, then the room."""
    spoken, target = recording(folder, ASK_TEXT), folder / "microphone.wav"
    room = f"anoisesrc=a=0.0003:r=48000:c=pink:seed=7:d={BEFORE_S}"
    after = "anoisesrc=a=0.0003:r=48000:c=pink:seed=8:d=8"
    joined = "[0:a][1:a][2:a]concat=n=3:v=0:a=1"
    inputs = ("-f", "lavfi", "-i", room, "-i", str(spoken), "-f", "lavfi", "-i", after)
    ffmpeg(*inputs, "-filter_complex", joined, "-ac", "1", "-ar", "48000", "-c:a", "pcm_s16le", str(target))
    return target


def samples(wav: bytes, channel: int = 0) -> bytes:
    """One channel of a WAV, 16 bit."""
    with wave.open(io.BytesIO(wav)) as opened:
        data = opened.readframes(opened.getnframes())
        return data if opened.getnchannels() == 1 else audioop.tomono(data, 2, *((1, 0) if channel == 0 else (0, 1)))


@dataclass(frozen=True, slots=True)
class Line:
    """A daemon that answers calls and serves its pages. url: of the pages."""

    system: System
    url: str

    def call(self) -> Result:
        """Ring it, hear the question for the account, hang up."""

        async def rung() -> Result:
            async with ringing(self.system) as robot:
                steps = [{"hears": ASK}, {"waits": 4}, {"hangs_up": True}]
                return await ring(robot, steps, {"outcome": "nothing"})

        with ThreadPoolExecutor(1) as thread:  # Playwright has an event loop in this one
            return thread.submit(asyncio.run, rung()).result(120)


@pytest.fixture
def line(lab: Lab, tmp_path: Path) -> Iterator[Line]:
    """A whole system with its pages."""
    folder = lab.folder / f"studio-{tmp_path.name}"
    lab.up()
    state = lab.state
    assert state is not None
    changes = KEYS_ONLY | {
        "ami": {"port": state.ami_port, "user": "ivr", "secret": state.ami_secret},
        "sounds": {"own": str(folder / "own")},
        "studio": {"takes": str(folder / "takes"), "phones": ["101"], "dial": "Local/{number}@lab-house-phone/n"},
        "web": {"listen": "127.0.0.1:0"},
    }
    system = System(tmp_path, lab, changes=changes)
    system.prepare()
    database = system.open_database()
    put_people(database)
    database.close()
    system.start_daemon()
    process = system._process
    assert process is not None
    try:
        yield Line(system, served_at(system.log_file, lambda: process.poll() is None))
        system.stop_daemon()
    finally:
        system.kill_daemon()


def record(page: Page) -> None:
    """Record with the microphone until the text is through."""
    page.locator("[data-count]").evaluate(NOTES_THE_COUNT)
    page.get_by_role("button", name=RECORD, exact=True).click()  # «Позвонить мне и записать» is another
    expect(page.get_by_text("Говорите.")).to_be_visible()
    assert page.evaluate("window.counted") == ["3", "2", "1"]
    length = page.locator("[data-length]")
    expect(length).to_have_text(re.compile(r"^([7-9]|\d\d),\d с$"))
    page.get_by_role("button", name="Стоп").click()


def test_record_hear_publish_and_a_real_call_hears_it(chromium: Browser, line: Line, tmp_path: Path) -> None:
    database = line.system.open_database()
    studio = Studio(line.system.settings, database)
    shipped = studio.heard(ASK)
    before = line.call()
    assert before.recording is not None and not before.faults
    with microphone(chromium, line.url, *HEARS, f"--use-file-for-fake-audio-capture={said(tmp_path)}%noloop") as page:
        log_in(page, Role.ADMINISTRATOR)
        page.goto("/prompts?q=лицевого счёта")
        picture(page, "prompts")
        page.get_by_role("link", name=ASK_TEXT).click()
        record(page)
        picture(page, "prompt-recorded")
        play_on(page)
        for button in ("Как записано", "Как по телефону"):
            pressed = page.locator("[data-recorder]").get_by_role("button", name=button)
            pressed.click()
            expect(pressed).to_have_attribute("aria-pressed", "true")
            until(page, "window.ivrPlayer.currentTime > 0.5 && window.ivrPlayer.duration > 3")
            pressed.click()
            expect(pressed).to_have_attribute("aria-pressed", "false")
        page.get_by_role("button", name="Сохранить запись").click()
        first = take(page, 1)
        expect(first).to_contain_text("черновик")
        expect(first).to_contain_text("administrator")
        expect(first.locator("p.fault")).to_have_count(0)
        picture(page, "prompt")
        first.get_by_role("button", name="Как по телефону").click()
        until(page, "window.ivrPlayer.currentTime > 0.5")
        first.get_by_role("button", name="Опубликовать").click()
        expect(page.get_by_role("status").first).to_contain_text("Опубликовано")
        expect(first).to_contain_text("слышат сейчас")
    after = line.call()
    assert after.recording is not None and not after.faults
    published, spoken = samples(studio.preview(1)), samples(wav_bytes(to_telephone(recording(tmp_path, ASK_TEXT))))
    old, new = (samples(one.recording.read_bytes(), 1) for one in (before, after) if one.recording)
    assert likeness(published, spoken) > 0.9  # the microphone's speech came through
    assert (likeness(old, samples(shipped)) > 0.9, likeness(new, published) > 0.9) == (True, True)
    assert likeness(old, published) < 0.9
    studio.close()
    database.close()


def test_a_telephone_rung_from_the_page_records_the_prompt(chromium: Browser, line: Line, lab: Lab) -> None:
    with microphone(chromium, line.url, *HEARS) as page:
        log_in(page, Role.ADMINISTRATOR)
        page.goto("/prompts/103")
        page.get_by_label("Телефон").select_option("101")
        picture(page, "prompt-ring")
        page.get_by_role("button", name="Позвонить мне и записать").click()
        expect(page.get_by_role("status").first).to_contain_text("Запись появится на этой странице")
        database = line.system.open_database()
        deadline = time.monotonic() + PAGE_MS / 1000
        while ("studio/text",) not in prompts_heard(database):
            assert time.monotonic() < deadline, f"the telephone heard no text: {prompts_heard(database)}"
            page.wait_for_timeout(100)
        database.close()
    lab.command("channel request hangup all")


def prompts_heard(database: Database) -> set[tuple[str]]:
    """Of all calls."""
    steps = tables.of(tables.CallStep)
    with database.reading() as connection:
        return {tuple(row) for row in connection.execute(select(steps.c.prompt))}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--use-fake-ui-for-media-stream"], "Микрофон не найден"),
        (["--use-fake-ui-for-media-stream=deny", HEARS[1]], "Браузер не пускает к микрофону"),
    ],
)
def test_without_a_microphone_it_is_told_what_to_do(
    chromium: Browser, web: Web, arguments: list[str], told: str
) -> None:
    with microphone(chromium, web.url, *arguments) as page:
        log_in(page, Role.VOICE)
        page.goto("/prompts/103")
        page.get_by_role("button", name=RECORD, exact=True).click()
        expect(page.locator("[data-recorder] [data-say]")).to_contain_text(told)
        expect(page.get_by_role("button", name=RECORD, exact=True)).to_be_visible()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> str:
    """The pages are to be called by a name, without TLS."""
    monkeypatch.setenv("IVR_WEB__PUBLIC_URL", "http://line.example")
    return "line.example"


def test_without_https_it_is_told_why_there_is_no_microphone(chromium: Browser, named: str, web: Web) -> None:
    url = web.url.replace("127.0.0.1", named)
    with microphone(chromium, url, *HEARS, f"--host-resolver-rules=MAP {named} 127.0.0.1") as page:
        log_in(page, Role.VOICE)
        page.goto("/prompts/103")
        expect(page.locator("[data-recorder] [data-say]")).to_contain_text("начинается с https://")
        expect(page.get_by_role("button", name=RECORD, exact=True)).to_be_hidden()
        expect(page.get_by_label("Файл wav")).to_be_visible()


def test_files_and_a_zip_are_dropped(page: Page, web: Web, tmp_path: Path) -> None:
    log_in(page, Role.ADMINISTRATOR)
    page.goto("/prompts?q=лицевого счёта")
    good = recording(tmp_path, ASK_TEXT, name="identify-ask.mp3")
    (tmp_path / "nothing.wav").write_bytes(b"text, however it is called")
    (tmp_path / "greeting-welcome.wav").write_bytes(b"text, however it is called")
    with zipfile.ZipFile(tmp_path / "day.zip", "w") as archive:
        archive.write(good, "../../identify/ask.mp3")
        archive.write(good, "../../x.mp3")
    names = ("identify-ask.mp3", "nothing.wav", "greeting-welcome.wav", "day.zip")
    page.get_by_label("Файлы").set_input_files([tmp_path / name for name in names])
    expect(page.get_by_text("Готово. Обработано: 5, без замечаний: 2.")).to_be_visible()
    results = page.get_by_role("region", name="Что загружено").get_by_role("row")
    for place, told in enumerate(
        ("Готова к публикации", "Такой фразы нет", "Это не звук", "Готова к публикации", "Такой фразы нет"), start=1
    ):
        expect(results.nth(place)).to_contain_text(told)
    picture(page, "prompts-upload")
    page.get_by_role("link", name="К тем, что ждут публикации").click()
    publish = page.get_by_role("button", name="Опубликовать все готовые")
    expect(publish).to_be_visible()
    page.wait_for_load_state()  # what asks is a script
    page.once("dialog", lambda dialog: dialog.accept())
    publish.click()
    expect(page.get_by_role("status").first).to_contain_text("Опубликовано: 1")
    page.goto("/prompts?q=identify/ask")
    expect(page.get_by_role("row", name=ASK_TEXT)).to_contain_text("записана")


@pytest.fixture
def olga(monkeypatch: pytest.MonkeyPatch) -> str:
    """The second of two voices."""
    monkeypatch.setenv("IVR_SOUNDS__VOICES", '["anna", "olga"]')
    return "olga"


def test_after_files_of_another_voice_the_links_lead_to_its_pages(olga: str, page: Page, tmp_path: Path) -> None:
    log_in(page, Role.VOICE)
    page.goto(f"/prompts?q=лицевого счёта&voice={olga}")
    with zipfile.ZipFile(tmp_path / "day.zip", "w") as archive:
        archive.write(recording(tmp_path, ASK_TEXT), "identify-ask.wav")
    page.get_by_label("Файлы").set_input_files(tmp_path / "day.zip")
    expect(page.get_by_text("Готово. Обработано: 1, без замечаний: 1.")).to_be_visible()
    row = page.get_by_role("region", name="Что загружено").get_by_role("link", name=ASK_TEXT)
    expect(row).to_have_attribute("href", f"/prompts/104?voice={olga}#take-1")
    page.get_by_role("link", name="К тем, что ждут публикации").click()
    page.wait_for_url(f"**/prompts?show=waiting&voice={olga}")
    page.get_by_role("table", name="Фразы").get_by_role("link", name=ASK_TEXT).click()
    page.wait_for_url(f"**/prompts/104?voice={olga}")
    expect(page.get_by_role("article", name="Запись 1")).to_contain_text("черновик")


def test_by_keyboard_and_two_takes_compared(page: Page, web: Web, tmp_path: Path) -> None:
    log_in(page, Role.VOICE)
    page.goto("/prompts/103")
    for place, tempo in enumerate((1.0, 1.1), start=1):
        file = recording(tmp_path, ASK_TEXT, filters=f"atempo={tempo}")
        page.get_by_label("Файл wav").set_input_files(file)
        take(page, place)
    for box in page.get_by_label("сравнить").all():
        box.check()
    first, second = (page.get_by_role("button", name=f"▶ Запись {place}") for place in (2, 1))
    play_on(page)
    first.click()
    until(page, "window.ivrPlayer.currentTime > 0.5 && (window.ivrPlayer.pause(), true)")  # it stands there
    page.evaluate(NOTES_WHERE_IT_BEGINS)
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(first).to_have_attribute("aria-pressed", "false")
    until(page, "window.begun > 0.4")
    assert_fits(page)
    page.goto("/prompts?q=identify/")
    play_on(page)
    buttons = page.get_by_role("button", name="Слушать")
    buttons.first.focus()
    page.keyboard.press("ArrowDown")
    expect(buttons.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(buttons.nth(1)).to_have_attribute("aria-pressed", "true")
    assert_fits(page)
