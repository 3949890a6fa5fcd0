"""Call-backs as callers ask for them and the dialer claims them, for tests that have a repository and no call."""

from __future__ import annotations

from datetime import datetime, timedelta

from ivr.domain.callbacks import Callback, CallbackRequest, OutageCallbackRequest
from ivr.intake.callbacks import ask, ask_after_outage, take_next_after_outage
from ivr.intake.report_outage import report_still_dark
from ivr.storage.callbacks.repository import CallbackRepository


def asked(callbacks: CallbackRepository, request: CallbackRequest, now: datetime) -> bool:
    """Somebody asks to be rung back to a queue; whether somebody will."""
    return callbacks.change(lambda book: ask(book, request, now))


def asked_after_outage(callbacks: CallbackRepository, request: OutageCallbackRequest, now: datetime) -> None:
    """Somebody asks to be rung at the end of an outage."""
    callbacks.change(lambda book: ask_after_outage(book, request, now))


def claimed_after_outage(callbacks: CallbackRepository, now: datetime, lease: timedelta) -> Callback | None:
    """The next call-back whose light is back, claimed for the exchange `here`."""
    return callbacks.claim_after_outage(lambda book: take_next_after_outage(book, now), "here", lease)


def still_dark(callbacks: CallbackRepository, callback: Callback, now: datetime) -> bool:
    """Whoever is rung says that there is still no light; False if another daemon has the call-back by now."""
    return callbacks.change(lambda book: report_still_dark(book, callback, now))
