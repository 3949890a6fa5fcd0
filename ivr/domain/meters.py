"""Meters and their registers, one register for each tariff zone, and the replacement of a meter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ivr.domain.faults import Conflict
from ivr.domain.readings import Reading, Use

FEWEST_DIGITS, MOST_DIGITS = 4, 8
MOST_ZONES = 3


class Zone(StrEnum):
    """Tariff zone in the order of the meter's display."""

    T1 = "T1"
    T2 = "T2"
    T3 = "T3"


class ZoneName(StrEnum):
    """What residents call a zone; it depends on how many zones the meter has."""

    WHOLE_DAY = "whole-day"
    DAY = "day"
    NIGHT = "night"
    PEAK = "peak"
    HALF_PEAK = "half-peak"


ZONE_NAMES: dict[int, dict[Zone, ZoneName]] = {
    1: {Zone.T1: ZoneName.WHOLE_DAY},
    2: {Zone.T1: ZoneName.DAY, Zone.T2: ZoneName.NIGHT},
    3: {Zone.T1: ZoneName.PEAK, Zone.T2: ZoneName.NIGHT, Zone.T3: ZoneName.HALF_PEAK},
}


@dataclass(frozen=True, slots=True)
class Register:
    """The counter of one tariff zone.

    id: key in the store. digits: whole digits on the display, 4 to 8.
    base: the reading that a new one is compared with: the latest that does not come from a
    customer in the present period (a correction replaces that one, so it is no measure).
    latest: the reading to read back to the caller. uses: past uses, oldest first.
    """

    id: int
    zone: Zone
    digits: int
    base: Reading | None = None
    latest: Reading | None = None
    uses: tuple[Use, ...] = ()

    @property
    def capacity(self) -> int:
        """The first value that does not fit on the display; after it the register starts at 0."""
        return int(10**self.digits)


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter in use.

    serial: factory number, text. registers: one to three, in the order T1, T2, T3.
    power_kw: permitted power of the connection in kilowatts, None where unknown.
    ratio: transformation ratio; energy is the difference of two readings times this. remote: the meter is read from
    afar, so that residents need give nothing. next_verification: last day of its verification, None where unknown.
    """

    id: int
    serial: str
    registers: tuple[Register, ...]
    power_kw: float | None = None
    ratio: int = 1
    remote: bool = False
    next_verification: date | None = None

    @property
    def digits(self) -> int:
        """Whole digits on the display."""
        return self.registers[0].digits

    def zone_name(self, register: Register) -> ZoneName:
        """What the caller calls this register."""
        return ZONE_NAMES[len(self.registers)][register.zone]


@dataclass(frozen=True, slots=True)
class Replacement:
    """A meter that was replaced, or reprogrammed: it goes with final values, another one comes with first ones.

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
    """Stored data conflicts with a replacement."""

    problem: ReplacementProblem
