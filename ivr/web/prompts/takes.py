"""Takes: their sound, publishing and taking back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import Form, HTTPException, Request, Response
from starlette.responses import FileResponse

from ivr.domain.takes import NoSuchTake, Take
from ivr.domain.users import Role
from ivr.studio.published_file_sync import NoSound
from ivr.web.core.auth import Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.labels import plural
from ivr.web.core.range_response import PRIVATE, kind_of, sound
from ivr.web.core.templates import done
from ivr.web.prompts.audio_jobs import FAULTS, booth_of, told
from ivr.web.prompts.page import RECORDERS, address, found_prompt, is_ready, seen_prompts
from ivr.web.prompts.prompt_cache import known_prompts

pages = Pages()


@pages.get("/prompts/{number}/heard.wav")
@allowed(*Role)
async def play_heard(request: Request, number: Key) -> Response:
    """What callers hear of a prompt now, as on a telephone."""
    one = await found_prompt(request, number)
    try:
        wav = await context_of(request).run(booth_of(request).studio.heard, one.entry.id)
    except (NoSound, FileNotFoundError):
        raise HTTPException(404) from None
    return sound(request, wav)


@pages.get("/prompts/takes/{take}/phone.wav")
@allowed(*Role)
async def play_take(request: Request, take: Key) -> Response:
    """A take as callers hear it, published or not."""
    try:
        wav = await context_of(request).run(booth_of(request).studio.preview, take)
    except (NoSuchTake, NoSound, FileNotFoundError):
        raise HTTPException(404) from None
    return sound(request, wav)


@pages.get("/prompts/takes/{take}/master")
@allowed(*RECORDERS)
async def play_master(request: Request, take: Key) -> Response:
    """A recording as it came."""
    context, studio = context_of(request), booth_of(request).studio

    def looked_at() -> tuple[Path, str]:
        file = studio.master(take)
        with file.open("rb") as master:
            return file, kind_of(master.read(64))

    try:
        file, kind = await context.run(looked_at)
    except (NoSuchTake, FileNotFoundError):
        raise HTTPException(404) from None
    return FileResponse(file, media_type=kind, headers=PRIVATE)


@pages.post("/prompts/takes/{take}/publish")
@allowed(*RECORDERS)
async def publish(
    request: Request, take: Key, insist: Annotated[bool, Form()] = False, voice: Annotated[str, Form()] = ""
) -> Response:
    """Let callers hear a take from the next prompt on; administrators may insist against its checks."""
    one, context, jobs = await _found(request, take), context_of(request), booth_of(request)
    who = person_of(request)
    if insist and who.role is not Role.ADMINISTRATOR:
        raise HTTPException(403)
    to = await _address_of(request, one, voice)
    try:
        await context.run(jobs.studio.publish, take, who.login, insist=insist)
        known_prompts(request).forget()
    except FAULTS as error:
        return done(request, to, f"Не опубликовано. {told(error)}", "fault")
    return done(request, to, "Опубликовано: со следующего звонка слышна эта запись.")


@pages.post("/prompts/{number}/withdraw")
@allowed(*RECORDERS)
async def withdraw(
    request: Request, number: Key, voice: Annotated[str, Form()] = "", take: Annotated[int | None, Form()] = None
) -> Response:
    """Take back what callers hear. take: the one that the page showed as published; another one stays."""
    one, studio = await found_prompt(request, number, voice), booth_of(request).studio
    to = address(number, voice)
    try:
        who = person_of(request).login
        before = await context_of(request).run(studio.withdraw, one.entry.id, who, voice=voice or None, expected=take)
        known_prompts(request).forget()
    except FAULTS as error:
        return done(request, to, f"Не снято. {told(error)}", "fault")
    if before is None:
        return done(request, to, "Запись снята. Теперь слышен следующий голос.")
    return done(request, to, f"Запись снята. Снова слышна запись {before.id}.")


@pages.post("/prompts/ready")
@allowed(*RECORDERS)
async def publish_ready(request: Request, voice: Annotated[str, Form()] = "") -> Response:
    """Publish every latest draft that nothing speaks against: after a day in a studio."""
    rows, jobs = await seen_prompts(request, voice), booth_of(request)
    who = person_of(request).login
    ready = [row.takes[0].id for row in rows if is_ready(row)]
    to = "/prompts?show=waiting" + (f"&voice={voice}" if voice else "")
    published = 0

    def publish_all() -> None:
        nonlocal published
        for take in ready:
            jobs.studio.publish(take, who)
            published += 1

    try:
        await jobs.work(publish_all)
    except FAULTS as error:
        said = plural(published, "запись", "записи", "записей")
        return done(request, to, f"Опубликовано: {said}. Остальные ждут: {told(error)}", "fault")
    finally:
        known_prompts(request).forget()
    return done(request, to, f"Опубликовано: {plural(published, 'запись', 'записи', 'записей')}.")


async def _found(request: Request, take: Key) -> Take:
    try:
        return await context_of(request).run(booth_of(request).studio.take, take)
    except NoSuchTake:
        raise HTTPException(404) from None


async def _address_of(request: Request, take: Take, voice: str) -> str:
    """Of the page of its prompt; the list where the catalogue has that prompt no more."""
    for row in await seen_prompts(request, voice):
        if row.entry.id == take.prompt_id:
            return address(row.number, voice)
    return "/prompts"
