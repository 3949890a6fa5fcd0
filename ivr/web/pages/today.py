"""The first page: what goes on today."""

from __future__ import annotations

from fastapi import Request, Response

from ivr.domain.people import Role
from ivr.web.access import Pages, allowed
from ivr.web.rendering import render

pages = Pages()


@pages.get("/")
@allowed(*Role)
async def today(request: Request) -> Response:
    """Whatever the role may see."""
    return render(request, "today.html")
