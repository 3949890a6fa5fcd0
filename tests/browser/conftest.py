"""Debian's Chromium before a served site with people of each role."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from ivr.config import REPOSITORY, load
from ivr.domain.users import Role
from ivr.storage.database.database import Database
from ivr.web.application import make_application
from ivr.web.server.serve import listen, server_of
from tests.web.conftest import peopled_sqlite
from tests.web.people import PASSWORD

__all__ = ["peopled_sqlite"]

CHROMIUM = "/usr/bin/chromium"
PICTURES = REPOSITORY / "docs" / "ru" / "images"
PAGE_MS = 90_000
ARGUMENTS = [
    "--no-sandbox",  # the tests run as root
    "--disable-dev-shm-usage",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]

IN_RUSSIAN: dict[str, str | float | bool] = {**os.environ, "LANGUAGE": "ru"}
"""The browser's own words and dates, where chromium-l10n is installed."""


@dataclass(frozen=True, slots=True)
class Web:
    """A site that is served. url: without a slash at its end."""

    url: str
    database: Database
    folder: Path


@contextmanager
def serving(peopled: Path, folder: Path) -> Iterator[Web]:
    """The pages on a free port, with a copy of this database in `folder`: the server of `ivr web`, in a thread.

    Each has an application of its own, so nothing that one kept in its memory is seen by another.
    """
    shutil.copy(peopled, folder / "ivr.db")
    url = f"sqlite:///{folder / 'ivr.db'}"
    config = folder / "ivr.toml"
    config.write_text(
        f'[store]\nurl = "{url}"\nlimit_s = 60\n'  # a busy machine is no fault of the database
        f'[recordings]\nfolder = "{folder / "recordings"}"\ncalls = "{folder / "calls"}"\n'
        f'[web]\nlisten = "127.0.0.1:0"\n'
        f'[sounds]\nown = "{folder / "own"}"\n[studio]\ntakes = "{folder / "takes"}"\n'
    )
    settings = load(config)
    database = Database(url)
    with listen(settings.web.listen) as listener, ThreadPoolExecutor(1, thread_name_prefix="pages") as thread:
        server = server_of(make_application(settings), settings)
        served = thread.submit(uvloop.run, server.serve([listener]))
        try:
            yield Web(f"http://127.0.0.1:{listener.getsockname()[1]}", database, folder)
        finally:
            server.should_exit = True
            served.result(90)
            database.close()


@pytest.fixture
def web(peopled_sqlite: Path, tmp_path: Path) -> Iterator[Web]:
    """Pages of the test's own, with a person of each role (login: the role, PASSWORD)."""
    with serving(peopled_sqlite, tmp_path) as web:
        yield web


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One Chromium for this folder, whose tests are not `async`: while it is there, Playwright's own loop runs."""
    expect.set_options(timeout=PAGE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS, env=IN_RUSSIAN, timeout=PAGE_MS)
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, url: str, **options: Any) -> Iterator[Page]:
    """A window of its own; fails on any fault of a script or of the policy that the console tells."""
    given: dict[str, Any] = {"locale": "ru-RU", "viewport": {"width": 1280, "height": 800}} | options
    context = browser.new_context(base_url=url, **given)
    page = context.new_page()
    page.set_default_timeout(PAGE_MS)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None)
    try:
        yield page
    finally:
        context.close()
    assert faults == []


@pytest.fixture
def page(chromium: Browser, web: Web) -> Iterator[Page]:
    """A window on the test's own pages."""
    with window(chromium, web.url, permissions=["microphone"]) as page:
        yield page


def log_in(page: Page, role: Role) -> None:
    """As a person of this role, by the login page."""
    page.goto("/login")
    page.get_by_label("Логин").fill(role.value)
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Войти").click()
    page.wait_for_url(lambda url: "/login" not in url)


def heading(page: Page, text: str) -> None:
    """Wait for the page with this heading, and until its scripts have begun: keys pressed before are lost."""
    expect(page.get_by_role("heading", level=1)).to_have_text(text)
    page.wait_for_load_state()


def take(page: Page, number: int) -> Locator:
    """A take on its prompt's page, once that has loaded itself again and its scripts have begun: who presses before is
    not heard."""
    found = page.get_by_role("article", name=f"Запись {number}")
    expect(found).to_be_visible()
    page.wait_for_load_state()
    return found


def play_on(page: Page) -> None:
    """Sounds of the prompts' pages begin anew at their end: a busy machine may look later than one lasts."""
    page.evaluate("window.ivrPlayer.loop = true")


def until(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression is true; Playwright's own way needs what the policy of the pages forbids."""
    deadline = time.monotonic() + PAGE_MS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"{page.url}: never true within {PAGE_MS} ms: {expression}"
        page.wait_for_timeout(50)


def assert_fits(page: Page, width: int = 360) -> None:
    """The page needs no scrolling sideways on a telephone's screen of `width` pixels."""
    before = page.viewport_size
    page.set_viewport_size({"width": width, "height": 740})
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{page.url} is {wide} px wide"
    if before is not None:
        page.set_viewport_size(before)


def picture(page: Page, name: str) -> None:
    """Keep the page as docs/ru/images/NAME.png, where IVR_PICTURES is set; otherwise only see that it can be drawn."""
    page.mouse.move(0, 0)
    image = page.screenshot(full_page=True, animations="disabled")
    if os.environ.get("IVR_PICTURES"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        few_colours = "split[a][b];[a]palettegen=max_colors=64:reserve_transparent=0[p];[b][p]paletteuse=dither=none"
        command = ["ffmpeg", "-v", "error", "-y", "-i", "pipe:0", "-vf", few_colours, "-pred", "none"]
        subprocess.run([*command, PICTURES / f"{name}.png"], input=image, check=True, timeout=60)
