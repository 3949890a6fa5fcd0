"""`/healthz`: whether the pages and their database work, for a watchdog."""

from __future__ import annotations

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from ivr.domain.faults import StoreUnavailable
from ivr.storage.users.sessions import answers
from ivr.web.core.auth import Pages, public
from ivr.web.core.context import context_of

pages = Pages()


@pages.get("/healthz")
@public
async def healthz(request: Request) -> Response:
    """Code 200 and `{"database": true}`, or 503 and false."""
    try:
        await context_of(request).ask(answers)
    except StoreUnavailable:
        return JSONResponse({"database": False}, 503)
    return JSONResponse({"database": True})
