"""Абоненты: search for an account, and what is known of it. Nothing is changed here: accounts come from billing."""

from __future__ import annotations

from typing import Annotated

from fastapi import HTTPException, Query, Request, Response

from ivr.domain.users import Role
from ivr.storage.accounts import search as account_search
from ivr.web.accounts import labels as account_wording
from ivr.web.accounts.replacement import REPLACES
from ivr.web.calls.labels import OUTCOMES
from ivr.web.core.auth import Key, Pages, allowed, person_of
from ivr.web.core.context import context_of
from ivr.web.core.templates import render
from ivr.web.outages.labels import CALLBACK_STATES, TROUBLES
from ivr.web.readings import labels as reading_wording

pages = Pages()

LOOKS = (Role.ADMINISTRATOR, Role.CLERK, Role.VIEWER)


@pages.get("/accounts")
@allowed(*LOOKS)
async def list_accounts(request: Request, q: Annotated[str, Query(max_length=100)] = "") -> Response:
    """What fits `q`: a number or its beginning, a telephone, a meter, an address."""
    rows = await context_of(request).ask(account_search.find, q, by_phone=_sees_phones(request))
    return render(
        request,
        "accounts/list.html",
        q=q,
        rows=rows[: account_search.MOST_FOUND],
        more=len(rows) > account_search.MOST_FOUND,
        most=account_search.MOST_FOUND,
        sees_phones=_sees_phones(request),
        address=account_wording.address,
    )


@pages.get("/accounts/{key}")
@allowed(*LOOKS)
async def show_account(request: Request, key: Key) -> Response:
    """One account: meters with their readings, calls, reports, call-backs."""
    account = await context_of(request).ask(account_search.known, key)
    if account is None:
        raise HTTPException(404)
    return render(
        request,
        "accounts/one.html",
        account=account,
        address=account_wording.address(account.brief),
        shown=account_wording.phones if _sees_phones(request) else account_wording.masked,
        links={entry.path for entry in request.app.state.menu if person_of(request).role in entry.roles},
        words=reading_wording,
        may_replace=person_of(request).role in REPLACES,
        outcomes=OUTCOMES,
        troubles=TROUBLES,
        callback_kinds=account_wording.CALLBACK_KINDS,
        callback_states=CALLBACK_STATES,
    )


def _sees_phones(request: Request) -> bool:
    return person_of(request).role is not Role.VIEWER
