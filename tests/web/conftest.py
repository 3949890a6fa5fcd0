"""The real application on a real database, asked by httpx without a network."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from ivr.config import Recordings, Settings, Sounds, Store, Studio, Web
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.database.database import Database
from ivr.storage.migrations import upgrade
from ivr.web.application import make_application
from tests.web.people import PASSWORD, put_people

BASE = "http://127.0.0.1"


def token_in(page: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="csrf" value="(\w+)"', page)
    assert found is not None, page
    return found[1]


class Browser(httpx.AsyncClient):
    """Keeps cookies as a browser does, follows no redirection by itself."""

    async def post_form(self, path: str, fields: Mapping[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Send a form with the token of one's own pages."""
        page = await self.get("/me")
        if page.status_code == 303:
            page = await self.get("/login")
        return await self.post(path, data={"csrf": token_in(page.text), **(fields or {})}, **options)

    async def send_file(self, path: str, body: Any = b"", **headers: str) -> httpx.Response:
        """Send a file as the scripts of the pages do."""
        token = token_in((await self.get("/me")).text)
        return await self.post(path, content=body, headers={"X-CSRF-Token": token, **headers})

    async def log_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        """Send the form of the login page."""
        return await self.post_form("/login", {"login": login, "password": password})


@dataclass
class Site:
    """The application, its database, and a clock that the test sets."""

    settings: Settings
    database: Database
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    app: FastAPI = field(init=False)
    browsers: list[Browser] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.app = make_application(self.settings, lambda: self.time)

    def browser(self, base: str = BASE, address: str = "127.0.0.1", **options: Any) -> Browser:
        """A new browser that nobody has logged in with."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 50000))
        browser = Browser(transport=transport, base_url=base, **options)
        self.browsers.append(browser)
        return browser

    async def logged_in(self, role: Role) -> Browser:
        """A browser of the person with this role, whose login is the role's name."""
        browser = self.browser()
        response = await browser.log_in(role.value)
        assert response.status_code == 303, response.text
        return browser

    def person(self, login: str) -> int:
        """Number of somebody by login."""
        ((key,),) = self.rows(tables.User, "id", login=login)
        return int(key)

    def rows(self, table: type[Any], *columns: str, **where: Any) -> list[tuple[Any, ...]]:
        """Columns of all rows that are so, in the order they came."""
        known = tables.of(table)
        query = select(*(known.c[name] for name in columns)).order_by(*known.primary_key.columns).filter_by(**where)
        with self.database.reading() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def later(self, **time: float) -> None:
        """Let time pass."""
        self.time += timedelta(**time)

    async def restart(self) -> None:
        """Let the application end and begin anew, with the settings as they are now."""
        await self.close()
        self.browsers.clear()
        self.app = make_application(self.settings, lambda: self.time)

    async def close(self) -> None:
        """Close everything."""
        for browser in self.browsers:
            await browser.aclose()
        await self.app.state.booth.close()
        await self.app.state.office.close()


@pytest.fixture(scope="session")
def peopled_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema and a person of each role, to be copied."""
    file = tmp_path_factory.mktemp("web") / "peopled.db"
    upgrade(f"sqlite:///{file}")
    database = Database(f"sqlite:///{file}")
    put_people(database)
    database.close()
    return file


@pytest.fixture
def store_url(peopled_sqlite: Path, tmp_path: Path) -> str:
    """URL of a new database with a person of each role."""
    shutil.copy(peopled_sqlite, tmp_path / "ivr.db")
    return f"sqlite:///{tmp_path / 'ivr.db'}"


@pytest.fixture
def web_settings() -> Web:
    """Settings of the pages; a test module may override the fixture."""
    return Web()


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    """The database of the site."""
    opened = Database(store_url)
    yield opened
    opened.close()


@pytest.fixture
async def site(database: Database, store_url: str, web_settings: Web, tmp_path: Path) -> AsyncIterator[Site]:
    """The application with a person of each role; recordings lie in the test's folder."""
    settings = Settings(
        store=Store(url=store_url, limit_s=60),  # a busy machine is no fault of the database
        web=web_settings,
        recordings=Recordings(folder=tmp_path / "recordings", calls=tmp_path / "calls"),
        sounds=Sounds(own=tmp_path / "own"),
        studio=Studio(takes=tmp_path / "takes", upload_mb=2, zip_mb=8, longest_s=30),
    )
    site = Site(settings, database)
    yield site
    await site.close()
