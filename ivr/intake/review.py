"""Review of a doubtful reading: a clerk accepts, corrects or refuses it. The rules judge a correction too.

Each is a fetch, a decision and a commit within one transaction of the store (`Reviews.begin`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ivr.domain.faults import BadInput, Conflict
from ivr.domain.readings import Status
from ivr.domain.review import Questioned, Reason, joined
from ivr.intake.ports import Review, Reviews
from ivr.intake.submit import MeterDraft, Rules


@dataclass(eq=False)
class NotWaiting(Conflict, LookupError):
    """The reading does not wait for a clerk. status: what it is instead, None where there is no such reading."""

    reading: int
    status: Status | None


@dataclass(eq=False)
class DoesNotFit(BadInput, ValueError):
    """The corrected value is not one that the display can show, or the one that was given already. same: the latter."""

    digits: int
    same: bool


@dataclass(frozen=True, slots=True)
class Clerk:
    """Somebody who decides. who: login, for the audit. now: aware time."""

    who: str
    now: datetime


def accept(reviews: Reviews, clerk: Clerk, reading: int) -> None:
    """Let a flagged reading leave for billing. Raises NotWaiting, StoreUnavailable."""
    with reviews.begin(clerk.who, clerk.now) as review:
        if not review.accept(_waiting(review, reading).id):
            raise _too_late(review, reading)


def correct(reviews: Reviews, rules: Rules, clerk: Clerk, reading: int, value: int, *, insist: bool = False) -> int:
    """Put another value in the place of a flagged one and let it leave for billing; the new reading's key.

    insist: the clerk has seen the doubt about the value, and stands by it; its verdict is stored beside it.
    The flagged one stays in the history, refused. Raises NotWaiting, DoesNotFit, Doubted, StoreUnavailable.
    """
    with reviews.begin(clerk.who, clerk.now) as review:
        found = _waiting(review, reading)
        if value == found.value or not 0 <= value < found.register.capacity:
            raise DoesNotFit(found.register.digits, same=value == found.value)
        draft = MeterDraft(found.meter, rules, found.read_on)
        offer = draft.offer(found.register, value)
        if insist:
            draft.insist()
        draft.accept()
        key = review.replace(reading, value, joined((Reason.CORRECTED, offer.judgement.reason)))
        if key is None:
            raise _too_late(review, reading)
        return key


def refuse(reviews: Reviews, clerk: Clerk, reading: int, reason: str) -> None:
    """Take a flagged reading out of the count, for good. reason: the clerk's own words, for audit and history.

    The reading that it had replaced counts again: one that had left for billing as it was, another one flagged, so
    that the clerk looks at it next. Raises NotWaiting, StoreUnavailable.
    """
    with reviews.begin(clerk.who, clerk.now) as review:
        if not review.refuse(_waiting(review, reading).id, reason):
            raise _too_late(review, reading)


def _waiting(review: Review, reading: int) -> Questioned:
    found = review.questioned(reading)
    if found is None or found.status is not Status.FLAGGED:
        raise NotWaiting(reading, found.status if found is not None else None)
    return found


def _too_late(review: Review, reading: int) -> NotWaiting:
    """An export took the reading while the clerk decided."""
    found = review.questioned(reading)
    return NotWaiting(reading, found.status if found is not None else None)
