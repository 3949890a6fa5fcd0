"""Meters and rules that the tests of the intake share."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from ivr.domain.contacts import Contact, Source
from ivr.domain.judgement import Limits
from ivr.domain.meters import Meter, Register, Zone
from ivr.domain.readings import Channel, Reading, Use, Window
from ivr.intake.submit import Rules

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 11, 20, 12, tzinfo=MOSCOW)
TODAY, MONTH_AGO = NOON.date(), date(2026, 10, 20)
RULES = Rules(Window(), Limits())

PHONE = Contact.by_phone("call-1", NOON)
EMERGENCY = Contact(Channel.EMERGENCY, Source.EMERGENCY, "spool-1", NOON)
OFFICE = Contact(Channel.OFFICE, Source.OFFICE, "visit-1", NOON)


def register(id: int, zone: Zone, last: int | None, uses: tuple[Use, ...] = (Use(200, 30), Use(210, 31))) -> Register:
    base = None if last is None else Reading(last, MONTH_AGO)
    return Register(id, zone, 5, base, base, uses if base is not None else ())


def meter(*last: int | None, uses: tuple[Use, ...] = (Use(200, 30), Use(210, 31))) -> Meter:
    """A meter with a register for each last value, T1 first."""
    zones = zip(Zone, last, strict=False)
    return Meter(1, "00123456", tuple(register(n, zone, value, uses) for n, (zone, value) in enumerate(zones, 1)))
