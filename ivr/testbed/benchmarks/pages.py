"""`ivr bench studio`: the real `ivr web` before a full database, and how long each of its pages takes over HTTP."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

from ivr.domain.faults import Unavailable
from ivr.domain.users import Role
from ivr.storage.calls import call_statistics
from ivr.storage.database.database import Database
from ivr.storage.users import credentials
from ivr.storage.users import users as people

LOGIN = "bench"
START_S, PAGE_S, COUNTED_S = 60.0, 60.0, 600.0
MOST_FIRSTS = 200
"""First openings of a page: one that is still counting says so and is asked again."""
STILL_COUNTING = '<meta http-equiv="refresh"'

SEARCHES = (
    "/accounts?q=40000",
    "/accounts?q=" + "%D1%81%D1%82%D1%80%D0%BE%D0%B8%D1%82%D0%B5%D0%BB%D0%B5%D0%B9+42+5",
    "/accounts?q=%2B7+916+000-00-42",
    "/reports?span=day",
    "/reports?span=week",
    "/reports?span=month",
    "/reports/figures.csv?span=month",
    "/tables/calls/list",
    "/tables/readings/list",
)
"""Addresses beside those that the menu and its pages lead to."""


class PagesFailed(Unavailable):
    """The pages did not start, or answered something else than a page."""


@dataclass(frozen=True, slots=True)
class PageTimes:
    """Milliseconds until the whole page was here. first_ms: of the first opening, which counts for later ones."""

    path: str
    first_ms: float
    times_ms: tuple[float, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found. counted_s: from the start of the pages until all hours of the reports were counted ahead."""

    pages: list[PageTimes]
    counted_s: float


def measure_pages(database: Database, url: str, folder: Path, times: int, progress: Callable[[str], None]) -> Measured:
    """Serve the pages on this database and time each, logged in as an administrator, once the reports are counted.

    url: of the same database. folder: for the configuration and the log. Raises PagesFailed, StoreUnavailable.
    """
    password = new_administrator(database)
    with served(url, folder) as port, contextlib.closing(Visitor(port)) as visitor:
        progress("counting the reports")
        counted_s = _counted_ahead(database)
        visitor.log_in(password)
        found = []
        for path in visitor.pages():
            progress(path)
            found.append(visitor.timed(path, times))
        return Measured(found, counted_s)


def _counted_ahead(database: Database) -> float:
    """Wait until the pages' process has counted every hour that is over by now; seconds. Raises PagesFailed."""
    began, now = time.monotonic(), datetime.now(UTC)  # an hour that ends meanwhile is counted minutes later
    while call_statistics.uncounted(database, now):
        if time.monotonic() - began > COUNTED_S:
            raise PagesFailed("the reports were not counted in time")
        time.sleep(0.2)
    return time.monotonic() - began


def new_administrator(database: Database) -> str:
    """Somebody called LOGIN; the password. Raises LoginTaken, StoreUnavailable."""
    password = secrets.token_urlsafe(16)
    people.add(database, LOGIN, Role.ADMINISTRATOR, credentials.hashed(password), LOGIN, datetime.now(UTC))
    return password


class Visitor:
    """A browser without a window: one connection, cookies kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PAGE_S)
        self._cookies: dict[str, str] = {}

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def log_in(self, password: str) -> None:
        """Raises PagesFailed."""
        _, page = self.ask("GET", "/login")
        token = re.search(r'name="csrf" value="(\w+)"', page)
        form = {"csrf": token[1] if token else "", "login": LOGIN, "password": password}
        status, _ = self.ask("POST", "/login", form)
        if status != 303:
            raise PagesFailed(f"logging in answered {status}")

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, str]:
        """Code and text of an answer. Raises PagesFailed."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"} if form is not None else {}
        status, body = self.send(method, path, urlencode(form or {}).encode(), headers)
        return status, body.decode()

    def send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """Code and body of an answer. Raises PagesFailed."""
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()), **headers}
        try:
            self._connection.request(method, path, body, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise PagesFailed(f"{path}: {type(error).__name__}") from error
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, content

    @property
    def token(self) -> str:
        """The token that the pages' forms and scripts send. Raises PagesFailed."""
        _, page = self.ask("GET", "/me")
        found = re.search(r'name="csrf" content="(\w+)"', page)
        if found is None:
            raise PagesFailed("no token on /me")
        return found[1]

    def pages(self) -> list[str]:
        """Pages of the menu, of each the first page that it leads to, and SEARCHES. Raises PagesFailed."""
        _, first = self.ask("GET", "/")
        menu = re.search(r'<nav class="menu".*?</nav>', first, re.DOTALL)
        paths = dict.fromkeys(re.findall(r'href="(/[^"]*)"', menu[0]) if menu else [])
        for path in list(paths):
            _, page = self.ask("GET", path)
            inner = page.partition("<main")[2]
            below = re.findall(rf'href="({re.escape(path.rstrip("/"))}/[\w-]+)"', inner) if path != "/" else []
            paths |= dict.fromkeys(below[:1])
        with contextlib.suppress(PagesFailed):
            _, found = self.ask("GET", SEARCHES[0])
            paths |= dict.fromkeys(re.findall(r'href="(/accounts/\d+)"', found)[:1])
        return [*paths, *SEARCHES]

    def timed(self, path: str, times: int) -> PageTimes:
        """Open a page once and then `times` times. Raises PagesFailed."""
        began = time.perf_counter()
        for _ in range(MOST_FIRSTS):
            _, text = self._page(path)
            if STILL_COUNTING not in text:
                break
        first = _ms_since(began)
        spent = []
        for _ in range(times):
            began = time.perf_counter()
            path, text = self._page(path)
            spent.append(_ms_since(began))
        return PageTimes(path, first, tuple(spent), len(text.encode()))

    def _page(self, path: str) -> tuple[str, str]:
        status, text = self.ask("GET", path)
        if status == 303 and path == "/tables":  # it leads to its first table
            return self._page("/tables/accounts/list")
        if status != 200:
            raise PagesFailed(f"{path} answered {status}")
        return path, text


@contextlib.contextmanager
def served(url: str, folder: Path) -> Iterator[int]:
    """The port of a running `ivr web` on this database. Raises PagesFailed."""
    config, log_file = folder / "ivr.toml", folder / "web.log"
    lines = ["[store]", f"url = {json.dumps(url)}", "[web]", 'listen = "127.0.0.1:0"']
    lines += ["[studio]", f"takes = {json.dumps(str(folder.absolute() / 'takes'))}"]
    lines += ["[sounds]", f"own = {json.dumps(str(folder.absolute() / 'own'))}"]
    config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    config.chmod(0o600)
    with log_file.open("wb") as out:
        command: Sequence[str] = [sys.executable, "-m", "ivr", "web", "--with-parent", "--config", str(config)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out)
    try:
        yield _port(process, log_file)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)
        if process.stdin is not None:
            process.stdin.close()


def _port(process: subprocess.Popen[bytes], log_file: Path) -> int:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        told = re.search(r'"path": ?"http://127\.0\.0\.1:(\d+)/"', log_file.read_text(encoding="utf-8"))
        if told is not None:
            return int(told[1])
        if process.poll() is not None:
            raise PagesFailed(f"ivr web ended with code {process.returncode}")
        time.sleep(0.05)
    raise PagesFailed("ivr web did not start in time")


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
