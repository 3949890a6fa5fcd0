"""A doubtful reading as a clerk decides on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ivr.domain.meters import Meter, Register
from ivr.domain.readings import Status


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
