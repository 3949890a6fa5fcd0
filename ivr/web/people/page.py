"""Люди: users of the pages and of recording by phone."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, HTTPException, Request, Response

from ivr.domain.users import (
    LastAdministrator,
    LoginTaken,
    NoSuchPerson,
    Person,
    Role,
    login_fault,
    password_fault,
    pin_fault,
)
from ivr.storage.users import users as store
from ivr.storage.users.credentials import generated_password
from ivr.web.core.auth import Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.labels import ROLES, SECRET_FAULTS
from ivr.web.core.templates import done, render

pages = Pages()

LAST = "Это последний администратор: без него людьми никто не сможет управлять."


@pages.get("/people")
@allowed(Role.ADMINISTRATOR)
async def list_people(request: Request) -> Response:
    """All users, including disabled ones."""
    return await _listed(request)


@pages.post("/people")
@allowed(Role.ADMINISTRATOR)
async def add_person(
    request: Request,
    login: Annotated[str, Form()] = "",
    role: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Somebody new. Without a password one is made and shown once."""
    context, login = context_of(request), login.strip().lower()
    faults: dict[str, str] = {}
    if wrong := login_fault(login):
        faults["login"] = SECRET_FAULTS[wrong]
    if role not in set(Role):
        faults["role"] = "Выберите роль."
    if password and (wrong := password_fault(password, login)):
        faults["password"] = SECRET_FAULTS[wrong]
    if faults:
        return await _listed(request, 422, faults, login, role)
    secret = password or generated_password()
    hash_text = await context.hashed(secret)
    try:
        who = person_of(request).login
        person = await context.ask(store.add, login, Role(role), hash_text, who, context.now())
    except LoginTaken:
        return await _listed(request, 422, {"login": "Такой логин уже есть."}, login, role)
    if password:
        return done(request, f"/people/{person.id}", f"{login} теперь может войти.")
    return render(request, "people/password.html", subject=person, password=secret)


@pages.get("/people/{key}")
@allowed(Role.ADMINISTRATOR)
async def show_person(request: Request, key: Key) -> Response:
    """One person and what can be done about them."""
    return await _shown(request, await _found(request, key))


@pages.post("/people/{key}/role")
@allowed(Role.ADMINISTRATOR)
async def change_role(request: Request, key: Key, role: Annotated[str, Form()] = "") -> Response:
    """Another role, from the next page on."""
    context = context_of(request)
    if role not in set(Role):
        return await _shown(request, await _found(request, key), {"role": "Выберите роль."})
    try:
        await context.ask(store.set_role, key, Role(role), person_of(request).login, context.now())
    except LastAdministrator:
        return done(request, f"/people/{key}", LAST, "fault")
    except NoSuchPerson:
        raise HTTPException(404) from None
    return done(request, f"/people/{key}", f"Роль изменена: {ROLES[Role(role)]}.")


@pages.post("/people/{key}/active")
@allowed(Role.ADMINISTRATOR)
async def change_active(request: Request, key: Key, active: Annotated[bool, Form()]) -> Response:
    """Enable a user, or disable one at once."""
    context = context_of(request)
    try:
        await context.ask(store.set_active, key, active, person_of(request).login, context.now())
    except LastAdministrator:
        return done(request, f"/people/{key}", LAST, "fault")
    except NoSuchPerson:
        raise HTTPException(404) from None
    return done(request, f"/people/{key}", "Вход разрешён." if active else "Вход закрыт, все сеансы завершены.")


@pages.post("/people/{key}/password")
@allowed(Role.ADMINISTRATOR)
async def reset_password(request: Request, key: Key) -> Response:
    """A new password is made and shown once; sessions of the person end."""
    context = context_of(request)
    person = await _found(request, key)
    secret = generated_password()
    who, hash_text = person_of(request).login, await context.hashed(secret)
    await context.ask(store.set_password, person.id, hash_text, who, context.now())
    return render(request, "people/password.html", subject=person, password=secret)


@pages.post("/people/{key}/pin")
@allowed(Role.ADMINISTRATOR)
async def set_pin(request: Request, key: Key, pin: Annotated[str, Form()] = "") -> Response:
    """A PIN for recording by phone; empty: taken away."""
    context, pin = context_of(request), pin.strip()
    person = await _found(request, key)
    if pin and (wrong := pin_fault(pin)):
        return await _shown(request, person, {"pin": SECRET_FAULTS[wrong]})
    hash_text = await context.hashed(pin) if pin else None
    await context.ask(store.set_pin, key, hash_text, person_of(request).login, context.now())
    return done(request, f"/people/{key}", "ПИН-код задан." if pin else "ПИН-код убран.")


async def _found(request: Request, key: int) -> Person:
    try:
        return await context_of(request).ask(store.find, key)
    except NoSuchPerson:
        raise HTTPException(404) from None


async def _shown(request: Request, subject: Person, faults: dict[str, str] | None = None) -> Response:
    return render(request, "people/one.html", 422 if faults else 200, subject=subject, faults=faults or {})


async def _listed(
    request: Request, status: int = 200, faults: dict[str, str] | None = None, login: str = "", role: str = ""
) -> Response:
    rows = await context_of(request).ask(store.everybody)
    return render(request, "people/list.html", status, rows=rows, faults=faults or {}, login=login, role=role)
