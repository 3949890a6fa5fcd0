"""Замена счётчика: a clerk tells final and first values; the old meter goes, the new one comes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response

from ivr.domain.meters import (
    FEWEST_DIGITS,
    MOST_DIGITS,
    MOST_ZONES,
    CannotReplace,
    Replacement,
    ReplacementProblem,
)
from ivr.domain.readings import Channel
from ivr.domain.users import Role
from ivr.storage.accounts import search as account_search
from ivr.storage.accounts.account_file import SERIAL
from ivr.storage.accounts.replacement import replace_meter
from ivr.storage.accounts.search import KnownAccount, KnownMeter
from ivr.web.core.auth import Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.templates import done, render
from ivr.web.readings import labels as reading_wording

pages = Pages()

REPLACES = (Role.ADMINISTRATOR, Role.CLERK)
PROBLEMS: dict[ReplacementProblem, tuple[str, str]] = {
    ReplacementProblem.NO_METER: ("on", "Этот счётчик уже снят."),
    ReplacementProblem.WRONG_COUNT: ("final1", "Нужно показание каждой зоны снятого счётчика."),
    ReplacementProblem.TOO_LONG: ("digits", "Показание не помещается на табло."),
    ReplacementProblem.IN_USE: ("serial", "У абонента есть другой счётчик с этим номером."),
    ReplacementProblem.READ_LATER: ("on", "Старый счётчик сняли позже: есть показание за более поздний день."),
}
"""Field of the form and what is wrong with it."""


async def _typed(request: Request) -> Mapping[str, str]:
    form = await request.form()
    return {name: value.strip() for name, value in form.items() if isinstance(value, str)}


@pages.get("/accounts/{key}/meters/{meter}/replace")
@allowed(*REPLACES)
async def ask_for_values(request: Request, key: Key, meter: Key) -> Response:
    """The form."""
    account, old = await _meter(request, key, meter)
    today = context_of(request).now().date()
    typed = {"on": today.isoformat(), "digits": str(old.digits), "serial": ""}
    return _form(request, account, old, typed, {})


@pages.post("/accounts/{key}/meters/{meter}/replace")
@allowed(*REPLACES)
async def replace(
    request: Request, key: Key, meter: Key, typed: Annotated[Mapping[str, str], Depends(_typed)]
) -> Response:
    """Replace the meter; the form again, with what is wrong beside its field."""
    context = context_of(request)
    account, old = await _meter(request, key, meter)
    faults = _faults(typed, old, context.now().date())
    if not faults:
        told = Replacement(
            account=account.brief.number,
            serial=old.serial,
            on=date.fromisoformat(typed["on"]),
            finals=tuple(int(typed[f"final{place}"]) for place in range(1, old.zones + 1)),
            new_serial=typed["serial"],
            new_digits=int(typed["digits"]),
            firsts=_firsts(typed),
        )
        window, who = context.app.rules.window, person_of(request).login
        try:
            await context.ask(replace_meter, told, Channel.OFFICE, window, who, context.now())
        except CannotReplace as error:
            field, text = PROBLEMS[error.problem]
            faults = {field: text}
        else:
            return done(request, f"/accounts/{key}", f"Счётчик {old.serial} снят, установлен {told.new_serial}.")
    return _form(request, account, old, typed, faults)


async def _meter(request: Request, key: int, meter: int) -> tuple[KnownAccount, KnownMeter]:
    account = await context_of(request).ask(account_search.known, key)
    old = next((one for one in account.meters if one.id == meter and one.removed is None), None) if account else None
    if account is None or old is None:
        raise HTTPException(404)
    return account, old


def _form(
    request: Request, account: KnownAccount, old: KnownMeter, typed: Mapping[str, str], faults: Mapping[str, str]
) -> Response:
    return render(
        request,
        "accounts/replace.html",
        status=422 if faults else 200,
        account=account,
        old=old,
        typed=typed,
        faults=faults,
        most_zones=MOST_ZONES,
        words=reading_wording,
    )


def _faults(typed: Mapping[str, str], old: KnownMeter, today: date) -> dict[str, str]:
    faults = {}
    try:
        if date.fromisoformat(typed.get("on", "")) > today:
            faults["on"] = "Этот день ещё не наступил."
    except ValueError:
        faults["on"] = "Укажите день."
    if not SERIAL.fullmatch(typed.get("serial", "")):
        faults["serial"] = "Номер — до 64 букв, цифр и знаков - . /"
    digits = typed.get("digits", "")
    if not (_is_number(digits) and FEWEST_DIGITS <= int(digits) <= MOST_DIGITS):
        faults["digits"] = f"Число от {FEWEST_DIGITS} до {MOST_DIGITS}."
    finals = [f"final{place}" for place in range(1, old.zones + 1)]
    for name in (*finals, "first1", "first2", "first3"):
        value = typed.get(name, "")
        if not _is_number(value) and (value or name in (*finals, "first1")):
            faults[name] = "Только цифры."
    if typed.get("first3") and not typed.get("first2"):
        faults["first2"] = "Пропущена зона."
    return faults


def _firsts(typed: Mapping[str, str]) -> tuple[int, ...]:
    names = (f"first{place}" for place in range(1, MOST_ZONES + 1))
    return tuple(int(typed[name]) for name in names if typed.get(name))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS
