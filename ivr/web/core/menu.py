"""The menu: in this order, each entry where its page exists and for the roles that the page declares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ivr.domain.users import Role
from ivr.web.core.auth import GatedRoute

ENTRIES = (
    ("/", "Сегодня"),
    ("/readings", "Показания на проверку"),
    ("/calls", "Звонки"),
    ("/outages", "Отключения"),
    ("/prompts", "Фразы"),
    ("/accounts", "Абоненты"),
    ("/reports", "Отчёты"),
    ("/people", "Люди"),
    ("/tables", "Таблицы"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the menu."""

    path: str
    text: str
    roles: frozenset[Role]


def entries(routes: Iterable[GatedRoute]) -> tuple[Entry, ...]:
    """The lines whose page is among the routes."""
    roles = {route.path: route.access.roles for route in routes if "GET" in (route.methods or ())}
    return tuple(Entry(path, text, roles[path]) for path, text in ENTRIES if path in roles)


def is_current(entry: Entry, path: str) -> bool:
    """Whether the page at `path` belongs to this line: `/calls/12` to `/calls`."""
    return path == entry.path or (entry.path != "/" and path.startswith(entry.path + "/"))
