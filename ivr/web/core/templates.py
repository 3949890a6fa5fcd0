"""Pages from templates, and the message after an action."""

from __future__ import annotations

import hashlib
import json
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, unquote

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ivr.web.core import labels as wording
from ivr.web.core import menu
from ivr.web.core.auth import VISITOR, Requester, cookie_name, drop_cookie, local, set_cookie
from ivr.web.core.context import context_of

FOLDER = Path(__file__).parent.parent
STATIC = FOLDER / "static"
TOLD = "ivr_told"
TOLD_S = 60
MOST_TOLD = 1000

Tone = Literal["done", "fault"]

_templates = Environment(
    loader=FileSystemLoader([FOLDER, FOLDER / "core"]),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"phone": wording.phone, "masked": wording.masked, "thousands": wording.thousands}
_templates.globals |= {
    "roles": wording.ROLES,
    "role_hints": wording.ROLE_HINTS,
    "plural": wording.plural,
    "counted": wording.counted,
    "clock": wording.clock,
}


@cache
def _static(name: str) -> str:
    """Address of a file of ours with its content's hash, so that browsers may keep it."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"


_templates.globals["static"] = _static


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page. Templates know besides `values`: person, csrf, entries, path, told, time(…), day(…), static(…)."""
    context = context_of(request)
    requester: Requester | None = getattr(request.state, "visit", None)
    person = requester.person if requester else None
    told = _told(request)
    path = request.url.path
    mine = [entry for entry in request.app.state.menu if person is not None and person.role in entry.roles]
    text = _templates.get_template(template).render(
        {
            "person": person,
            "csrf": requester.form_token if requester else "",
            "entries": [(entry, menu.is_current(entry, path)) for entry in mine],
            "path": path,
            "told": told,
            "time": partial(wording.local_time, zone=context.settings.zone),
            "day": partial(wording.local_day, zone=context.settings.zone),
            "now": context.now(),
            "zone": context.settings.zone,
        }
        | values
    )
    response = HTMLResponse(text, status)
    if requester is not None and requester.fresh:
        set_cookie(request, response, VISITOR, requester.token)
    if told is not None:
        drop_cookie(request, response, TOLD)
    return response


def done(request: Request, to: str, text: str, tone: Tone = "done") -> Response:
    """After an action: go to another page of ours, which says `text` above its content."""
    response = RedirectResponse(local(to), 303)
    set_cookie(request, response, TOLD, quote(json.dumps([tone, text[:MOST_TOLD]])), seconds=TOLD_S)
    return response


def _told(request: Request) -> tuple[Tone, str] | None:
    try:
        tone, text = json.loads(unquote(request.cookies.get(cookie_name(request, TOLD), "")))
        readable = text.encode("utf-8", "replace").decode()
    except (ValueError, TypeError, AttributeError, RecursionError):  # anybody can write a cookie
        return None
    return ("fault" if tone == "fault" else "done", readable[:MOST_TOLD])
