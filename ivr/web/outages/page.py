"""Отключения: what callers hear of, entering a new one, and what callers report."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse

from ivr.domain.outages import LIVE
from ivr.domain.users import Role
from ivr.storage.outages import changes as outages
from ivr.storage.outages import details as outage_details
from ivr.storage.outages import reports
from ivr.storage.outages import views as outages_seen
from ivr.web.core.auth import Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.forms import Filled, read_form, typed_in
from ivr.web.core.templates import done, render
from ivr.web.outages.address_cache import known_places
from ivr.web.outages.forms import AddedOutage, NewOutage, OutageChanged, OutageConfirmed, OutageEnded
from ivr.web.outages.labels import (
    CALLBACK_REASONS,
    CALLBACK_STATES,
    CAUSES,
    CHANGES,
    KINDS,
    PLANNED,
    STATES,
    TROUBLES,
    history_text,
    place_text,
)

pages = Pages()

LOOKS, CHANGES_THEM = (Role.ADMINISTRATOR, Role.CLERK, Role.VIEWER), (Role.ADMINISTRATOR, Role.CLERK)
MOST_REPORTS = 200


@pages.get("/outages")
@allowed(*LOOKS)
async def list_outages(request: Request, over: bool = False) -> Response:
    """Outages that go on; over: ended and withdrawn ones too."""
    rows = await context_of(request).ask(outages_seen.listed, over_too=over)
    return _rendered(request, "outages/list.html", rows=rows, over=over)


@pages.get("/outages/reports")
@allowed(*LOOKS)
async def list_reports(request: Request) -> Response:
    """What callers reported, the latest first."""
    rows = await context_of(request).ask(reports.reports, MOST_REPORTS)
    return _rendered(request, "outages/reports.html", rows=rows)


@pages.get("/outages/places")
@allowed(*CHANGES_THEM)
async def suggest(
    request: Request,
    district: Annotated[str, Query(max_length=200)] = "",
    street: Annotated[str, Query(max_length=200)] = "",
    part: Annotated[str, Query(max_length=200)] = "",
    what: Annotated[str, Query(max_length=10)] = "street",
) -> Response:
    """Streets of a district, or houses of a street, as suggestions while a user types."""
    known = await known_places(request)
    names = known.houses(district, street, part) if what == "house" else known.streets(district, part)
    return JSONResponse(names)


@pages.get("/outages/new")
@allowed(*CHANGES_THEM)
async def new_outage(request: Request) -> Response:
    """The form of a new outage; a report's link fills in its place, a return from the preview all fields."""
    return await _form(request, typed_in(NewOutage, request.query_params))


@pages.post("/outages/new")
@allowed(*CHANGES_THEM)
async def preview(request: Request) -> Response:
    """How many it affects, before callers hear of it."""
    context = context_of(request)
    filled = await read_form(request, NewOutage)
    if filled.fields is None:
        return await _form(request, filled.typed, filled.faults)
    outage = filled.fields.outage(context.now())
    same = await context.ask(outage_details.same_place, outage.place)
    if same is not None:
        return await _form(request, filled.typed, same=same)
    accounts = (await known_places(request)).accounts_at(outage.place)
    return _rendered(request, "outages/confirm.html", typed=filled.typed, outage=outage, accounts=accounts)


@pages.post("/outages")
@allowed(*CHANGES_THEM)
async def add(request: Request) -> Response:
    """Enter it: from now on callers hear of it."""
    context = context_of(request)
    filled = await read_form(request, AddedOutage)
    if filled.fields is None:
        return await _form(request, filled.typed, filled.faults)
    outage = filled.fields.outage(context.now())
    terms = (outage.kind, outage.place, outage.cause, outage.began_at, outage.expected_end)
    who = person_of(request).login
    try:
        entered = await context.ask(outages.add, *terms, who, context.now(), anywhere=filled.fields.anywhere)
    except outages.AlreadyKnown:
        same = await context.ask(outage_details.same_place, outage.place)
        return await _form(request, filled.typed, same=same)
    except outages.NobodyThere:
        return _rendered(request, "outages/confirm.html", 422, typed=filled.typed, outage=outage, accounts=0)
    return done(request, f"/outages/{entered.id}", f"Отключение № {entered.id} внесено, звонящие слышат о нём.")


@pages.get("/outages/{key}")
@allowed(*LOOKS)
async def show_outage(request: Request, key: Key) -> Response:
    """One outage, its history, reports within it, callers to ring."""
    return await shown(request, key)


async def shown(
    request: Request,
    key: int,
    change: Filled[OutageChanged] | Filled[OutageConfirmed] | None = None,
    end: Filled[OutageEnded] | None = None,
) -> Response:
    """The page of an outage; with the form that was filled in wrongly, as it was typed. Raises HTTPException 404."""
    seen = await context_of(request).ask(outage_details.details, key)
    if seen is None:
        raise HTTPException(404)
    return _rendered(
        request,
        "outages/one.html",
        422 if change or end else 200,
        seen=seen,
        outage=seen.outage,
        live=seen.outage.state in LIVE,
        change=change or Filled(typed_in(OutageChanged, {}), None, {}),
        end=end or Filled(typed_in(OutageEnded, {}), None, {}),
    )


async def _form(
    request: Request, typed: dict[str, str], faults: dict[str, str] | None = None, same: int | None = None
) -> Response:
    known = await known_places(request)
    status = 422 if faults or same is not None else 200
    return _rendered(
        request,
        "outages/new.html",
        status,
        typed=typed,
        faults=faults or {},
        same=same,
        districts=known.districts[:300],
        streets=known.streets(typed["district"], most=50),
    )


def _rendered(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    role = person_of(request).role
    words = {
        "states": STATES,
        "planned": PLANNED,
        "kinds": KINDS,
        "causes": CAUSES,
        "troubles": TROUBLES,
        "changes": CHANGES,
        "history_text": history_text,
        "callback_states": CALLBACK_STATES,
        "callback_reasons": CALLBACK_REASONS,
        "place_text": place_text,
        "may_change": role in CHANGES_THEM,
        "sees_numbers": role is not Role.VIEWER,
    }
    return render(request, template, status, **words, **values)
