"""Doubtful readings: codes beside the verdict why a clerk looks at one, and one as the clerk decides on it.

Several codes of one reading are stored as one text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ivr.domain.meters import Meter, Register
from ivr.domain.readings import Status


class Reason(StrEnum):
    """Codes that are no verdict on the value. Rows of years hold them: they stay as they are."""

    EMERGENCY = "emergency"  # taken in emergency mode: nobody could ask the resident again
    CONTROL = "control"  # the retailer reads the meter remotely: the value serves to compare
    VERIFICATION_OVERDUE = "verification-overdue"  # the meter's next verification is past
    METER_REMOVED = "meter-removed"  # final value of a meter that was replaced
    METER_INSTALLED = "meter-installed"  # first value of the meter that replaced it: a measure from the first day
    CORRECTED = "corrected"  # a clerk put it in the place of a flagged one
    REFUSED = "refused"  # taken back: it never counts again; stands before the other codes
    BY_BILLING = "corrected-by-billing"  # billing gave another value of the same day
    RESTORED = "restored"  # live again, since the one that had replaced it was refused


def of_meter(meter: Meter, read_on: date) -> tuple[Reason, ...]:
    """Why a clerk looks at every reading of a meter, whatever its value.

    A meter read remotely: its own values are billed (Federal Law 522-ФЗ of 2018, Government Decree 890 of 2020); the
    resident need give nothing, and may. A verification that is past: the reading is taken, and the supplier replaces
    the meter (rules of Government Decree 354, п. 80(1): since July 2020 its duty in apartment houses).
    """
    found = []
    if meter.remote:
        found.append(Reason.CONTROL)
    if meter.next_verification is not None and meter.next_verification < read_on:
        found.append(Reason.VERIFICATION_OVERDUE)
    return tuple(found)


def joined(codes: Iterable[str]) -> str:
    """Codes as one text, to be stored: `emergency lower-than-last`."""
    return " ".join(code for code in codes if code)


def separated(text: str) -> tuple[str, ...]:
    """The codes of a stored text."""
    return tuple(text.split())


@dataclass(frozen=True, slots=True)
class Questioned:
    """A reading that waits, or waited, for a clerk.

    meter: with the histories of its registers as they were before the reading's period. register: of that meter.
    """

    id: int
    status: Status
    value: int
    read_on: date
    meter: Meter
    register: Register
