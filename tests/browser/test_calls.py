"""A real call, seen on the pages while it goes on and afterwards, and heard in stereo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from ivr.domain.users import Role
from ivr.storage import tables
from tests.browser.calling import CallingSystem, calling_system
from tests.browser.conftest import assert_fits, log_in, picture, until, window
from tests.voice.echoes import GAP_MS

SOON_MS = 90_000
"""Until the robot has made its voice, the daemon has answered, and the page has asked again."""

READING = f"""
title = "one zone"
from = "+79160000101"
step = [
  {{ hears = "identify/ask", timeout = 60 }}, {{ keys = "1000000001", gap_ms = {GAP_MS} }},
  {{ hears = "common/yes-no", timeout = 60 }}, {{ says = "да" }},
  {{ hears = "reading/ask", timeout = 60 }}, {{ keys = "12150", gap_ms = {GAP_MS} }},
  {{ hears = "reading/confirm", timeout = 60 }}, {{ keys = "1" }},
  {{ hears = "reading/receipt", timeout = 60 }}, {{ hears = "menu/else", timeout = 60 }}, {{ keys = "2" }},
]
[expect]
outcome = "stored"
"""
HOTLINE = """
title = "to a person"
from = "+79160000102"
step = [
  { hears = "identify/ask", timeout = 60 }, { keys = "0" },
  { hears = "hotline/connecting", timeout = 60 }, { waits = 300 },
]
"""
CHANNELS = """async (address) => {
  const answer = await fetch(address);
  const sound = await new AudioContext().decodeAudioData(await answer.arrayBuffer());
  const louder = (most, one) => Math.max(most, Math.abs(one));
  const loudest = [0, 1].map((side) => sound.getChannelData(side).reduce(louder, 0));
  return [sound.numberOfChannels, sound.duration, ...loudest];
}"""


@pytest.fixture
def calling(lab_folder: Path, tmp_path: Path) -> Iterator[CallingSystem]:
    """A system that can be rung."""
    with calling_system(lab_folder, tmp_path) as system:
        yield system


def test_a_call_is_followed_found_and_heard(chromium: Browser, calling: CallingSystem) -> None:
    with window(chromium, calling.url) as page:
        follow_find_and_hear(page, calling)


def follow_find_and_hear(page: Page, calling: CallingSystem) -> None:
    """One call to its end, another to the queue; then the first as it is kept."""
    log_in(page, Role.ADMINISTRATOR)
    queue = page.get_by_role("region", name="Очередь к людям")
    expect(queue).to_contain_text("Аварийная линия", timeout=SOON_MS)

    robot = calling.ringing("reading", READING)
    # Nobody presses anything: the page shows the call by itself.
    expect(page.get_by_text("Звонки, которые идут сейчас: 1")).to_be_visible(timeout=SOON_MS)
    calling.ended(robot, "reading")
    expect(page.get_by_text("Звонки, которые идут сейчас: 0")).to_be_visible(timeout=SOON_MS)

    calling.system.lab.command("dialplan set global LAB_AGENT rings")
    robot = calling.ringing("hotline", HOTLINE)
    expect(queue.get_by_text("человек ждёт")).to_be_visible(timeout=SOON_MS)
    picture(page, "today")
    assert_fits(page)
    calling.hung_up(robot)  # not by time: the page, which asks again and again, must have seen them wait
    expect(page.get_by_text("обслужено без человека: 1 из 2")).to_be_visible(timeout=SOON_MS)

    page.get_by_role("link", name="Звонки", exact=True).click()
    page.get_by_label("Телефон звонящего").fill("8 916 000-01-01")
    page.get_by_role("button", name="Найти").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    picture(page, "calls")
    assert_fits(page)
    page.locator("tbody tr").get_by_role("link").click()

    line = page.get_by_role("region", name="Ход разговора")
    expect(line).to_contain_text("Нужен номер лицевого счёта.")
    expect(line).to_contain_text("отвечает голосом")
    expect(line.locator("q").first).to_have_text("да")
    expect(line).to_contain_text("показания сохранены: 12150")
    picture(page, "call")
    assert_fits(page)

    player = page.get_by_label("Запись разговора")
    player.evaluate("sound => { sound.muted = true; return sound.play(); }")
    until(page, "document.querySelector('audio').currentTime > 0.2")
    # Into the middle: the browser asks for a part of the file.
    player.evaluate("sound => { sound.currentTime = sound.duration / 2; }")
    until(page, "!document.querySelector('audio').seeking")
    channels, seconds, caller, menu = page.evaluate(CHANNELS, player.get_attribute("src"))
    length = player.evaluate("sound => sound.duration")
    assert channels == 2 and abs(seconds - length) < 0.1 and seconds > 15
    assert caller > 0.05 and menu > 0.05, (caller, menu)
    assert page.evaluate("document.querySelector('img.wave').naturalWidth") > 0

    database = calling.system.open_database()
    with database.reading() as connection:
        audit = tables.of(tables.Audit)
        heard = connection.execute(audit.select().where(audit.c.action == "recording.heard")).all()
    database.close()
    assert [(row.who, row.detail) for row in heard] == [("administrator", {"part": "call"})]
