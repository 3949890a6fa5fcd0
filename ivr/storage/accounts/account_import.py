"""Imports accounts, meters and last readings of the billing system: the whole file or nothing.

The file first goes into temporary tables, where it holds up nobody; then few statements over whole tables bring it
into the real ones, in one transaction that is as short as it can be, since callers wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Table, text
from sqlalchemy.exc import IntegrityError

from ivr.domain.accounts import AccountFormat
from ivr.domain.faults import StoreProblem, StoreUnavailable
from ivr.domain.readings import Window
from ivr.storage.accounts import import_steps as steps
from ivr.storage.accounts.account_file import OF_ACCOUNT, AccountFile, AccountLine, BadLine
from ivr.storage.database.database import Database

CHUNK = 2000
"""Lines that are written into the temporary tables at once."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a file is judged by.

    zone: where the customers live, which tells what day it is.
    window: tells the period that a reading counts for. now: aware; nothing in the file is later.
    """

    accounts: AccountFormat
    zone: ZoneInfo
    window: Window
    now: datetime


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import did. bad_lines, left_out: lines with faults, accounts not imported for them.

    readings_behind: those of the new readings that stand behind a live one of their period, as a measure only.
    """

    imported: bool
    lines: int
    bad_lines: int = 0
    left_out: int = 0
    accounts_new: int = 0
    accounts_changed: int = 0
    meters_new: int = 0
    readings_new: int = 0
    readings_behind: int = 0


@dataclass(slots=True)
class _Faults:
    """What was found to be bad so far."""

    report: Callable[[BadLine], None]
    lines: set[int] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)

    def add(self, bad: BadLine) -> None:
        self.lines.add(bad.line)
        self.accounts.update(bad.accounts)
        self.report(bad)


def import_accounts(
    database: Database,
    path: Path,
    terms: Terms,
    *,
    skip_bad: bool = False,
    report: Callable[[BadLine], None],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Summary:
    """Import one file in one transaction. Every fault goes to `report`, in the order of the lines, contradictions
    to the store at the end. If there is any, nothing is imported; with `skip_bad` only the accounts that it touches
    are left out, whole.

    progress: bytes read so far, bytes of the file. Raises BadFile, OSError, StoreUnavailable.
    """
    faults = _Faults(report)
    file = AccountFile(path, terms.accounts, terms.now.astimezone(terms.zone).date())
    try:
        with database.several() as connection:
            with connection.begin():
                lines = _load(connection, file, terms, faults, lambda: progress(file.position, path.stat().st_size))
            connection.execution_options(writes=True)
            with connection.begin():
                summary = _bring_in(connection, lines, file.told, faults, terms, skip_bad=skip_bad)
            if summary.imported:
                with connection.begin():
                    steps.look_again(connection)
            return summary
    except IntegrityError as error:
        raise StoreUnavailable(StoreProblem.OTHER_IMPORT) from error


def _load(
    connection: Connection, file: AccountFile, terms: Terms, faults: _Faults, progress: Callable[[], None]
) -> int:
    """Fill the temporary tables; the number of lines seen."""
    steps.staging.create_all(connection)
    groups = steps.groups(connection) if terms.window.groups else {}
    rows: list[dict[str, object]] = []
    phones: list[dict[str, object]] = []
    aliases: list[dict[str, object]] = []
    good = 0
    for found in file.lines():
        if isinstance(found, BadLine):
            faults.add(found)
            continue
        good += 1
        group = found.group if "group" in file.told else groups.get(found.account, "")
        rows.append(_row(found, terms.window.of(group)))
        if found.first:
            phones += ({"account": found.account, "phone": phone} for phone in found.phones)
            aliases += (
                {"line": found.line, "account": found.account, "kind": kind.value, "alias": alias}
                for kind, alias in found.aliases
            )
        if len(rows) >= CHUNK:
            _fill(connection, steps.lines, rows)
            _fill(connection, steps.phones, phones)
            _fill(connection, steps.aliases, aliases)
            progress()
    _fill(connection, steps.lines, rows)
    _fill(connection, steps.phones, phones)
    _fill(connection, steps.aliases, aliases)
    if connection.dialect.name != "sqlite":
        for table in (steps.lines, steps.phones, steps.aliases):  # PostgreSQL never looks at temporary tables by itself
            connection.execute(text(f"ANALYZE {table.name}"))
    progress()
    return good + len(faults.lines)


def _fill(connection: Connection, table: Table, rows: list[dict[str, object]]) -> None:
    if rows:
        connection.execute(table.insert(), rows)
        rows.clear()


def _row(line: AccountLine, window: Window) -> dict[str, object]:
    values = (*line.values, None, None, None)
    day = line.read_on
    return {
        "line": line.line,
        "account": line.account,
        "leads": line.first,
        **dict(zip(OF_ACCOUNT, line.place, strict=True)),
        "meter": line.meter or None,
        "digits": line.digits,
        "zones": line.zones,
        "power_kw": line.power_kw,
        "read_on": day,
        "period": str(window.period_of(day)) if day else None,
        "ratio": line.ratio,
        "remote": line.remote,
        "next_verification": line.next_verification,
        "window_group": line.group,
        "t1": values[0],
        "t2": values[1],
        "t3": values[2],
    }


def _bring_in(
    connection: Connection, lines: int, told: frozenset[str], faults: _Faults, terms: Terms, *, skip_bad: bool
) -> Summary:
    """told: columns beyond the fixed ones."""
    for bad in (*steps.conflicts(connection), *steps.taken_aliases(connection)):
        faults.add(bad)
    if faults.lines and not skip_bad:
        return Summary(False, lines, len(faults.lines), len(faults.accounts))
    if faults.accounts:
        connection.execute(steps.spoiled.insert(), [{"account": account} for account in faults.accounts])
        steps.forget_spoiled(connection)
    accounts_new, accounts_changed = steps.bring_in_accounts(connection, told)
    meters_new = steps.bring_in_meters(connection, told)
    readings_new, behind = steps.bring_in_readings(connection, terms.now)
    return Summary(
        True,
        lines,
        len(faults.lines),
        len(faults.accounts),
        accounts_new,
        accounts_changed,
        meters_new,
        readings_new,
        behind,
    )
