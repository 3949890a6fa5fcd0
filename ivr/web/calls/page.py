"""Звонки: finding calls, and one call with its time line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import HTTPException, Query, Request, Response

from ivr.domain.phones import from_caller_id
from ivr.domain.users import Role
from ivr.storage.calls import details as call_details
from ivr.storage.calls import search as call_search
from ivr.storage.calls.search import FoundCall, Place, Wanted
from ivr.web.calls.labels import OUTCOMES, time_line
from ivr.web.core.auth import CallId, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.recordings import call_sound, voice_sound
from ivr.web.core.templates import render
from ivr.web.outages.labels import CALLBACK_STATES, TROUBLES, place_text
from ivr.web.prompts.prompt_cache import prompt_texts
from ivr.web.readings.labels import status, why

pages = Pages()

LOOKS = (Role.ADMINISTRATOR, Role.CLERK, Role.VIEWER)
Text = Annotated[str, Query(max_length=60)]

BAD_CALLER = "Номер телефона: 10 цифр или +7 и 10 цифр, например +7 916 123-45-67."
BAD_TIME = "Время не понято. Выберите день и час в календаре."


@pages.get("/calls")
@allowed(*LOOKS)
async def list_calls(
    request: Request,
    since: Text = "",
    until: Text = "",
    account: Text = "",
    caller: Text = "",
    outcome: Text = "",
    name: Text = "",
    before: Text = "",
    after: Text = "",
) -> Response:
    """Calls that fit, the latest first. before, after: where the page next to it ended."""
    context = context_of(request)
    fields = {"since": since, "until": until, "outcome": outcome, "name": name.strip()}
    if _sees_numbers(request):
        fields |= {"account": account.strip(), "caller": caller.strip()}
    wanted, faults = _wanted(fields, context.settings.zone)
    place = _place(after, back=True) or _place(before, back=False)
    found = call_search.Found((), later=False, earlier=False)
    if not faults:
        found = await context.ask(call_search.found, wanted, place)
    asked = urlencode({key: value for key, value in fields.items() if value})
    return render(
        request,
        "calls/list.html",
        422 if faults else 200,
        found=found,
        fields=fields,
        faults=faults,
        outcomes=OUTCOMES,
        earlier=_address(asked, "before", found.calls[-1]) if found.earlier and found.calls else "",
        later=_address(asked, "after", found.calls[0]) if found.later and found.calls else "",
        sees_numbers=_sees_numbers(request),
    )


@pages.get("/calls/{call_id}")
@allowed(*LOOKS)
async def show_call(request: Request, call_id: CallId) -> Response:
    """One call: prompts, keys, answers and stored values, with its recordings for users who may hear them."""
    context = context_of(request)
    seen = await context.ask(call_details.details, call_id)
    if seen is None:
        raise HTTPException(404)
    in_full = _sees_numbers(request)
    folders = context.settings.recordings
    whole, voices = None, []
    if in_full:
        if seen.call.ended_at is not None:
            whole = await context.run(call_sound, folders.calls, seen.call.uniqueid)
        for place, file in enumerate(await context.ask(call_details.voices_of_call, call_id), start=1):
            sound = await context.run(voice_sound, folders.folder, file)
            voices.append((place, sound))
    return render(
        request,
        "calls/one.html",
        seen=seen,
        call=seen.call,
        lines=time_line(seen.steps, seen.call.started_at, await prompt_texts(request), in_full=in_full),
        outcomes=OUTCOMES,
        troubles=TROUBLES,
        callback_states=CALLBACK_STATES,
        place_text=place_text,
        reading_status=status,
        why=why,
        sees_numbers=in_full,
        whole=whole,
        voices=voices,
        keep_days=folders.keep_days,
    )


def _sees_numbers(request: Request) -> bool:
    """Numbers of callers and accounts, what was pressed and said, and the sounds."""
    return person_of(request).role is not Role.VIEWER


def _wanted(fields: dict[str, str], zone: ZoneInfo) -> tuple[Wanted, dict[str, str]]:
    """What is looked for, and the faults of the form."""
    wanted, faults = Wanted(name=fields["name"]), {}
    for key in ("since", "until"):
        try:
            moment = _moment(fields[key], zone)
        except (ValueError, OverflowError):
            faults[key] = BAD_TIME
            continue
        wanted = replace(wanted, since=moment) if key == "since" else replace(wanted, until=moment)
    if number := fields.get("caller", ""):
        wanted = replace(wanted, caller=from_caller_id(number))
        if not wanted.caller:
            faults["caller"] = BAD_CALLER
    if fields["outcome"] in OUTCOMES:
        wanted = replace(wanted, outcome=fields["outcome"])
    return replace(wanted, account=fields.get("account", "")), faults


def _moment(text: str, zone: ZoneInfo) -> datetime | None:
    """`2026-11-25T14:05` or a day alone, where the customers live. Raises ValueError."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _place(text: str, *, back: bool) -> Place | None:
    """Where a page begins: microseconds since 1970 and the call's id. None where there is no such place."""
    micros, _, call_id = text.partition("-")
    if not (micros.isascii() and micros.isdecimal() and len(micros) <= 17 and call_id):
        return None
    seconds, rest = divmod(int(micros), 1_000_000)
    return Place(datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest), call_id, back)


def _address(asked: str, key: str, call: FoundCall) -> str:
    at = call.started_at
    place = urlencode({key: f"{int(at.timestamp()) * 1_000_000 + at.microsecond}-{call.id}"})
    return f"/calls?{asked}{'&' if asked else ''}{place}"
