"""Replacement of a meter, or its reprogramming: the old one goes with final values, the new one comes with first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ivr.domain.faults import Conflict


@dataclass(frozen=True, slots=True)
class Replacement:
    """One replaced meter.

    account: number. serial: of the meter that goes. on: day of the replacement, on which both displays were read.
    finals: values of the old meter, firsts: of the new one, both in the order T1, T2, T3. new_serial, new_digits: of
    the meter that comes; one that was reprogrammed keeps its serial number. ratio: None for that of the old meter.
    """

    account: str
    serial: str
    on: date
    finals: tuple[int, ...]
    new_serial: str
    new_digits: int
    firsts: tuple[int, ...]
    ratio: int | None = None


class ReplacementProblem(StrEnum):
    """Why a meter cannot be replaced as told."""

    NO_METER = "no-meter"  # the account does not exist, or has no such meter in use
    WRONG_COUNT = "wrong-count"  # not one final value for each zone of the old meter
    TOO_LONG = "too-long"  # a value does not fit on its display
    IN_USE = "in-use"  # the account has another meter of the new serial number
    READ_LATER = "read-later"  # a reading of the old meter is younger than the replacement


@dataclass(eq=False)
class CannotReplace(Conflict):
    """What is stored stands against a replacement."""

    problem: ReplacementProblem
