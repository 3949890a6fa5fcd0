"""Facts known before recognition: active accounts, or the previous readings."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ivr.dialogue.ports import Expects
from ivr.domain.faults import BrokenFile

SEPARATORS = (";", ",", "\t", " ")


class BadKnown(BrokenFile):
    """The file of what is known cannot be read; the text says which line."""


@dataclass(frozen=True, slots=True)
class Known:
    """accounts: numbers of active accounts. previous: the reading before, of every file.

    previous_of: the same by name of the file, which goes before `previous`.
    """

    accounts: frozenset[str] = frozenset()
    previous: int | None = None
    previous_of: Mapping[str, int] = field(default_factory=dict)

    def previous_reading(self, file: Path) -> int | None:
        """The reading before the one in a file; the file is named by its path, its name or its name without ending."""
        for name in (str(file), file.name, file.stem):
            if name in self.previous_of:
                return self.previous_of[name]
        return self.previous


def read_known(file: Path, expects: Expects) -> Known:
    """Read accounts or previous readings, UTF-8 or cp1251, columns separated by semicolon, comma, tab or space.

    Accounts: one a line, in the column `account` or else the first; a heading may stand above. Readings: one number
    for all, or lines of file name and number; in the place of a file also the number itself. Raises BadKnown.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError as error:
        if expects is Expects.READING and _is_number(str(file)):
            return Known(previous=int(str(file)))
        raise BadKnown(f"{file}: {error.strerror}") from error
    except OSError as error:
        raise BadKnown(f"{file}: {error.strerror}") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1251", errors="replace")
    rows = _rows(text)
    return _accounts(file, rows) if expects is Expects.ACCOUNT else _readings(file, rows)


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Lines that are not empty, with their numbers, in columns."""
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "").strip()
    mark = next((sign for sign in SEPARATORS if sign in first), ",")
    rows = csv.reader((line.strip() for line in lines), delimiter=mark, skipinitialspace=True)
    return [(number, [cell.strip() for cell in row]) for number, row in enumerate(rows, start=1) if any(row)]


def _accounts(file: Path, rows: list[tuple[int, list[str]]]) -> Known:
    column = 0
    if rows and not _is_number(rows[0][1][0]):
        heading = [cell.lower() for cell in rows.pop(0)[1]]
        column = heading.index("account") if "account" in heading else 0
    for number, row in rows:
        if column >= len(row) or not _is_number(row[column]):
            raise BadKnown(f"{file}, line {number}: no account number")
    return Known(accounts=frozenset(row[column] for _, row in rows))


def _readings(file: Path, rows: list[tuple[int, list[str]]]) -> Known:
    previous: int | None = None
    by_file: dict[str, int] = {}
    for at, (number, row) in enumerate(rows):
        if _is_number(row[-1]):
            if len(row) == 1:
                previous = int(row[0])
            else:
                by_file[" ".join(row[:-1])] = int(row[-1])
        elif at:
            raise BadKnown(f"{file}, line {number}: no reading")
    return Known(previous=previous, previous_of=by_file)


def _is_number(cell: str) -> bool:
    return cell.isascii() and cell.isdigit()
