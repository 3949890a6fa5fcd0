"""The CSV file of replaced meters.

Columns: `account,meter,replaced_on,final1,final2,final3,new_meter,digits,first1,first2,first3`. A line for each meter.
`digits`: of the new display. The new meter has as many zones as first values. UTF-8, separated by `,` or `;`.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from ivr.domain.meters import FEWEST_DIGITS, MOST_DIGITS, Replacement
from ivr.storage.accounts.account_file import SERIAL, BadFile, BadLine

_FINALS, _FIRSTS = ("final1", "final2", "final3"), ("first1", "first2", "first3")
COLUMNS = ("account", "meter", "replaced_on", *_FINALS, "new_meter", "digits", *_FIRSTS)


def read_replacements(path: Path, today: date) -> list[tuple[int, Replacement] | BadLine]:
    """Each line with its number, or its first fault. today: nothing is replaced later. Raises BadFile, OSError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadFile("line 1: the file is not UTF-8") from error
    lines = text.splitlines()
    header = lines[0] if lines else ""
    separator = ";" if header.count(";") > header.count(",") else ","
    if tuple(name.strip().lower() for name in header.split(separator)) != COLUMNS:
        raise BadFile(f"line 1: the header is wrong; it is {','.join(COLUMNS)}")
    found: list[tuple[int, Replacement] | BadLine] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip(" ,;"):
            continue
        fields = next(csv.reader([line], delimiter=separator), [])
        if len(fields) != len(COLUMNS):
            found.append(BadLine(number, "", f"{len(fields)} fields instead of {len(COLUMNS)}"))
            continue
        row = dict(zip(COLUMNS, (field.strip() for field in fields), strict=True))
        bad = _fault(row, today)
        if bad:
            found.append(BadLine(number, *bad, (row["account"],)))
        else:
            found.append((number, _replacement(row)))
    return found


def _fault(row: dict[str, str], today: date) -> tuple[str, str] | None:
    """Column and reason of the first fault."""
    for name in ("meter", "new_meter"):
        if not SERIAL.fullmatch(row[name]):
            return name, "is no serial number: up to 64 letters, digits, - . / and spaces"
    try:
        day = date.fromisoformat(row["replaced_on"])
    except ValueError:
        return "replaced_on", "is no date in the form 2026-11-25"
    if day > today:
        return "replaced_on", "lies in the future"
    if not _is_value(row["digits"]) or not FEWEST_DIGITS <= int(row["digits"]) <= MOST_DIGITS:
        return "digits", f"is not a whole number from {FEWEST_DIGITS} to {MOST_DIGITS}"
    for names in (_FINALS, _FIRSTS):
        values = [row[name] for name in names]
        while values and not values[-1]:
            values.pop()
        if not values:
            return names[0], "is missing"
        for name, value in zip(names, values, strict=False):
            if not _is_value(value):
                return name, "is not a whole number of kilowatt-hours"
    return None


def _is_value(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def _replacement(row: dict[str, str]) -> Replacement:
    return Replacement(
        account=row["account"],
        serial=row["meter"],
        on=date.fromisoformat(row["replaced_on"]),
        finals=tuple(int(row[name]) for name in _FINALS if row[name]),
        new_serial=row["new_meter"],
        new_digits=int(row["digits"]),
        firsts=tuple(int(row[name]) for name in _FIRSTS if row[name]),
    )
