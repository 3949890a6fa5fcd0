"""Every route against every role: what is not listed here fails."""

from __future__ import annotations

import re

import pytest

from ivr.domain.users import Role
from ivr.web.application import page_routes
from ivr.web.core.auth import Pages, UndeclaredAccess
from tests.web.conftest import Site

A, C, V, W = Role.ADMINISTRATOR, Role.CLERK, Role.VOICE, Role.VIEWER
EVERYBODY, PUBLIC = {A, C, V, W}, "public"

EXPECTED: dict[str, set[Role] | str] = {
    "GET /healthz": PUBLIC,
    "GET /login": PUBLIC,
    "POST /login": PUBLIC,
    "GET /": EVERYBODY,
    "GET /today/live": {A, C, W},
    "GET /calls": {A, C, W},
    "GET /calls/{call_id}": {A, C, W},
    "GET /calls/{call_id}/recording.wav": {A, C},
    "GET /calls/{call_id}/recording.svg": {A, C},
    "GET /calls/{call_id}/voice/{place}.wav": {A, C},
    "GET /calls/{call_id}/voice/{place}.svg": {A, C},
    "GET /outages": {A, C, W},
    "GET /outages/reports": {A, C, W},
    "GET /outages/reports/{number}/voice.wav": {A, C},
    "GET /outages/places": {A, C},
    "GET /outages/new": {A, C},
    "POST /outages/new": {A, C},
    "POST /outages": {A, C},
    "GET /outages/{key}": {A, C, W},
    "POST /outages/{key}/change": {A, C},
    "POST /outages/{key}/end": {A, C},
    "POST /outages/{key}/confirm": {A, C},
    "POST /outages/{key}/reopen": {A, C},
    "GET /me": EVERYBODY,
    "POST /me/password": EVERYBODY,
    "POST /logout": EVERYBODY,
    "POST /logout-everywhere": EVERYBODY,
    "GET /readings": {A, C},
    "GET /readings/{key}": {A, C},
    "GET /readings/{key}/voice.wav": {A, C},
    "GET /readings/{key}/next": {A, C},
    "POST /readings/{key}/accept": {A, C},
    "POST /readings/{key}/correct": {A, C},
    "POST /readings/{key}/refuse": {A, C},
    "GET /accounts": {A, C, W},
    "GET /accounts/{key}": {A, C, W},
    "GET /accounts/{key}/meters/{meter}/replace": {A, C},
    "POST /accounts/{key}/meters/{meter}/replace": {A, C},
    "GET /reports": {A, C, W},
    "GET /reports/figures.csv": {A, C, W},
    "GET /prompts": EVERYBODY,
    "GET /prompts/{number}": EVERYBODY,
    "GET /prompts/{number}/heard.wav": EVERYBODY,
    "GET /prompts/takes/{take}/phone.wav": EVERYBODY,
    "GET /prompts/takes/{take}/master": {A, V},
    "POST /prompts/{number}/takes": {A, V},
    "POST /prompts/files": {A, V},
    "POST /prompts/takes/{take}/publish": {A, V},
    "POST /prompts/{number}/withdraw": {A, V},
    "POST /prompts/ready": {A, V},
    "POST /prompts/{number}/synthesis": {A, V},
    "POST /prompts/{number}/ring": {A, V},
    "POST /prompts/{number}/text": {A},
    "GET /people": {A},
    "POST /people": {A},
    "GET /people/{key}": {A},
    "POST /people/{key}/role": {A},
    "POST /people/{key}/active": {A},
    "POST /people/{key}/password": {A},
    "POST /people/{key}/pin": {A},
    "GET /tables": {A},
}
"""Route -> who may."""

ROUTES = {f"{method} {route.path}": route.access for route in page_routes() for method in route.methods or ()}
CLOSED = sorted(name for name, roles in EXPECTED.items() if roles != PUBLIC)


def test_every_route_is_listed_with_its_roles() -> None:
    declared = {name: PUBLIC if access.public else set(access.roles) for name, access in ROUTES.items()}
    assert declared == EXPECTED


def test_a_route_without_declared_roles_cannot_be_made() -> None:
    pages = Pages()
    with pytest.raises(UndeclaredAccess, match="/forgotten"):

        @pages.get("/forgotten")
        async def forgotten() -> None: ...


def address(name: str) -> tuple[str, str]:
    """Method and path with numbers and words that nothing has."""
    method, _, path = name.partition(" ")
    return method, re.sub(r"\{\w+(:\w+)?\}", "999999", path)


@pytest.mark.parametrize("role", [*Role, None], ids=str)
async def test_each_role_enters_what_it_may_and_nothing_else(site: Site, role: Role | None) -> None:
    browser = await site.logged_in(role) if role else site.browser()
    for name in CLOSED:
        method, path = address(name)
        if role and not (await browser.get("/me")).is_success:
            browser = await site.logged_in(role)  # the one before logged out
        if name in ROUTES and ROUTES[name].by_script and role is not None:
            sent = await browser.send_file(path)
        else:
            sent = await (browser.get(path) if method == "GET" else browser.post_form(path))
        roles = EXPECTED[name]
        if role is None:
            assert sent.status_code == 303 and sent.headers["location"].startswith("/login"), name
        elif role in roles:
            assert sent.status_code not in {401, 403, 500}, (name, sent.text)
        else:
            assert (sent.status_code, "не для вашей роли" in sent.text) == (403, True), name
