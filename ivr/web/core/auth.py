"""Access to pages: roles declared at each route, sessions by cookie, a token in every form.

`Pages` refuses a route without a declaration when it is made, so that no page is open by mistake.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, HTTPException, Path, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from starlette.types import Message, Receive

from ivr.domain.faults import BadInput, Refused, StoreUnavailable
from ivr.domain.users import Person, Role
from ivr.storage.users import sessions
from ivr.web.core.context import Context, context_of

SESSION, VISITOR = "ivr_session", "ivr_visitor"
CHANGES_NOTHING = {"GET", "HEAD"}
MOST_OF_A_FORM = 64 * 1024
"""Bytes of a request's body; a route that takes files declares more by `max_body_size`."""
PIECE_S = 30.0
"""Longest wait for the next piece of a body."""
TOKEN_FIELD, TOKEN_HEADER = "csrf", "X-CSRF-Token"

Key = Annotated[int, Path(ge=1, le=2**31 - 1)]
"""Number of a row in a path; another one is a page that does not exist."""
CallId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Id of a call in a path."""
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class UndeclaredAccess(BadInput):
    """A route declares no access; a fault of this program."""


class BadToken(Refused):
    """A change without the token of its form: another site's, or a page that was open since before the login."""


@dataclass(frozen=True, slots=True)
class Access:
    """The access to a route. roles: empty with `public`. unattended: a script asks, which does not extend the session.

    by_script: the token comes in the header or not at all.
    """

    roles: frozenset[Role]
    public: bool = False
    unattended: bool = False
    by_script: bool = False


def allowed(*roles: Role, unattended: bool = False, by_script: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Declares the roles that may use a page or an action: `@allowed(Role.ADMINISTRATOR)`, `@allowed(*Role)` for all.

    unattended: a page fetches it again and again; that extends no session.
    by_script: of a large body nothing is read to look for the token, so it must be in the header.
    """
    return _declared(Access(frozenset(roles), unattended=unattended, by_script=by_script))


def public(endpoint: Endpoint) -> Endpoint:
    """Declares a page open without a login."""
    return _declared(Access(frozenset(), public=True))(endpoint)


def _declared(access: Access) -> Callable[[Endpoint], Endpoint]:
    def declare(endpoint: Endpoint) -> Endpoint:
        endpoint.access = access  # type: ignore[attr-defined]
        return endpoint

    return declare


@dataclass(frozen=True, slots=True)
class Requester:
    """The visitor of a request. token: of the session, or of a visitor not logged in; fresh: the cookie must be set."""

    person: Person | None
    token: str
    fresh: bool = False

    @property
    def form_token(self) -> str:
        """What each form carries: only our own pages know it, and it ends with the session."""
        return hmac.new(self.token.encode(), b"form", hashlib.sha256).hexdigest()


def visit_of(request: Request) -> Requester:
    """The visitor, on any route of `Pages`."""
    requester: Requester = request.state.visit
    return requester


def person_of(request: Request) -> Person:
    """The logged-in user, on a route that is not public. Raises HTTPException 403 on a public one."""
    person = visit_of(request).person
    if person is None:
        raise HTTPException(403)
    return person


class GatedRoute(APIRoute):
    """A route that checks access before it reads anything of the request's body."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """Raises UndeclaredAccess."""
        declared = getattr(endpoint, "access", None)
        if not isinstance(declared, Access) or not (declared.roles or declared.public):
            raise UndeclaredAccess(f"{path}: give it @allowed(…) or @public")
        self.access = declared
        # Ours, since FastAPI's own limit answers by itself: without headers, and not in Russian.
        self.most_bytes = options.pop("max_body_size", None) or MOST_OF_A_FORM
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Called by FastAPI."""
        handle = super().get_route_handler()

        async def gated(request: Request) -> Response:
            request = Request(request.scope, _limited(request, self.most_bytes))
            refusal = await gate(request, self.access)
            return refusal or await handle(request)

        return gated


class Pages(APIRouter):
    """A router of pages: each of its routes declares its roles."""

    def __init__(self) -> None:
        super().__init__(route_class=GatedRoute, include_in_schema=False)


async def gate(request: Request, access: Access) -> Response | None:
    """Identify the visitor and check their access; a redirection to the login without a session.

    Raises HTTPException 400, 403, BadToken, StoreUnavailable.
    """
    if not access.by_script and ("\0" in request.url.path or b"%00" in request.scope["query_string"]):
        raise HTTPException(400)  # no text of ours holds it, and PostgreSQL takes none that does
    try:
        requester = request.state.visit = await _visit(request, attended=not access.unattended)
    except StoreUnavailable:
        if not access.public:
            raise
        requester = request.state.visit = Requester(None, secrets.token_urlsafe(32))
    if not access.public:
        if requester.person is None:
            return to_login(request)
        if requester.person.role not in access.roles:
            raise HTTPException(403)
    if request.method not in CHANGES_NOTHING:
        await _require_token(request, requester, access.by_script)
    return None


def _limited(request: Request, most_bytes: int) -> Receive:
    """The request's body up to so many bytes, each piece within a limit. Raises HTTPException 413, 408 while read."""
    came = 0
    told = request.headers.get("Content-Length", "0")

    async def receive() -> Message:
        nonlocal came
        if not told.isdecimal() or int(told) > most_bytes:
            raise HTTPException(413)
        try:
            async with asyncio.timeout(PIECE_S):
                message = await request.receive()
        except TimeoutError:
            raise HTTPException(408) from None
        came += len(message.get("body", b""))
        if came > most_bytes:
            raise HTTPException(413)
        return message

    return receive


async def _visit(request: Request, *, attended: bool) -> Requester:
    context = context_of(request)
    token = request.cookies.get(cookie_name(request, SESSION), "")
    if token:
        idle = timedelta(minutes=context.settings.web.idle_minutes)
        person = await context.ask(sessions.who_is, token, idle, context.now(), attended=attended)
        if person is not None:
            return Requester(person, token)
    visitor = request.cookies.get(cookie_name(request, VISITOR), "")
    return Requester(None, visitor) if len(visitor) >= 32 else Requester(None, secrets.token_urlsafe(32), fresh=True)


async def _require_token(request: Request, requester: Requester, by_script: bool) -> None:
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise BadToken
    given: object = request.headers.get(TOKEN_HEADER)
    if not by_script:
        form = await request.form()
        if any(isinstance(value, str) and "\0" in value for value in form.values()):
            raise HTTPException(400)
        given = form.get(TOKEN_FIELD) if given is None else given
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), requester.form_token.encode()):
        raise BadToken


def to_login(request: Request) -> Response:
    """The login page for a visitor without a session; afterwards back to the page, if it was one."""
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    to = f"/login?next={quote(back)}" if request.method in CHANGES_NOTHING and back != "/" else "/login"
    return RedirectResponse(to, 303)


def local(path: str) -> str:
    """`path` if it is a page of ours, else the first page: no link leads through us to another site."""
    fits = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if fits and not urlsplit(path).netloc else "/"


def is_secure(request: Request) -> bool:
    """Whether the browser speaks TLS, with us or with the proxy before us."""
    context: Context = context_of(request)
    return request.url.scheme == "https" or context.settings.web.public_url.startswith("https:")


def cookie_name(request: Request, name: str) -> str:
    """Behind TLS with the prefix that keeps other hosts and plain HTTP from setting it."""
    return f"__Host-{name}" if is_secure(request) else name


def set_cookie(request: Request, response: Response, name: str, value: str, *, seconds: int | None = None) -> None:
    """A cookie that no script sees and no other site sends with a change; without `seconds` until the browser ends."""
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Let the browser forget a cookie; with the marks that it was set with, else browsers keep it."""
    secure = is_secure(request)
    response.delete_cookie(cookie_name(request, name), path="/", secure=secure, httponly=True, samesite="lax")
