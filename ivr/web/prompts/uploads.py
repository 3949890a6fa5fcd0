"""Uploads of recordings: from the microphone of the page, as files, as a zip. The answer is a line of JSON for each.

Only scripts of ours send them, with the token in the header; the body is the file itself. A line is
``{"name", "number", "text", "take", "fine", "told"}``: number and text of the prompt, take None where nothing was kept,
told: why it cannot be published, or what went wrong.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Annotated, BinaryIO

from fastapi import Query, Request, Response
from starlette.responses import StreamingResponse

from ivr.domain.takes import How, Reason, Refusal, Take, TakeFault
from ivr.studio.prompt_status import PromptView
from ivr.studio.studio import AT_ONCE
from ivr.studio.uploads import Archive, BadArchive, prompt_named
from ivr.web.core.auth import Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.upload_body import MOST_BYTES, arrived
from ivr.web.prompts.audio_jobs import FAULTS, AudioJobs, booth_of, is_full, told
from ivr.web.prompts.labels import refusal_text
from ivr.web.prompts.page import RECORDERS, found_prompt, seen_prompts

pages = Pages()

LINES = "application/x-ndjson"
LONGEST_NAME = 300

Name = Annotated[str, Query(max_length=LONGEST_NAME)]
Digest = Annotated[str, Query(pattern=r"^([0-9a-f]{64})?$")]


@pages.post("/prompts/{number}/takes", max_body_size=MOST_BYTES)
@allowed(*RECORDERS, by_script=True)
async def add_take(
    request: Request, number: Key, name: Name = "", voice: str = "", microphone: bool = False, text: Digest = ""
) -> Response:
    """One recording of one prompt, as a draft. text: digest of the text that the page showed."""
    one = await found_prompt(request, number, voice)
    how = How.BROWSER if microphone else How.FILE
    try:
        file = await arrived(request, context_of(request).settings.studio.upload_mb)
        with file:
            take = await _kept(booth_of(request), one, file, how, person_of(request).login, voice, text)
    except FAULTS as error:
        return _refused(name, error, one)
    return Response(_line(name, one, take), media_type=LINES)


@pages.post("/prompts/files", max_body_size=MOST_BYTES)
@allowed(*RECORDERS, by_script=True)
async def add_file(request: Request, name: Name, voice: str = "") -> Response:
    """A recording or a zip of them; which prompt each is of, its name says."""
    rows = await seen_prompts(request, voice)
    prompts = {row.entry.id: row for row in rows}
    numbers = {row.entry.id: row.number for row in rows}
    jobs, context, who = booth_of(request), context_of(request), person_of(request).login
    limits = context.settings.studio
    is_zip = name.lower().endswith(".zip")
    one = None
    try:
        if not is_zip:
            one = prompts[prompt_named(name, numbers)]
        file = await arrived(request, limits.zip_mb if is_zip else limits.upload_mb)
    except FAULTS as error:
        return _refused(name, error, one)
    if one is not None:
        with file:
            try:
                return Response(_line(name, one, await _kept(jobs, one, file, How.FILE, who, voice)), media_type=LINES)
            except FAULTS as error:
                return _refused(name, error, one)
    try:
        archive = await context.run(Archive, file)
    except (*FAULTS, BadArchive) as error:
        file.close()
        return _refused(name, error)

    async def bring(place: int) -> str:
        inner, one = archive.names[place], None
        try:
            one = prompts[prompt_named(inner, numbers)]
            with archive.open(place) as member:
                return _line(inner, one, await _kept(jobs, one, member, How.FILE, who, voice))
        except FAULTS as error:
            return _line(inner, one, None, told(error))

    return StreamingResponse(_lines(file, bring, len(archive.names)), media_type=LINES)


async def _lines(file: BinaryIO, bring: Callable[[int], Coroutine[None, None, str]], count: int) -> AsyncIterator[str]:
    """What became of each file, in order, a few at once; ends what runs where nobody listens any more."""
    running: deque[asyncio.Task[str]] = deque()
    try:
        for place in range(count):
            running.append(asyncio.create_task(bring(place)))
            if len(running) >= AT_ONCE:
                yield await running.popleft()
        while running:
            yield await running.popleft()
    finally:
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        file.close()


async def _kept(
    jobs: AudioJobs, one: PromptView, file: BinaryIO, how: How, who: str, voice: str, text: str = ""
) -> Take:
    return await jobs.work(
        jobs.studio.add_take, one.entry.id, file, how=how, who=who, voice=voice or None, text=text or None
    )


def _refused(name: str, error: Exception, one: PromptView | None = None) -> Response:
    status = 507 if is_full(error) else 422 if isinstance(error, TakeFault) else 503
    return Response(_line(name, one, None, told(error)), status, media_type=LINES)


def _line(name: str, one: PromptView | None, take: Take | None, why: str = "") -> str:
    refusals = take.refusals if take else ()
    if take and one and take.text != one.entry.digest:
        refusals = (*refusals, Refusal(Reason.OLD_TEXT))
    row = {
        "name": name,
        "number": one.number if one else None,
        "text": one.entry.text if one else "",
        "take": take.id if take else None,
        "fine": take is not None and not refusals,
        "told": [refusal_text(refusal) for refusal in refusals] if take else [why],
    }
    return json.dumps(row, ensure_ascii=False) + "\n"
