"""The sounds of calls and reports: the session must allow it, and the audit logs each playback."""

from __future__ import annotations

from fastapi import HTTPException, Request, Response

from ivr.domain.audit import Fact, Facts, Part
from ivr.domain.users import Role
from ivr.storage.calls import details as call_details
from ivr.storage.calls.recording_access_log import listened
from ivr.web.core.auth import CallId, Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.recordings import Sound, call_sound, picture, send, voice_sound

pages = Pages()

HEARS = (Role.ADMINISTRATOR, Role.CLERK)


@pages.get("/calls/{call_id}/recording.wav")
@allowed(*HEARS)
async def hear_call(request: Request, call_id: CallId) -> Response:
    """The whole call in stereo: the caller left, the menu right."""
    sound = await _of_call(request, call_id)
    await _noted(request, f"call:{call_id}", {Fact.PART: Part.CALL})
    return send(request, sound)


@pages.get("/calls/{call_id}/recording.svg")
@allowed(*HEARS)
async def see_call(request: Request, call_id: CallId) -> Response:
    """The wave form of the whole call."""
    return await _drawn(request, await _of_call(request, call_id))


@pages.get("/calls/{call_id}/voice/{place}.wav")
@allowed(*HEARS)
async def hear_voice(request: Request, call_id: CallId, place: Key) -> Response:
    """A stored utterance of a call, by its place on the call's page."""
    sound = await _of_voice(request, call_id, place)
    await _noted(request, f"call:{call_id}", {Fact.UTTERANCE: place})
    return send(request, sound)


@pages.get("/calls/{call_id}/voice/{place}.svg")
@allowed(*HEARS)
async def see_voice(request: Request, call_id: CallId, place: Key) -> Response:
    """The wave form of an utterance."""
    return await _drawn(request, await _of_voice(request, call_id, place))


@pages.get("/outages/reports/{number}/voice.wav")
@allowed(*HEARS)
async def hear_report(request: Request, number: Key) -> Response:
    """The address that a caller said for a report."""
    context = context_of(request)
    file = await context.ask(call_details.report_recording, number)
    sound = await context.run(voice_sound, context.settings.recordings.folder, file)
    if sound is None:
        raise HTTPException(404)
    await _noted(request, f"report:{number}", {Fact.PART: Part.ADDRESS})
    return send(request, sound)


async def _of_call(request: Request, call_id: CallId) -> Sound:
    context = context_of(request)
    call = await context.ask(call_details.known_call, call_id)
    # While the call goes on its files grow; they are sent when it is over.
    if call is None or call.ended_at is None:
        raise HTTPException(404)
    sound = await context.run(call_sound, context.settings.recordings.calls, call.uniqueid)
    if sound is None:
        raise HTTPException(404)
    return sound


async def _of_voice(request: Request, call_id: CallId, place: int) -> Sound:
    context = context_of(request)
    files = await context.ask(call_details.voices_of_call, call_id)
    if place > len(files):
        raise HTTPException(404)
    sound = await context.run(voice_sound, context.settings.recordings.folder, files[place - 1])
    if sound is None:
        raise HTTPException(404)
    return sound


async def _drawn(request: Request, sound: Sound) -> Response:
    return Response(await context_of(request).run(picture, sound), media_type="image/svg+xml")


async def _noted(request: Request, subject: str, facts: Facts) -> None:
    context = context_of(request)
    await context.ask(listened, subject, facts, person_of(request).login, context.now())
