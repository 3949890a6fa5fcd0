"""Фразы: what callers hear, which of it is missing, and one prompt with everything that can be done about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Form, HTTPException, Query, Request, Response

from ivr.domain.users import Role
from ivr.studio.catalogue import BadText, speakable
from ivr.studio.prompt_status import PromptStatus, PromptView
from ivr.studio.studio import NoSuchVoice, Studio
from ivr.studio.voice.synthesis import NoEngine
from ivr.studio.voice_consistency import others
from ivr.telephony.manager.studio_call import RangStudio
from ivr.web.core.auth import Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.labels import phone as spelled
from ivr.web.core.templates import done, render
from ivr.web.prompts.audio_jobs import FAULTS, booth_of, told
from ivr.web.prompts.labels import fault_text, refusal_text
from ivr.web.prompts.prompt_cache import known_prompts
from ivr.web.prompts.take_view import STANDINGS, shown

pages = Pages()

RECORDERS = (Role.ADMINISTRATOR, Role.VOICE)
"""Who records, publishes and takes back; everybody else listens."""

MOST_NOTES = 1000
"""Letters of how to say a prompt."""

ALL = "all"
KINDS: Mapping[str, str] = {
    ALL: "все",
    "missing": "без звука",
    "synthetic": "синтез",
    "outdated": "устарели",
    "refused": "с замечаниями",
    "waiting": "ждут публикации",
    "mixed": "другой голос",
}
"""What the list can be narrowed to, and how it is called."""

RANG = {
    None: "Звоним вам: снимите трубку и следуйте подсказкам. Запись появится на этой странице, когда вы её обновите.",
    RangStudio.ANSWERED: "Трубку сняли. Запись появится на этой странице, когда вы её обновите.",
    RangStudio.BUSY: "Телефон занят.",
    RangStudio.NO_ANSWER: "Трубку не сняли.",
    RangStudio.FAILED: "Позвонить не удалось: проверьте, включён ли телефон.",
}
"""How ringing a telephone ended; None: it rings."""


@pages.get("/prompts")
@allowed(*Role)
async def list_prompts(
    request: Request, show: str = ALL, q: Annotated[str, Query(max_length=200)] = "", voice: str = ""
) -> Response:
    """All prompts, or those of one kind, or those that hold some words."""
    rows = await seen_prompts(request, voice)
    studio = booth_of(request).studio
    kinds = _kinds(rows, studio.voice)
    show = show if show in KINDS else ALL
    wanted = [row for row in rows if row.number in kinds[show] and _holds(row, q)]
    waiting = [row for row in rows if row.number in kinds["waiting"]]
    return render(
        request,
        "prompts/list.html",
        rows=wanted,
        counts=[(kind, text, len(kinds[kind])) for kind, text in KINDS.items()],
        show=show,
        q=q,
        ready=len(waiting),
        records=_records(request),
        limits=context_of(request).settings.studio,
        **_voices(studio, voice),
    )


@pages.get("/prompts/{number}")
@allowed(*Role)
async def show_prompt(request: Request, number: Key, voice: str = "") -> Response:
    """One prompt: text to read, recorder, takes, its text to change."""
    return await _one(request, number, voice)


@pages.post("/prompts/{number}/text")
@allowed(Role.ADMINISTRATOR)
async def change_text(
    request: Request,
    number: Key,
    text: Annotated[str, Form()] = "",
    notes: Annotated[str, Form()] = "",
    voice: Annotated[str, Form()] = "",
) -> Response:
    """Let it say something else; what is heard is out of date from now on."""
    one = await found_prompt(request, number, voice)
    who = person_of(request).login
    length = len(" ".join(notes.split()))
    faults: dict[str, str] = {}
    try:
        speakable(text)
    except BadText as error:
        faults["text"] = fault_text(error)
    if length > MOST_NOTES:
        faults["notes"] = f"Не больше {MOST_NOTES} знаков, сейчас {length}. Ничего не сохранено: сократите."
    if faults:
        return await _one(request, number, voice, faults, text=text, notes=notes)
    after = await context_of(request).run(booth_of(request).studio.change_text, one.entry.id, text, who, notes=notes)
    known_prompts(request).forget()
    if after.digest == one.entry.digest:
        return done(request, address(number, voice), "Сохранено.")
    said = "Текст изменён. Пока слышна прежняя запись: запишите фразу заново или сделайте синтез."
    return done(request, address(number, voice), said)


@pages.post("/prompts/{number}/synthesis")
@allowed(*RECORDERS)
async def synthesise(request: Request, number: Key, voice: Annotated[str, Form()] = "") -> Response:
    """Make a take by the machine's voice, as a draft to be heard first."""
    one = await found_prompt(request, number, voice)
    jobs = booth_of(request)
    try:
        who = person_of(request).login
        await jobs.work(jobs.studio.synthesise, one.entry.id, who=who, voice=voice or None)
    except NoEngine:
        said = "На сервере нет синтезатора речи. Сообщите тому, кто обслуживает сервер."
        return done(request, address(number, voice), said, "fault")
    except FAULTS as error:
        return done(request, address(number, voice), told(error), "fault")
    return done(request, address(number, voice), "Синтез готов. Послушайте его ниже и опубликуйте.")


@pages.post("/prompts/{number}/ring")
@allowed(*RECORDERS)
async def ring(
    request: Request, number: Key, phone: Annotated[str, Form()] = "", voice: Annotated[str, Form()] = ""
) -> Response:
    """Ring a telephone and record there, in the first voice: a telephone knows no other."""
    one, jobs = await found_prompt(request, number, voice), booth_of(request)
    if not jobs.telephones:
        raise HTTPException(404)
    to = address(number, voice)
    if voice not in {"", jobs.studio.voice}:
        return done(request, to, f"Не звоним: по телефону записывают только голос «{jobs.studio.voice}».", "fault")
    try:
        rang = await jobs.ring(person_of(request), one.entry.id, phone)
    except FAULTS as error:
        return done(request, to, told(error), "fault")
    return done(request, to, RANG[rang], "done" if rang in {None, RangStudio.ANSWERED} else "fault")


async def seen_prompts(request: Request, voice: str = "") -> list[PromptView]:
    """Every prompt that has words. Raises HTTPException 404 for no voice of this line."""
    studio = booth_of(request).studio
    if voice and voice not in studio.voices.names:
        raise HTTPException(404)
    try:
        rows = await context_of(request).run(studio.prompts, voice or None)
    except NoSuchVoice:
        raise HTTPException(404) from None
    return [row for row in rows if row.entry.text]


async def found_prompt(request: Request, number: int, voice: str = "") -> PromptView:
    """The prompt with this number. Raises HTTPException 404."""
    for one in await seen_prompts(request, voice):
        if one.number == number:
            return one
    raise HTTPException(404)


def address(number: int, voice: str = "") -> str:
    """Of the page of one prompt."""
    return f"/prompts/{number}" + (f"?voice={voice}" if voice else "")


async def _one(
    request: Request, number: int, voice: str, faults: Mapping[str, str] | None = None, **typed: str
) -> Response:
    rows = await seen_prompts(request, voice)
    place = next((place for place, row in enumerate(rows) if row.number == number), None)
    if place is None:
        raise HTTPException(404)
    one, jobs = rows[place], booth_of(request)
    takes = await context_of(request).run(shown, jobs.studio, one)
    return render(
        request,
        "prompts/one.html",
        422 if faults else 200,
        one=one,
        takes=takes,
        before=rows[place - 1] if place else None,
        after=rows[place + 1] if place + 1 < len(rows) else None,
        to_record=_next_to_record(rows, place),
        records=_records(request),
        edits=person_of(request).role is Role.ADMINISTRATOR,
        telephones=jobs.telephones,
        telephone_options=[(known, spelled(known)) for known in jobs.telephones],
        limits=context_of(request).settings.studio,
        faults=faults or {},
        refusal_text=refusal_text,
        typed={"text": one.entry.text, "notes": one.entry.notes} | typed,
        **_voices(jobs.studio, voice),
    )


def _kinds(rows: Sequence[PromptView], voice: str) -> dict[str, set[int]]:
    """The numbers of each kind."""
    foreign = others(rows, voice)
    return {
        ALL: {row.number for row in rows},
        "missing": {row.number for row in rows if row.standing is PromptStatus.MISSING},
        "synthetic": {row.number for row in rows if row.standing is PromptStatus.SYNTHETIC},
        "outdated": {row.number for row in rows if row.standing is PromptStatus.OUTDATED},
        "refused": {row.number for row in rows if row.refused},
        "waiting": {row.number for row in rows if is_ready(row)},
        "mixed": {row.number for group in foreign.values() for row in group},
    }


def is_ready(row: PromptView) -> bool:
    """Whether its latest take is a draft of its present text that nothing speaks against."""
    drafts = row.drafts
    return bool(drafts) and drafts[0] == row.takes[0] and not row.refused and drafts[0].text == row.entry.digest


def _holds(row: PromptView, words: str) -> bool:
    sought = words.lower().replace("ё", "е").split()
    text = f"{row.number} {row.entry.id} {row.entry.text}".lower().replace("ё", "е")
    return all(word in text for word in sought)


def _next_to_record(rows: Sequence[PromptView], place: int) -> PromptView | None:
    """The next one in the list, from its beginning again after its end, that nobody spoke yet."""
    wanted = {PromptStatus.MISSING, PromptStatus.SYNTHETIC, PromptStatus.OUTDATED}
    later = [*rows[place + 1 :], *rows[:place]]
    return next((row for row in later if row.standing in wanted and not is_ready(row)), None)


def _records(request: Request) -> bool:
    return person_of(request).role in RECORDERS


def _voices(studio: Studio, voice: str) -> dict[str, Any]:
    names = studio.voices.names
    options = [("", names[0]), *((name, name) for name in names[1:])]
    return {
        "voices": names,
        "voice_options": options,
        "voice": voice,
        "shipped": studio.voices.shipped_name,
        "standings": STANDINGS,
    }
