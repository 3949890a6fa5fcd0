"""What lies around all pages: headers of every answer, faults, and which host names we answer to."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from fastapi import HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ivr.domain.faults import StoreUnavailable
from ivr.web.core.auth import BadToken
from ivr.web.core.templates import render

log = logging.getLogger(__name__)

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "media-src 'self' blob:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}
TLS_FOR_A_YEAR = "max-age=31536000"

TEXTS = {
    400: ("Запрос не понят", "В форме чего-то не хватает или что-то заполнено не так. Вернитесь и проверьте."),
    403: ("Нет доступа", "Эта страница не для вашей роли. Если она вам нужна, попросите администратора."),
    404: ("Страницы нет", "Проверьте адрес или начните с первой страницы."),
    405: ("Так нельзя", "Эту страницу нельзя открыть таким образом. Начните с первой страницы."),
    408: ("Слишком долго", "Данные не пришли вовремя. Ничего не сохранено. Проверьте связь и повторите."),
    413: ("Слишком много данных", "Файл или форма больше, чем здесь принимается. Ничего не сохранено."),
    429: ("Слишком много попыток", "Подождите 15 минут и попробуйте снова."),
    500: ("Сбой", "Страница не получилась из-за ошибки программы. На звонки это не влияет. Сообщите администратору."),
    503: ("База данных не отвечает", "Звонки принимаются. Подождите минуту и проверьте, сохранилось ли изменение."),
}
STALE = ("Страница устарела", "Вы вошли или вышли в другом окне. Откройте страницу заново и повторите действие.")


class Guard:
    """Outermost: security headers on every answer; a page for every fault."""

    def __init__(self, app: ASGIApp, fault: Callable[[Request], Awaitable[Response]], tls: bool) -> None:
        """tls: the public address is https, whatever the connection to us is."""
        self._app, self._fault, self._tls = app, fault, tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Called by the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._add_headers(MutableHeaders(scope=message), scope, message["status"])
            await send(message)

        try:
            await self._app(scope, receive, guarded)
        except Exception:
            log.exception("a fault in a page")
            if begun:
                raise
            await (await self._fault(Request(scope)))(scope, receive, guarded)

    def _add_headers(self, headers: MutableHeaders, scope: Scope, status: int) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        # Pages hold personal data; only files of our own, with their hash in the address, may be kept.
        is_file = status == 200 and scope["path"].startswith("/static/") and b"v=" in scope["query_string"]
        headers.setdefault("Cache-Control", "public, max-age=31536000, immutable" if is_file else "no-store")
        if self._tls or scope["scheme"] == "https":
            headers.setdefault("Strict-Transport-Security", TLS_FOR_A_YEAR)


def fault_page(request: Request, status: int, texts: tuple[str, str] | None = None) -> Response:
    """The page of an error, in Russian and without a trace."""
    title, text = texts or TEXTS.get(status) or TEXTS[500 if status >= 500 else 400]
    return render(request, "fault.html", status, title=title, text=text)


async def http_fault(request: Request, error: Exception) -> Response:
    """A page for what FastAPI or an endpoint refuses."""
    if not isinstance(error, AnyHTTPException):
        return fault_page(request, 500)
    response = fault_page(request, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def bad_form(request: Request, error: Exception) -> Response:
    """A page for a form that lacks fields, or for a path with something that is no number."""
    wrong = error.errors() if isinstance(error, RequestValidationError) else ()
    return fault_page(request, 404 if any(fault["loc"][0] == "path" for fault in wrong) else 400)


async def stale_form(request: Request, _error: Exception) -> Response:
    """A page for a form without its token."""
    return fault_page(request, 403, STALE)


async def store_away(request: Request, _error: Exception) -> Response:
    """A page for a database that does not answer."""
    log.warning("the database does not answer; a page could not be made")
    return fault_page(request, 503)


FAULTS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    AnyHTTPException: http_fault,
    HTTPException: http_fault,
    RequestValidationError: bad_form,
    BadToken: stale_form,
    StoreUnavailable: store_away,
}
