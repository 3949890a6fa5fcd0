"""Отключения: changing one, and its end."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, HTTPException, Request, Response

from ivr.domain.outages import Cause
from ivr.storage import outages, surges
from ivr.web.access import Key, Pages, allowed, person_of
from ivr.web.office import office_of
from ivr.web.pages.outages import CHANGES_THEM, FAULTS, Word, moment, plain, shown
from ivr.web.rendering import done
from ivr.web.wording import plural

pages = Pages()

OVER = "Это отключение уже закончено или отменено."
NOTHING = "Ничего не изменено: выберите причину, время или напишите примечание."
NOT_SUSPECTED = "Подтверждать нечего: это отключение уже не предполагается."
GOES_ON = "Это отключение и так идёт."
LATER = "Окончание не может быть позже, чем сейчас."


@pages.post("/outages/{key}/change")
@allowed(*CHANGES_THEM)
async def change(
    request: Request,
    key: Key,
    cause: Word = "",
    expected: Word = "",
    unknown: Annotated[bool, Form()] = False,
    note: Word = "",
) -> Response:
    """Another cause or expected end, as callers hear it; or a note for the history."""
    office = office_of(request)
    given = {"cause": cause, "expected": expected, "note": note}
    try:
        ends = None if unknown else moment(expected, office)
    except ValueError:
        return await shown(request, key, {"expected": FAULTS["expected"]}, given)
    if ends is not None and ends <= office.now():
        return await shown(request, key, {"expected": FAULTS["past"]}, given)
    new_cause = Cause(cause) if cause in set(Cause) else None
    if ends is None and not unknown and new_cause is None and not plain(note):
        return await shown(request, key, {"cause": NOTHING}, given)
    who = person_of(request).login
    try:
        await office.ask(
            outages.change,
            key,
            who,
            office.now(),
            expected_end=ends,
            end_unknown=unknown,
            cause=new_cause,
            note=plain(note),
        )
    except outages.NoSuchOutage:
        return await _gone(request, key)
    return done(request, f"/outages/{key}", "Изменено: звонящие слышат новое.")


@pages.post("/outages/{key}/end")
@allowed(*CHANGES_THEM)
async def end(
    request: Request,
    key: Key,
    at: Word = "",
    note: Word = "",
    withdrawn: Annotated[bool, Form()] = False,
) -> Response:
    """It is over, or there was none: callers hear of it no more, and those who asked are to be rung."""
    office = office_of(request)
    now = office.now()
    try:
        ended_at = moment(at, office) or now
    except ValueError:
        return await shown(request, key, {"at": FAULTS["expected"]}, {"at": at, "note": note})
    if ended_at > now:
        return await shown(request, key, {"at": LATER}, {"at": at, "note": note})
    who = person_of(request).login
    try:
        ended = await office.ask(outages.end, key, who, now, ended_at=ended_at, withdrawn=withdrawn, note=plain(note))
    except outages.NoSuchOutage:
        return await _gone(request, key)
    told = "Отключение отменено." if withdrawn else "Отключение закончено."
    ring = plural(ended.to_ring, "человеку", "людям", "людям")
    return done(request, f"/outages/{key}", f"{told} Обещали перезвонить {ring}." if ended.to_ring else told)


@pages.post("/outages/{key}/confirm")
@allowed(*CHANGES_THEM)
async def confirm(request: Request, key: Key, cause: Word = "", expected: Word = "", note: Word = "") -> Response:
    """A suspected outage is one: callers hear of it as known."""
    office = office_of(request)
    given = {"cause": cause, "expected": expected, "note": note}
    try:
        ends = moment(expected, office)
    except ValueError:
        return await shown(request, key, {"expected": FAULTS["expected"]}, given)
    if ends is not None and ends <= office.now():
        return await shown(request, key, {"expected": FAULTS["past"]}, given)
    known = Cause(cause) if cause in set(Cause) else None
    who = person_of(request).login
    try:
        await office.ask(surges.confirm, key, who, office.now(), cause=known, expected_end=ends, note=plain(note))
    except outages.NoSuchOutage:
        return await _gone(request, key, NOT_SUSPECTED)
    return done(request, f"/outages/{key}", "Подтверждено: звонящие слышат о нём как об известном.")


@pages.post("/outages/{key}/reopen")
@allowed(*CHANGES_THEM)
async def reopen(request: Request, key: Key, note: Word = "") -> Response:
    """It was ended by mistake: it goes on, and who was not reached yet waits again."""
    office = office_of(request)
    try:
        again = await office.ask(outages.reopen, key, person_of(request).login, office.now(), note=plain(note))
    except outages.AlreadyKnown:
        return done(request, f"/outages/{key}", "Здесь уже идёт другое отключение.", "fault")
    except outages.NoSuchOutage:
        return await _gone(request, key, GOES_ON)
    waits = plural(again.to_ring, "человек", "человека", "человек")
    return done(request, f"/outages/{key}", f"Отключение открыто снова. Снова ждут звонка: {waits}.")


async def _gone(request: Request, key: int, why: str = OVER) -> Response:
    response = await shown(request, key)  # 404 if there never was one
    if response.status_code != 200:
        raise HTTPException(404)
    return done(request, f"/outages/{key}", why, "fault")
