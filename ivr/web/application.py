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

from ivr.app import App
from ivr.config import Settings
from ivr.web.accounts import page as accounts
from ivr.web.accounts import replacement as meter_replacement
from ivr.web.calls import page as calls
from ivr.web.calls import sounds as call_sounds
from ivr.web.core import health, menu
from ivr.web.core.auth import GatedRoute, Pages
from ivr.web.core.context import Context
from ivr.web.core.middleware import FAULTS, Guard, fault_page
from ivr.web.core.templates import STATIC
from ivr.web.login import page as entering
from ivr.web.outages import changes as outage_changes
from ivr.web.outages import page as outages
from ivr.web.outages.address_cache import AddressCache
from ivr.web.people import page as people
from ivr.web.prompts import page as prompts
from ivr.web.prompts import takes, uploads
from ivr.web.prompts.audio_jobs import AudioJobs
from ivr.web.prompts.prompt_cache import PromptCache
from ivr.web.readings import page as readings
from ivr.web.reports import page as reports
from ivr.web.reports.statistics_job import StatisticsJob
from ivr.web.tables import admin as tables
from ivr.web.today import page as today
from ivr.web.today.dashboard_cache import DashboardCache

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
    meter_replacement.pages,
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
    line = App(settings, now)
    context = Context(line)
    jobs = AudioJobs(context)
    live = DashboardCache(context)
    counting = StatisticsJob(context)

    @asynccontextmanager
    async def open_until_end(_app: FastAPI) -> AsyncIterator[None]:
        live.queues.start()
        counting.start()
        yield
        await counting.close()
        await live.queues.close()
        await jobs.close()
        await context.close()
        await line.close()

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
    app.state.office = context
    app.state.live = live
    app.state.counting = counting
    app.state.places = AddressCache(context)
    app.state.booth = jobs
    app.state.prompts = PromptCache(context, jobs)
    app.state.menu = menu.entries(page_routes())
    for pages in PAGES:
        app.include_router(pages)
    tables.add_tables(app, context)
    app.mount("/static", StaticFiles(directory=STATIC))
    return app


def hosts(settings: Settings) -> list[str]:
    """Host names that we answer to: others mean that a foreign site's name was led to our address."""
    web = settings.web
    named = urlsplit(web.public_url).hostname
    own = web.listen.rpartition(":")[0].strip("[]")
    return sorted({"127.0.0.1", "localhost", *([own] if own else []), *([named] if named else [])})
