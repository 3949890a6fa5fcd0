"""Log in, log out here or everywhere, one's own password."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Annotated

from fastapi import Form, Request, Response
from fastapi.responses import RedirectResponse

from ivr.domain.users import MOST_OF_PASSWORD, Role, password_fault
from ivr.storage.users import login_throttle, sessions
from ivr.storage.users import users as people
from ivr.web.core.auth import (
    SESSION,
    VISITOR,
    Pages,
    allowed,
    drop_cookie,
    local,
    person_of,
    public,
    set_cookie,
    visit_of,
)
from ivr.web.core.context import context_of
from ivr.web.core.labels import SECRET_FAULTS
from ivr.web.core.templates import done, render

pages = Pages()

REFUSED = "Логин или пароль не подходит."
LOCKED = "Слишком много неудачных попыток. Вход отсюда закрыт на 15 минут."


@pages.get("/login")
@public
async def login_form(request: Request, next: str = "/") -> Response:
    """The form; a logged-in user goes on to the pages."""
    if visit_of(request).person is not None:
        return RedirectResponse(local(next), 303)
    return render(request, "login/login.html", next=local(next), login="", fault="")


@pages.post("/login")
@public
async def login(
    request: Request,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Wrong login, wrong password and nobody's password take the same time and give the same answer."""
    context, now = context_of(request), context_of(request).now()
    login = login.strip().lower()[:MOST_OF_PASSWORD]
    address = request.client.host if request.client else ""
    attempt = await context.ask(login_throttle.begin_attempt, login, address, now)
    if attempt.locked:
        return render(request, "login/login.html", 429, next=local(next), login=login, fault=LOCKED)
    if not await context.fits(password[: MOST_OF_PASSWORD + 1], attempt.password):
        return render(request, "login/login.html", 403, next=local(next), login=login, fault=REFUSED)
    if visit_of(request).person is not None:
        await context.ask(sessions.end_session, visit_of(request).token, now)
    token = secrets.token_urlsafe(32)
    lasts = timedelta(hours=context.settings.web.session_hours)
    await context.ask(sessions.begin_session, attempt, token, address, lasts, now)
    response = RedirectResponse(local(next), 303)
    set_cookie(request, response, SESSION, token)
    drop_cookie(request, response, VISITOR)
    return response


@pages.post("/logout")
@allowed(*Role)
async def logout(request: Request) -> Response:
    """End this session."""
    context = context_of(request)
    await context.ask(sessions.end_session, visit_of(request).token, context.now())
    return _left(request, "Вы вышли.")


@pages.post("/logout-everywhere")
@allowed(*Role)
async def logout_everywhere(request: Request) -> Response:
    """End all sessions of the current user."""
    context = context_of(request)
    await context.ask(sessions.end_sessions, person_of(request).id, context.now())
    return _left(request, "Вы вышли на всех устройствах.")


@pages.get("/me")
@allowed(*Role)
async def own_page(request: Request) -> Response:
    """One's own password and sessions."""
    return render(request, "login/me.html", faults={})


@pages.post("/me/password")
@allowed(*Role)
async def own_password(
    request: Request,
    present: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """A new password; other sessions of the same person end. Wrong present passwords count as failed logins."""
    context, person, now = context_of(request), person_of(request), context_of(request).now()
    faults: dict[str, str] = {}
    if wrong := password_fault(password, person.login):
        faults["password"] = SECRET_FAULTS[wrong]
    if password != again:
        faults["again"] = "Пароли не совпадают."
    if not faults:
        address = request.client.host if request.client else ""
        attempt = await context.ask(login_throttle.begin_attempt, person.login, address, now)
        if attempt.locked:
            faults["present"] = LOCKED
        elif not await context.fits(present[: MOST_OF_PASSWORD + 1], attempt.password):
            faults["present"] = "Это не ваш нынешний пароль."
    if faults:
        return render(request, "login/me.html", 422, faults=faults)
    new = await context.hashed(password)
    token = sessions.hash_of(visit_of(request).token)
    await context.ask(people.set_password, person.id, new, person.login, now, but=token)
    return done(request, "/me", "Пароль изменён. На других устройствах нужно войти заново.")


def _left(request: Request, text: str) -> Response:
    response = done(request, "/login", text)
    drop_cookie(request, response, SESSION)
    return response
