"""Meters are replaced, or reprogrammed: final and first values are stored, and the change is in the audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from ivr.domain.audit import Action, Fact, changed
from ivr.domain.contacts import Contact, Submission
from ivr.domain.meters import CannotReplace, Replacement, ReplacementProblem, Zone
from ivr.domain.readings import Channel, Entry, Period, Status, Window
from ivr.domain.review import Reason
from ivr.storage import tables
from ivr.storage.contacts.submissions import SubmissionWriter
from ivr.storage.database.audit import note
from ivr.storage.database.database import Database
from ivr.storage.tables.columns import AnyRow

_accounts, _meters = tables.of(tables.Account), tables.of(tables.Meter)
_registers, _readings = tables.of(tables.Register), tables.of(tables.Reading)
_contacts = tables.of(tables.Contact)


def replace_meter(
    database: Database, replacement: Replacement, channel: Channel, window: Window, who: str, now: datetime
) -> bool:
    """Replace a meter in one transaction; False if that was done before, and nothing changes.

    channel: FILE or OFFICE. window: tells the period of the readings. Raises CannotReplace, StoreUnavailable.
    """
    source = channel.value
    key = f"replacement/{replacement.account}/{replacement.serial}/{replacement.on}"
    contact = Contact(channel, source, key, now)
    with database.writing() as connection:
        known = select(_contacts.c.id).where(_contacts.c.source == source, _contacts.c.key == key)
        if connection.scalar(known) is not None:
            return False
        old = _meter_in_use(connection, replacement)
        old_registers = _registers_of(connection, old.id)
        _check(connection, replacement, old, old_registers)
        connection.execute(update(_meters).where(_meters.c.id == old.id).values(removed=replacement.on))
        new_registers = _install(connection, replacement, old)
        period = window.of(old.window_group).period_of(replacement.on)
        keeping = SubmissionWriter(database)
        for registers, values, reason in (
            (old_registers, replacement.finals, Reason.METER_REMOVED),
            (new_registers, replacement.firsts, Reason.METER_INSTALLED),
        ):
            submission = _submission(contact, replacement, period, registers, values, reason)
            keeping.keep(connection, submission, now)
        facts = {Fact.METER: changed(replacement.serial, replacement.new_serial)}
        note(connection, who, now, Action.METER_REPLACE, f"meter:{old.id}", facts)
    return True


def _meter_in_use(connection: Connection, replacement: Replacement) -> AnyRow:
    query = (
        select(_meters, _accounts.c.window_group)
        .join(_accounts, _accounts.c.id == _meters.c.account_id)
        .where(
            _accounts.c.number == replacement.account,
            _meters.c.serial == replacement.serial,
            _meters.c.removed.is_(None),
        )
    )
    row = connection.execute(query).first()
    if row is None:
        raise CannotReplace(ReplacementProblem.NO_METER)
    return row


def _registers_of(connection: Connection, meter: int) -> list[int]:
    """Keys of the registers of a meter, in the order T1, T2, T3."""
    query = select(_registers.c.id).where(_registers.c.meter_id == meter).order_by(_registers.c.zone)
    return list(connection.scalars(query))


def _check(connection: Connection, told: Replacement, old: AnyRow, registers: Sequence[int]) -> None:
    if len(told.finals) != len(registers):
        raise CannotReplace(ReplacementProblem.WRONG_COUNT)
    if max(told.finals) >= 10**old.digits or max(told.firsts) >= 10**told.new_digits:
        raise CannotReplace(ReplacementProblem.TOO_LONG)
    same = select(_meters.c.id).where(
        _meters.c.account_id == old.account_id,
        _meters.c.serial == told.new_serial,
        _meters.c.removed.is_(None),
        _meters.c.id != old.id,
    )
    if connection.scalar(same) is not None:
        raise CannotReplace(ReplacementProblem.IN_USE)
    later = select(_readings.c.id).where(
        _readings.c.register_id.in_(registers),
        _readings.c.read_on > told.on,
        _readings.c.status != Status.SUPERSEDED.value,
    )
    if connection.scalar(later.limit(1)) is not None:
        raise CannotReplace(ReplacementProblem.READ_LATER)


def _install(connection: Connection, told: Replacement, old: AnyRow) -> list[int]:
    """Store the new meter; return the keys of its registers."""
    row = {
        "account_id": old.account_id,
        "serial": told.new_serial,
        "digits": told.new_digits,
        "zones": len(told.firsts),
        "power_kw": old.power_kw,
        "installed": told.on,
        "ratio": old.ratio if told.ratio is None else told.ratio,
        "remote": old.remote,
    }
    meter = connection.execute(insert(_meters).values(row).returning(_meters.c.id)).scalar_one()
    for zone, _ in zip(Zone, told.firsts, strict=False):
        connection.execute(insert(_registers).values(meter_id=meter, zone=zone.value))
    return _registers_of(connection, meter)


def _submission(
    contact: Contact,
    told: Replacement,
    period: Period,
    registers: Sequence[int],
    values: Sequence[int],
    reason: Reason,
) -> Submission:
    pairs = zip(registers, values, strict=True)
    entries = tuple(Entry(register, value, reason=reason.value) for register, value in pairs)
    return Submission(contact, told.on, period, contact.channel, entries)
