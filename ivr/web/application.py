"""The application: all pages, around them the guard. Tests call it directly, `ivr web` serves it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from ivr.config import Settings
from ivr.web import menu, tables
from ivr.web.access import GatedRoute, Pages
from ivr.web.booth import Booth
from ivr.web.counting import Counting
from ivr.web.guarding import FAULTS, Guard, fault_page
from ivr.web.known_places import KnownPlaces
from ivr.web.known_prompts import KnownPrompts
from ivr.web.live import Live
from ivr.web.office import Office
from ivr.web.pages import (
    accounts,
    call_sounds,
    calls,
    entering,
    health,
    outage_changes,
    outages,
    people,
    prompts,
    readings,
    reports,
    takes,
    today,
    uploads,
)
from ivr.web.rendering import STATIC

PAGES: tuple[Pages, ...] = (
    health.pages,
    entering.pages,
    today.pages,
    call_sounds.pages,
    calls.pages,
    outages.pages,
    outage_changes.pages,
    readings.pages,
    accounts.pages,
    reports.pages,
    uploads.pages,
    takes.pages,
    prompts.pages,
    people.pages,
    tables.pages,
)
"""All routers of pages. A page that is not here does not exist."""


def page_routes() -> list[GatedRoute]:
    """Every route, with its access."""
    return [cast(GatedRoute, route) for pages in PAGES for route in pages.routes]


def make_application(settings: Settings, now: Callable[[], datetime] | None = None) -> FastAPI:
    """The pages on the database of the settings. now: another clock, for tests. Raises BadDatabaseUrl."""
    office = Office(settings, now)
    booth = Booth(office)
    live = Live(office)
    counting = Counting(office)

    @asynccontextmanager
    async def open_until_end(_app: FastAPI) -> AsyncIterator[None]:
        live.queues.start()
        counting.start()
        yield
        await counting.close()
        await live.queues.close()
        await booth.close()
        await office.close()

    async def fault(request: Request) -> Response:
        request.scope["app"] = app
        return fault_page(request, 500)

    app = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=open_until_end,
        middleware=[
            Middleware(Guard, fault=fault, tls=settings.web.public_url.startswith("https:")),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts(settings), www_redirect=False),
        ],
        exception_handlers=cast(Any, FAULTS),
    )
    app.state.office = office
    app.state.live = live
    app.state.counting = counting
    app.state.places = KnownPlaces(office)
    app.state.booth = booth
    app.state.prompts = KnownPrompts(office, booth)
    app.state.menu = menu.entries(page_routes())
    for pages in PAGES:
        app.include_router(pages)
    tables.add_tables(app, office)
    app.mount("/static", StaticFiles(directory=STATIC))
    return app


def hosts(settings: Settings) -> list[str]:
    """Host names that we answer to: others mean that a foreign site's name was led to our address."""
    web = settings.web
    named = urlsplit(web.public_url).hostname
    own = web.listen.rpartition(":")[0].strip("[]")
    return sorted({"127.0.0.1", "localhost", *([own] if own else []), *([named] if named else [])})
