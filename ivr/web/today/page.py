"""The first page: calls going on, the queues, how today's calls ended, what waits for a decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from ivr.domain.users import Role
from ivr.hotline.queue_board import MemberState
from ivr.storage.calls.search import PAGE
from ivr.studio.catalogue import Entry
from ivr.telephony.names import QueueName
from ivr.web.calls.labels import OUTCOMES, prompt_text
from ivr.web.core.auth import Pages, allowed, person_of
from ivr.web.core.templates import render
from ivr.web.prompts.page import RECORDERS
from ivr.web.prompts.prompt_cache import known_prompts
from ivr.web.today.dashboard_cache import live_of
from ivr.web.today.queues import Link

pages = Pages()

LOOKS = (Role.ADMINISTRATOR, Role.CLERK, Role.VIEWER)
MEMBERS = {
    MemberState.FREE: ("свободен", "good"),
    MemberState.RINGING: ("вызывается", "warn"),
    MemberState.BUSY: ("говорит", "plain"),
    MemberState.PAUSED: ("перерыв", "warn"),
    MemberState.AWAY: ("нет связи", "bad"),
}
QUEUES: dict[str, str] = {QueueName.HOTLINE: "Аварийная линия", QueueName.OPERATOR: "Операторы"}
LINKS = {
    Link.OFF: "Очередь не видна: в настройках не задана связь с телефонной станцией (раздел ami).",
    Link.REFUSED: "Очередь не видна: телефонная станция не принимает имя или пароль (раздел ami настроек).",
    Link.AWAY: "Связи с телефонной станцией нет: показано последнее, что известно об очереди.",
}
MOST_SHOWN = PAGE


@pages.get("/")
@allowed(*Role)
async def today(request: Request) -> Response:
    """The dashboard; users who only record prompts see a greeting."""
    if person_of(request).role not in LOOKS:
        return render(request, "today/page.html", live=False)
    return render(request, "today/page.html", live=True, **await _figures(request))


@pages.get("/today/live")
@allowed(*LOOKS, unattended=True)
async def live(request: Request) -> Response:
    """The changing part of the first page alone; its script asks for it every few seconds."""
    return render(request, "today/live.html", **await _figures(request))


async def _figures(request: Request) -> dict[str, Any]:
    picture = await live_of(request).picture()
    prompts = await known_prompts(request).now()
    return {
        "picture": picture,
        "calls": _calls(picture.day.open_calls if picture.day else (), prompts.texts),
        "prompts": prompts,
        "most": MOST_SHOWN,
        "outcomes": OUTCOMES,
        "members": MEMBERS,
        "queue_names": QUEUES,
        "link_fault": LINKS.get(picture.link, ""),
        "may_change": person_of(request).role is not Role.VIEWER,
        "may_record": person_of(request).role in RECORDERS,
    }


def _calls(calls: tuple[Any, ...], catalogue: Mapping[str, Entry]) -> list[tuple[Any, str]]:
    return [(call, prompt_text([call.prompt] if call.prompt else (), catalogue)) for call in calls]
