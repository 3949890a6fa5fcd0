"""Отключения: changing one, and its end."""

from __future__ import annotations

from dataclasses import replace

from fastapi import HTTPException, Request, Response

from ivr.storage.outages import changes as outages
from ivr.storage.outages import surges
from ivr.web.core.auth import Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.forms import read_form
from ivr.web.core.labels import plural
from ivr.web.core.templates import done
from ivr.web.outages.forms import ORDER, OutageChanged, OutageConfirmed, OutageEnded, OutageReopened
from ivr.web.outages.page import CHANGES_THEM, shown

pages = Pages()

OVER = "Это отключение уже закончено или отменено."
NOT_SUSPECTED = "Подтверждать нечего: это отключение уже не предполагается."
GOES_ON = "Это отключение и так идёт."
NOT_BEGUN = "К этому времени отключение ещё не началось. Если его не было или не будет, нажмите «Отключения не было»."
LONG_NOTE = "Примечание слишком длинное, отключение не открыто. Напишите короче."


@pages.post("/outages/{key}/change")
@allowed(*CHANGES_THEM)
async def change(request: Request, key: Key) -> Response:
    """Another cause or expected end, as callers hear it; or a note for the history."""
    context, filled = context_of(request), await read_form(request, OutageChanged)
    given = filled.fields
    if given is None:
        return await shown(request, key, change=filled)
    try:
        await context.ask(
            outages.change,
            key,
            person_of(request).login,
            context.now(),
            expected_end=given.expected,
            end_unknown=given.unknown,
            cause=given.cause,
            note=given.note,
        )
    except outages.OutOfOrder:
        return await shown(request, key, change=replace(filled, faults={"expected": ORDER}))
    except outages.NoSuchOutage:
        return await _gone(request, key)
    return done(request, f"/outages/{key}", "Изменено: звонящие слышат новое.")


@pages.post("/outages/{key}/end")
@allowed(*CHANGES_THEM)
async def end(request: Request, key: Key) -> Response:
    """It is over, or there was none: callers hear of it no more, and requested call-backs become due."""
    context, filled = context_of(request), await read_form(request, OutageEnded)
    given, who, now = filled.fields, person_of(request).login, context.now()
    if given is None:
        return await shown(request, key, end=filled)
    try:
        ended = await context.ask(
            outages.end,
            key,
            who,
            now,
            ended_at=given.at or now,
            withdrawn=given.withdrawn,
            note=given.note,
        )
    except outages.OutOfOrder:
        return await shown(request, key, end=replace(filled, faults={"at": NOT_BEGUN}))
    except outages.NoSuchOutage:
        return await _gone(request, key)
    told = "Отключение отменено." if given.withdrawn else "Отключение закончено."
    ring = plural(ended.to_ring, "человеку", "людям", "людям")
    return done(request, f"/outages/{key}", f"{told} Обещали перезвонить {ring}." if ended.to_ring else told)


@pages.post("/outages/{key}/confirm")
@allowed(*CHANGES_THEM)
async def confirm(request: Request, key: Key) -> Response:
    """A suspected outage is one: callers hear of it as known."""
    context, filled = context_of(request), await read_form(request, OutageConfirmed)
    given = filled.fields
    if given is None:
        return await shown(request, key, change=filled)
    try:
        await context.ask(
            surges.confirm,
            key,
            person_of(request).login,
            context.now(),
            cause=given.cause,
            expected_end=given.expected,
            note=given.note,
        )
    except outages.NoSuchOutage:
        return await _gone(request, key, NOT_SUSPECTED)
    return done(request, f"/outages/{key}", "Подтверждено: звонящие слышат о нём как об известном.")


@pages.post("/outages/{key}/reopen")
@allowed(*CHANGES_THEM)
async def reopen(request: Request, key: Key) -> Response:
    """It was ended by mistake: it goes on, and callers not reached yet wait again."""
    context, given = context_of(request), (await read_form(request, OutageReopened)).fields
    if given is None:
        return await _gone(request, key, LONG_NOTE)
    try:
        again = await context.ask(outages.reopen, key, person_of(request).login, context.now(), note=given.note)
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
