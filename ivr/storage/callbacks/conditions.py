"""Conditions on rows of call-backs, for every module of this folder."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, and_, exists

from ivr.domain.callbacks import OPEN, TOO_LATE_AFTER_OUTAGE, UNWATCHED, CallbackKind, CallbackState
from ivr.storage import tables

_callbacks = tables.of(tables.Callback)
_others = _callbacks.alias()

OF_QUEUE = _callbacks.c.kind == CallbackKind.QUEUE.value
AFTER_OUTAGE = _callbacks.c.kind == CallbackKind.POWER.value
IS_OPEN = _callbacks.c.state.in_(OPEN)
IS_DUE = _callbacks.c.state == CallbackState.DUE.value
IS_CALLING = _callbacks.c.state == CallbackState.CALLING.value


def watched(callbacks: FromClause, now: datetime) -> ColumnElement[bool]:
    """Which claims somebody holds, or held a moment ago."""
    return and_(callbacks.c.state == CallbackState.CALLING.value, callbacks.c.lease_until >= now - UNWATCHED)


def is_rung(now: datetime) -> ColumnElement[bool]:
    """Condition: the line rings the call-back's number at this moment, for any reason."""
    return exists().where(_others.c.phone == _callbacks.c.phone, watched(_others, now))


def after_outage_due(now: datetime) -> ColumnElement[bool]:
    """Which call-backs of ended outages are due."""
    not_late = _callbacks.c.joined_at > now - TOO_LATE_AFTER_OUTAGE
    return and_(AFTER_OUTAGE, IS_DUE, _callbacks.c.due_at <= now, not_late)
