"""Plain tables for administrators, to look at only: starlette-admin below /tables, behind our gate and our policy.

Why its templates are changed as they are loaded: docs/adr/0040-fastapi-and-own-templates.md.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import RedirectResponse
from jinja2 import BaseLoader, DictLoader, Environment, PackageLoader, PrefixLoader
from sqlalchemy import JSON, Column, false, func, literal, or_, select
from sqlalchemy.exc import DataError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import sessionmaker
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.routing import Mount, Router
from starlette.types import Message, Receive, Scope, Send
from starlette_admin.contrib.sqla import Admin, ModelView
from starlette_admin.fields import (
    BaseField,
    BooleanField,
    DateField,
    DateTimeField,
    EnumField,
    FloatField,
    IntegerField,
    JSONField,
    StringField,
)
from starlette_admin.filters import FilterGroup
from starlette_admin.i18n import I18nConfig, TimezoneConfig
from starlette_admin.types import RequestAction
from starlette_admin.views import Link

from ivr.domain.faults import StoreProblem, StoreUnavailable
from ivr.domain.users import Role
from ivr.storage import tables
from ivr.storage.tables.columns import Base, UtcTime
from ivr.web.core.auth import CHANGES_NOTHING, Access, Pages, allowed, gate
from ivr.web.core.context import Context
from ivr.web.core.middleware import POLICY
from ivr.web.tables.audit_labels import ACTIONS, actions_named, detail_text
from ivr.web.tables.column_names import NAMES

pages = Pages()

FOLDER, ROUTES = "/tables", "tables"
MOST_COUNTED = 10_000
"""Rows of a table that its pages lead to, the newest first; what lies behind them is found by filters."""
CELL = (
    '<span class="align-middle d-inline-block text-truncate" data-bs-toggle="tooltip" title="{{ data | string }}">'
    "{{ data | string }}</span>"
)
"""A cell of text. The library's own imports two templates anew for each cell, a fifth of the time of a page."""
SHOWN: tuple[tuple[type[Base], str], ...] = (
    (tables.Account, "Лицевые счета"),
    (tables.Meter, "Счётчики"),
    (tables.Register, "Тарифные зоны"),
    (tables.Reading, "Показания"),
    (tables.Batch, "Выгрузки"),
    (tables.Contact, "Обращения"),
    (tables.Call, "Звонки"),
    (tables.Outage, "Отключения"),
    (tables.OutageReport, "Сообщения об авариях"),
    (tables.Callback, "Обратные звонки"),
    (tables.SpoolEntry, "Аварийный приём"),
    (tables.Take, "Записи фраз"),
    (tables.Audit, "Журнал изменений"),
)
"""Tables without secrets, and their Russian names. `users`, `web_sessions` and `api_clients` are not among them."""

_ACTION, _DETAIL = tables.of(tables.Audit).c.action, tables.of(tables.Audit).c.detail
_ACTIONS = [(action.value, words) for action, words in ACTIONS.items()]


@pages.get(FOLDER)
@allowed(Role.ADMINISTRATOR)
async def first_table(request: Request) -> Response:
    """The first of the tables."""
    return RedirectResponse(f"{FOLDER}/{tables.of(SHOWN[0][0]).name}/list", 303)


class OursToLookAt(ModelView):
    """A table that nobody changes here."""

    row_actions = ("view",)
    actions = ()
    exporters = ()
    importers = ()
    page_size = 25
    column_visibility = False

    async def count(self, request: Request, q: str | None = None, filters: FilterGroup | None = None) -> int:
        """Rows that fit, up to MOST_COUNTED: counting a million of them would take longer than reading a page."""
        every = select(literal(1)).select_from(self.model)
        fitting = await self._apply_search_and_filters(request, every, q, filters)
        counted = select(func.count()).select_from(fitting.limit(MOST_COUNTED).subquery())
        return int((await asyncio.to_thread(request.state.session.execute, counted)).scalar_one())

    def get_search_query(self, request: Request, term: str) -> Any:
        """What holds `term`: nothing of a table without texts."""
        texts = any(type(field) is StringField for field in self.get_fields_list(request))
        found = super().get_search_query(request, term) if texts else false()
        if self.model is not tables.Audit:
            return found
        return or_(found, _ACTION.in_([action.value for action in actions_named(term)]))

    def can_create(self, request: Request) -> bool:
        """Never."""
        return False

    def can_edit(self, request: Request) -> bool:
        """Never."""
        return False

    def can_delete(self, request: Request) -> bool:
        """Never."""
        return False


class ActionField(EnumField):
    """An action of the audit in Russian; one that this version does not know by its stored word."""

    def _get_label(self, value: Any, request: Request) -> Any:
        return dict(self._get_choices(request)).get(value, value)


class WithNonce(BaseLoader):
    """The library's templates for a policy without `unsafe-inline`: its scripts and styles carry the answer's nonce.

    The source is changed, not the page, so that nothing from the database can get a nonce.
    """

    def __init__(self, folder: BaseLoader) -> None:
        self._folder = folder

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Called by Jinja2."""
        source, file, fresh = self._folder.get_source(environment, template)
        source = re.sub(r"<(script|style)(?=[\s>])", r'<\1 nonce="{{ request.state.nonce }}"', source)
        source = re.sub(r"@import url\([^)]*\);", "", source)  # a font from elsewhere
        source = re.sub(r'\sstyle\s*=\s*"[^"]*"', "", source)
        return re.sub(r'\son[a-z]+="[^"]*"', "", source), file, fresh


class Gated:
    """Lets administrators look, and nobody do anything."""

    def __init__(self, inner: Starlette, outer: FastAPI) -> None:
        self._inner, self._outer = inner, outer
        self.routes = inner.routes  # where the library looks for the addresses of its pages
        # It asks for three addresses a row; to look through all routes of the application took a third of a page.
        self._addresses = Router([Mount(FOLDER, self, name=ROUTES)])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Called by the application."""
        request = Request({**scope, "app": self._outer}, receive)
        if request.method not in CHANGES_NOTHING:
            raise HTTPException(405)
        refusal = await gate(request, Access(frozenset({Role.ADMINISTRATOR})))
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce

        failed = False

        async def with_policy(message: Message) -> None:
            nonlocal failed
            if message["type"] == "http.response.start":
                failed = message["status"] >= 500
                policy = re.sub(r"(script|style)-src 'self'", rf"\1-src 'self' 'nonce-{nonce}'", POLICY)
                MutableHeaders(scope=message)["Content-Security-Policy"] = policy
            if not failed:  # the fault is also raised; the site's own page reports it
                await send(message)

        try:
            await self._inner({**scope, "router": self._addresses}, receive, with_policy)
        except (ValueError, OverflowError, DataError):
            raise HTTPException(404) from None  # numbers that are none, or that no database holds
        except (DBAPIError, PoolTimeout) as error:
            raise StoreUnavailable(StoreProblem.DRIVER, type(error).__name__) from error


def add_tables(app: FastAPI, context: Context) -> None:
    """Mount the tables below FOLDER."""
    # It logs what is searched for, which may be anybody's address; faults are logged by the guard.
    logging.getLogger("starlette_admin").setLevel(logging.CRITICAL)
    core = PackageLoader("starlette_admin", "templates")
    admin: Any = Admin(
        sessionmaker(context.database.engine, expire_on_commit=False),
        title="Таблицы",
        base_url=FOLDER,
        route_name=ROUTES,
        additional_loaders=[
            DictLoader({"fields/list/text.html": CELL}),
            WithNonce(core),
            PrefixLoader({"@core": WithNonce(core)}),
        ],
        secret_key=secrets.token_hex(32),
        i18n_config=I18nConfig(default_locale="ru"),
        timezone_config=TimezoneConfig(default_timezone=context.settings.time_zone),
    )
    admin.add_view(Link(menu_label="← К страницам", url="/"))
    for model, name in SHOWN:
        facts = {"fields": _fields(model), "fields_default_sort": _order(model)}
        view = type(model.__name__, (OursToLookAt,), facts)
        admin.add_view(view(model, key=tables.of(model).name, menu_label=name, display_name=name))
    inner = Starlette()
    admin.mount_to(inner)
    admin.templates.env.auto_reload = False  # else it looks at the file of each part of each cell
    app.mount(FOLDER, Gated(admin.app, app), name=ROUTES)


def _order(model: type[Base]) -> list[tuple[str, bool]]:
    """What was made last comes first; calls have no numbers that grow."""
    if model is tables.Call:
        return [("started_at", True)]
    return [(column.name, True) for column in tables.of(model).primary_key]


def _fields(model: type[Base]) -> list[BaseField]:
    kinds: dict[type[object], type[BaseField]] = {
        bool: BooleanField,
        int: IntegerField,
        float: FloatField,
        date: DateField,
        datetime: DateTimeField,
        list: JSONField,
        dict: JSONField,
    }

    def field(column: Column[Any]) -> BaseField:
        label = NAMES[column.name]
        if column is _ACTION:
            return ActionField(column.name, label=label, choices=_ACTIONS)
        if column is _DETAIL:
            shown = (RequestAction.LIST, RequestAction.DETAIL)
            return StringField(column.name, label=label, formatter=dict.fromkeys(shown, _told))
        return kinds.get(_python_type(column), StringField)(column.name, label=label)

    return [field(column) for column in tables.of(model).columns]


def _told(_: Request, facts: Any) -> str:
    return detail_text(facts)


def _python_type(column: Column[Any]) -> type[object]:
    if isinstance(column.type, UtcTime):
        return datetime
    return dict if isinstance(column.type, JSON) else column.type.python_type
