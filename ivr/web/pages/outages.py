"""Отключения: what callers hear of, entering a new one, and what callers report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Form, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse

from ivr.domain.outages import LIVE, Cause, Kind, Outage, Place, State
from ivr.domain.people import Role
from ivr.storage import outage_details, outages, outages_seen, reports
from ivr.web.access import Key, Pages, allowed, person_of
from ivr.web.known_places import known_places
from ivr.web.office import Office, office_of
from ivr.web.outage_wording import (
    CAUSES,
    CHANGES,
    KINDS,
    PLANNED,
    RING_REASONS,
    RINGS,
    STATES,
    TROUBLES,
    history_text,
    place_text,
)
from ivr.web.rendering import done, render

pages = Pages()

LOOKS, CHANGES_THEM = (Role.ADMINISTRATOR, Role.CLERK, Role.VIEWER), (Role.ADMINISTRATOR, Role.CLERK)
MOST_REPORTS = 200
Word = Annotated[str, Form(max_length=200)]

FAULTS = {
    "place": "Укажите район, улицу или и то и другое; дом — только вместе с улицей.",
    "began": "Время начала не понято. Выберите день и час в календаре.",
    "future": "Аварийное отключение не может начаться позже, чем сейчас. Для будущих работ выберите «плановое».",
    "expected": "Время не понято. Выберите день и час в календаре.",
    "past": "Это время уже прошло.",
    "order": "Окончание раньше начала.",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form of a new outage holds."""

    kind: str = Kind.EMERGENCY.value
    district: str = ""
    street: str = ""
    house: str = ""
    cause: str = ""
    began: str = ""
    expected: str = ""

    @property
    def place(self) -> Place:
        """The place, without spaces around its names."""
        return Place(*(plain(text) for text in (self.district, self.street, self.house)))


@pages.get("/outages")
@allowed(*LOOKS)
async def list_outages(request: Request, over: bool = False) -> Response:
    """Outages that go on; over: ended and withdrawn ones too."""
    rows = await office_of(request).ask(outages_seen.listed, over_too=over)
    return _rendered(request, "outages/list.html", rows=rows, over=over)


@pages.get("/outages/reports")
@allowed(*LOOKS)
async def list_reports(request: Request) -> Response:
    """What callers reported, the latest first."""
    rows = await office_of(request).ask(reports.reports, MOST_REPORTS)
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
    """Streets of a district, or houses of a street, for whoever types their names."""
    known = await known_places(request)
    names = known.houses(district, street, part) if what == "house" else known.streets(district, part)
    return JSONResponse(names)


@pages.get("/outages/new")
@allowed(*CHANGES_THEM)
async def new_outage(
    request: Request,
    district: Annotated[str, Query(max_length=200)] = "",
    street: Annotated[str, Query(max_length=200)] = "",
    house: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The form of a new outage; a report's link brings its place."""
    return await _form(request, Draft(district=district, street=street, house=house), {})


@pages.post("/outages/new")
@allowed(*CHANGES_THEM)
async def preview(
    request: Request,
    kind: Word = "",
    district: Word = "",
    street: Word = "",
    house: Word = "",
    cause: Word = "",
    began: Word = "",
    expected: Word = "",
) -> Response:
    """How many it affects, before callers hear of it."""
    office = office_of(request)
    draft = Draft(kind, district, street, house, cause, began, expected)
    outage, faults = _outage(draft, office)
    if outage is None:
        return await _form(request, draft, faults)
    same = await office.ask(outage_details.same_place, outage.place)
    if same is not None:
        return await _form(request, draft, {}, same)
    accounts = (await known_places(request)).accounts_at(outage.place)
    return _rendered(request, "outages/confirm.html", draft=draft, outage=outage, accounts=accounts)


@pages.post("/outages")
@allowed(*CHANGES_THEM)
async def add(
    request: Request,
    kind: Word = "",
    district: Word = "",
    street: Word = "",
    house: Word = "",
    cause: Word = "",
    began: Word = "",
    expected: Word = "",
    anywhere: Annotated[bool, Form()] = False,
) -> Response:
    """Enter it: from now on callers hear of it."""
    office = office_of(request)
    draft = Draft(kind, district, street, house, cause, began, expected)
    outage, faults = _outage(draft, office)
    if outage is None:
        return await _form(request, draft, faults)
    terms = (outage.kind, outage.place, outage.cause, outage.began_at, outage.expected_end)
    who = person_of(request).login
    try:
        entered = await office.ask(outages.add, *terms, who, office.now(), anywhere=anywhere)
    except outages.AlreadyKnown:
        same = await office.ask(outage_details.same_place, outage.place)
        return await _form(request, draft, {}, same)
    except outages.NobodyThere:
        return _rendered(request, "outages/confirm.html", 422, draft=draft, outage=outage, accounts=0)
    return done(request, f"/outages/{entered.id}", f"Отключение № {entered.id} внесено, звонящие слышат о нём.")


@pages.get("/outages/{key}")
@allowed(*LOOKS)
async def show_outage(request: Request, key: Key) -> Response:
    """One outage, its history, reports within it, callers to ring."""
    return await shown(request, key)


async def shown(
    request: Request, key: int, faults: dict[str, str] | None = None, values: dict[str, str] | None = None
) -> Response:
    """The page of an outage, after a faulty change with what was typed. Raises HTTPException 404."""
    seen = await office_of(request).ask(outage_details.details, key)
    if seen is None:
        raise HTTPException(404)
    given = {"cause": seen.outage.cause.value, "expected": "", "at": "", "note": ""} | (values or {})
    status = 422 if faults else 200
    live = seen.outage.state in LIVE
    return _rendered(
        request, "outages/one.html", status, seen=seen, outage=seen.outage, live=live, faults=faults or {}, given=given
    )


def moment(text: str, office: Office) -> datetime | None:
    """`2026-11-25T14:05` where the customers live; None if empty. Raises ValueError."""
    if not text:
        return None
    at = datetime.fromisoformat(text)
    if not 2000 <= at.year <= 2200:
        raise ValueError("a year that nobody means")
    return at if at.tzinfo else at.replace(tzinfo=office.settings.zone)


def plain(text: str) -> str:
    """A text of a form without line breaks, control characters and spaces around it."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


async def _form(request: Request, draft: Draft, faults: dict[str, str], same: int | None = None) -> Response:
    known = await known_places(request)
    status = 422 if faults or same is not None else 200
    return _rendered(
        request,
        "outages/new.html",
        status,
        draft=draft,
        faults=faults,
        same=same,
        districts=known.districts[:300],
        streets=known.streets(draft.district, most=50),
    )


def _outage(draft: Draft, office: Office) -> tuple[Outage | None, dict[str, str]]:
    """The outage that a form means, or its faults."""
    faults: dict[str, str] = {}
    now = office.now()
    kind = Kind(draft.kind) if draft.kind in set(Kind) else Kind.EMERGENCY
    if draft.place.nowhere:
        faults["place"] = FAULTS["place"]
    began, expected = now, None
    try:
        began = moment(draft.began, office) or now
        if kind is Kind.EMERGENCY and began > now:
            faults["began"] = FAULTS["future"]
    except ValueError:
        faults["began"] = FAULTS["began"]
    try:
        expected = moment(draft.expected, office)
        if expected is not None and (expected <= now or expected <= began):
            faults["expected"] = FAULTS["past"] if expected <= now else FAULTS["order"]
    except ValueError:
        faults["expected"] = FAULTS["expected"]
    if faults:
        return None, faults
    usual = Cause.WORKS if kind is Kind.PLANNED else Cause.UNKNOWN
    cause = Cause(draft.cause) if draft.cause in set(Cause) else usual
    return Outage(0, kind, State.OPEN, draft.place, cause, began, expected), faults


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
        "rings": RINGS,
        "ring_reasons": RING_REASONS,
        "place_text": place_text,
        "may_change": role in CHANGES_THEM,
        "sees_numbers": role is not Role.VIEWER,
    }
    return render(request, template, status, **words, **values)
