"""Показания на проверку: a clerk hears, looks, and accepts, corrects or refuses; then the next one opens."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Form, HTTPException, Query, Request, Response

from ivr.domain.audit import Action
from ivr.domain.readings import Status
from ivr.domain.users import Role
from ivr.intake import review
from ivr.intake.review import Clerk
from ivr.intake.submit import Doubted
from ivr.storage.calls.recording_access_log import listened
from ivr.storage.readings import review_views as checking
from ivr.storage.readings.spool_entries import unplaced
from ivr.web.core.auth import Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.recordings import Sound, send, voice_sound
from ivr.web.core.templates import Tone, done, render
from ivr.web.readings import labels as words

pages = Pages()

DECIDES = (Role.ADMINISTRATOR, Role.CLERK)
A_PAGE = 50
MOST_OF_REASON = 200
DECISIONS: dict[str, str] = {
    Action.READING_ACCEPT: "принято",
    Action.READING_CORRECT: "исправлено",
    Action.READING_REFUSE: "отклонено",
}


@pages.get("/readings")
@allowed(*DECIDES)
async def list_readings(request: Request, after: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None) -> Response:
    """Readings in the review queue, the oldest first. after: the last reading of the page before."""
    context = context_of(request)
    rows = await context.ask(checking.waiting, after, A_PAGE + 1)
    return render(
        request,
        "readings/list.html",
        rows=rows[:A_PAGE],
        more=f"/readings?after={rows[A_PAGE - 1].id}" if len(rows) > A_PAGE else "",
        first=after is None,
        count=await context.ask(checking.how_many_wait),
        most=checking.MOST_COUNTED,
        unplaced=await context.ask(unplaced, A_PAGE) if after is None else [],
        words=words,
    )


@pages.get("/readings/{key}")
@allowed(*DECIDES)
async def show_reading(request: Request, key: Key) -> Response:
    """One reading with all that a decision needs; a decided one with the clerk who decided."""
    return await _shown(request, key)


@pages.get("/readings/{key}/voice.wav")
@allowed(*DECIDES)
async def hear_reading(request: Request, key: Key) -> Response:
    """The caller's voice, in parts if the browser asks for parts. The audit logs the listener."""
    context = context_of(request)
    sound = await _voice(request, await context.ask(checking.voice_of, key))
    if sound is None:
        raise HTTPException(404)
    await context.ask(listened, f"reading:{key}", {}, person_of(request).login, context.now())
    return send(request, sound)


@pages.post("/readings/{key}/accept")
@allowed(*DECIDES)
async def accept(request: Request, key: Key) -> Response:
    """It leaves for billing as it is."""
    context = context_of(request)
    try:
        await context.run(review.accept, context.app.reviews, _clerk(request), key)
    except review.NotWaiting as error:
        return await _too_late(request, key, error)
    return await _next(request, key, "Показание принято.")


@pages.post("/readings/{key}/correct")
@allowed(*DECIDES)
async def correct(
    request: Request, key: Key, value: Annotated[str, Form()] = "", insisted: Annotated[str, Form()] = ""
) -> Response:
    """Correct the value for billing. insisted: a doubtful value that the clerk confirms."""
    context, value = context_of(request), value.strip()
    seen = await context.ask(checking.checked, key)
    if seen is None:
        raise HTTPException(404)
    if not re.fullmatch(rf"[0-9]{{1,{seen.digits}}}", value):
        fault = f"Только цифры, не больше {seen.digits}: столько на табло счётчика."
        return await _shown(request, key, {"value": fault}, value=value)
    app, stands = context.app, insisted == value
    try:
        await context.run(review.correct, app.reviews, app.rules, _clerk(request), key, int(value), insist=stands)
    except review.NotWaiting as error:
        return await _too_late(request, key, error)
    except review.DoesNotFit:
        return await _shown(request, key, {"value": "Это то же самое число. Чтобы оставить его, нажмите «Принять»."})
    except Doubted as doubt:
        fault = f"Проверьте: {words.REASONS[doubt.judgement.verdict]}. Если всё верно, нажмите «Исправить» ещё раз."
        return await _shown(request, key, {"value": fault}, value=value, insisted=value)
    return await _next(request, key, f"Показание исправлено на {value}.")


@pages.post("/readings/{key}/refuse")
@allowed(*DECIDES)
async def refuse(request: Request, key: Key, reason: Annotated[str, Form()] = "") -> Response:
    """It never counts; the reading that it had replaced counts again."""
    context, reason = context_of(request), " ".join(reason.split())
    if not reason or len(reason) > MOST_OF_REASON:
        fault = "Напишите причину." if not reason else f"Короче: не больше {MOST_OF_REASON} знаков."
        return await _shown(request, key, {"reason": fault}, reason=reason)
    try:
        await context.run(review.refuse, context.app.reviews, _clerk(request), key, reason)
    except review.NotWaiting as error:
        return await _too_late(request, key, error)
    return await _next(request, key, "Показание отклонено.")


@pages.get("/readings/{key}/next")
@allowed(*DECIDES)
async def skip(request: Request, key: Key) -> Response:
    """Leave this one for later."""
    return await _next(request, key, "")


async def _shown(
    request: Request,
    key: int,
    faults: dict[str, str] | None = None,
    value: str = "",
    reason: str = "",
    insisted: str = "",
) -> Response:
    context = context_of(request)
    seen = await context.ask(checking.checked, key)
    if seen is None:
        raise HTTPException(404)
    history = words.lines(seen.history, seen.ratio)
    return render(
        request,
        "readings/one.html",
        422 if faults else 200,
        seen=seen,
        history=history,
        mine=next((line for line in history if line.past.id == key), None),
        usual=words.usual_month(history),
        plot=words.plot("Показания по датам", seen.history, key),
        has_voice=await _voice(request, seen.voice) is not None,
        decision=None if seen.waits else await context.ask(checking.decision_on, key),
        decisions=DECISIONS,
        count=await context.ask(checking.how_many_wait),
        faults=faults or {},
        value=value or words.without_tenth(seen),
        insisted=insisted,
        reason=reason,
        words=words,
    )


def _clerk(request: Request) -> Clerk:
    return Clerk(person_of(request).login, context_of(request).now())


async def _next(request: Request, key: int, told: str, tone: Tone = "done") -> Response:
    following = await context_of(request).ask(checking.next_waiting, key)
    if following is not None:
        return done(request, f"/readings/{following}", told or "Открыто следующее показание.", tone)
    return done(request, "/readings", f"{told} Больше ничего не ждёт проверки.".strip(), tone)


async def _too_late(request: Request, key: int, error: review.NotWaiting) -> Response:
    """Somebody, the caller or the export was faster: nothing was changed, and the next one opens."""
    if error.status is None:
        raise HTTPException(404)
    context = context_of(request)
    decision = await context.ask(checking.decision_on, key)
    if decision is not None and decision.who != person_of(request).login:
        what = f"{decision.who} уже решил(а) это показание: {DECISIONS.get(decision.action, 'решено')}."
    elif decision is not None:
        what = f"Вы уже решили это показание: {DECISIONS.get(decision.action, 'решено')}."
    elif error.status is Status.EXPORTED:
        what = "Это показание уже передано в расчёты."
    else:
        what = "Это показание уже заменено другим: абонент передал новое."
    return await _next(request, key, f"{what} Ваше решение не понадобилось, ничего не изменено.", "fault")


async def _voice(request: Request, name: str | None) -> Sound | None:
    context = context_of(request)
    return await context.run(voice_sound, context.settings.recordings.folder, name) if name else None
