"""A sound that does not play says why, beside its button, for eyes and ears."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from ivr.domain.users import Role
from tests.browser.conftest import Web, log_in, play_on, take, until
from tests.studio.recordings import ffmpeg, recording

ASK, TEXT = "/prompts/104", "Нужен номер лицевого счёта."


def test_after_the_login_has_ended(page: Page, web: Web) -> None:
    log_in(page, Role.VIEWER)
    page.goto(f"/prompts?q={TEXT}")
    page.context.clear_cookies()
    row = page.get_by_role("row", name=TEXT)
    row.get_by_role("button", name="Слушать").click()
    expect(row.get_by_role("status")).to_have_text("Вход закончился: обновите страницу и войдите снова.")
    expect(row.get_by_role("button", name="Слушать")).to_have_attribute("aria-pressed", "false")


def test_without_the_server(page: Page, web: Web) -> None:
    log_in(page, Role.VIEWER)
    page.goto(ASK)
    page.context.set_offline(True)
    page.get_by_role("button", name="Слышат сейчас").click()
    told = page.locator(".mute")
    expect(told).to_have_text("Сервер не ответил. Проверьте связь и нажмите ещё раз.")
    page.context.set_offline(False)
    play_on(page)
    page.get_by_role("button", name="Слышат сейчас").click()
    until(page, "window.ivrPlayer.currentTime > 0")
    expect(page.get_by_role("button", name="Слышат сейчас")).to_have_attribute("aria-pressed", "true")
    expect(told).to_have_text("")


def test_a_recording_that_the_browser_cannot_decode(page: Page, web: Web, tmp_path: Path) -> None:
    strange = tmp_path / "strange.wav"
    ffmpeg("-i", str(recording(tmp_path, TEXT)), "-c:a", "adpcm_ima_wav", str(strange))
    log_in(page, Role.VOICE)
    page.goto(ASK)
    page.get_by_label("Файл wav").set_input_files(strange)
    first = take(page, 1)
    play_on(page)
    first.get_by_role("button", name="Как записано").click()
    told = first.get_by_role("status")
    expect(told).to_have_text("Этот браузер не умеет играть такой звук. Нажмите «Как по телефону»: это он умеет.")
    first.get_by_role("button", name="Как по телефону").click()
    expect(first.get_by_role("button", name="Как по телефону")).to_have_attribute("aria-pressed", "true")
    expect(told).to_have_text("")
