"""The CSV file of accounts and meters: read line by line, every fault named with its line and column.

`account,street,house,flat,district,phones,meter,digits,zones,power_kw,read_on,t1,t2,t3`, one line a meter, UTF-8 with
or without BOM or cp1251, separated by `,` or `;`. A line whose columns from `meter` on are empty is an account
without a meter.

Further columns may follow, in any order: `ratio,remote,next_verification,aliases,group`. A column that the file lacks
changes nothing; an empty field of one that it has says: ratio 1, not remote, no date, no alias, no group.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO

from ivr.domain.accounts import AccountFormat, AliasKind, plain_alias
from ivr.domain.faults import BrokenFile
from ivr.domain.meters import FEWEST_DIGITS, MOST_DIGITS, MOST_ZONES
from ivr.domain.phones import is_e164

TEXTS = ("street", "house", "flat", "district")
FURTHER_TEXTS: tuple[str, ...] = ()
"""Optional texts of an account. Whoever adds a column to the table `accounts` and its name here has it imported."""
OF_ACCOUNT = (*TEXTS, *FURTHER_TEXTS, "phones")
"""Columns of the file that are columns of the table `accounts` of the same name."""
OF_METER = ("meter", "digits", "zones", "power_kw", "read_on", "t1", "t2", "t3")
COLUMNS = ("account", *TEXTS, "phones", *OF_METER)
FURTHER_OF_METER = ("ratio", "remote", "next_verification")
FURTHER_OF_ACCOUNT = ("aliases", "group")
FURTHER = (*FURTHER_OF_METER, *FURTHER_OF_ACCOUNT, *FURTHER_TEXTS)

LONGEST_LINE = 16_384  # bytes
LONGEST_TEXT = 200  # characters
MOST_PHONES = 20
EARLIEST = date(1990, 1, 1)  # older than any meter in use: a slip of the pen
MOST_POWER_KW = 100_000.0
MOST_RATIO = 100_000
MOST_ALIASES = 20
LATEST = date(2100, 1, 1)

SERIAL = re.compile(r"[^\W_][\w\-./ ]{0,63}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_POWER = re.compile(r"[0-9]{1,6}([.,][0-9]{1,6})?")
_ALIAS = re.compile(r"(old|bank|els):([^\W_]{1,40})")
_GROUP = re.compile(r"[\w-]{0,64}")
_REMOTE = {"": False, "0": False, "1": True}
_BOM = b"\xef\xbb\xbf"


class BadFile(BrokenFile, ValueError):
    """The file is no such CSV at all; the text begins with the number of the line that says so."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """One fault. line: from 1, the header is 1. column: name, '' for the whole line. accounts: those it spoils."""

    line: int
    column: str
    reason: str
    accounts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"line {self.line}: {self.column + ': ' if self.column else ''}{self.reason}"


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One good line. first: whether no earlier line names the account. place: the columns of OF_ACCOUNT.

    meter: serial number, '' for an account without meter (then the rest is 0 or None).
    values: readings of `read_on`, one a zone, or empty. aliases: kind and number, as `plain_alias` writes it.
    """

    line: int
    account: str
    first: bool
    place: tuple[str, ...]
    meter: str = ""
    digits: int = 0
    zones: int = 0
    power_kw: float | None = None
    read_on: date | None = None
    values: tuple[int, ...] = ()
    ratio: int = 1
    remote: bool = False
    next_verification: date | None = None
    aliases: tuple[tuple[AliasKind, str], ...] = ()
    group: str = ""

    @property
    def phones(self) -> tuple[str, ...]:
        """Telephone numbers of the account, E.164, each once."""
        return tuple(dict.fromkeys(self.place[-1].split()))


class AccountFile:
    """Reads one file once. It remembers every account and meter of it, so memory grows with the file."""

    def __init__(self, path: Path, accounts: AccountFormat, today: date) -> None:
        """accounts: what their numbers look like. today: readings are not later than this."""
        self._path = path
        self._accounts = accounts
        self._today = today
        self._places: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._meters: dict[tuple[str, str], int] = {}
        self._aliases: dict[tuple[AliasKind, str], tuple[int, str]] = {}
        self._faults: list[BadLine] = []
        self._line = 0
        self._account: tuple[str, ...] = ()
        self.position = 0
        """Bytes read so far."""
        self.told: frozenset[str] = frozenset()
        """Further columns that the file has; known as soon as its first line is read."""

    def lines(self) -> Iterator[AccountLine | BadLine]:
        """Every line in order: a good one, or its faults one by one. Raises BadFile, OSError."""
        with self._path.open("rb") as file:
            header = self._next(file)
            if header is None:
                raise BadFile("line 1: the file is empty")
            if header.startswith((b"\xff\xfe", b"\xfe\xff")):
                raise BadFile("line 1: this is UTF-16; save the file as CSV in UTF-8")
            encoding = "utf-8" if header.startswith(_BOM) else None
            names, separator = _header(header.removeprefix(_BOM))
            self.told = frozenset(FURTHER).intersection(names)
            while (raw := self._next(file)) is not None:
                if encoding is None and not raw.isascii():
                    # The first letters beyond ASCII decide for the whole file: a later slip must not turn a file
                    # of UTF-8 into cp1251, where every byte means something.
                    encoding = "utf-8" if _is_utf8(raw) else "cp1251"
                found = self._read(raw, encoding or "utf-8", names, separator)
                yield from self._faults
                if found is not None and not self._faults:
                    yield found

    def _next(self, file: BinaryIO) -> bytes | None:
        raw = file.readline(LONGEST_LINE + 1)
        self._line += 1
        self.position += len(raw)
        rest = raw
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE + 1)
            self.position += len(rest)
        return raw or None

    def _fault(self, column: str, reason: str, *accounts: str) -> None:
        self._faults.append(BadLine(self._line, column, reason, self._account + accounts))

    def _read(self, raw: bytes, encoding: str, names: list[str], separator: str) -> AccountLine | None:
        self._faults, self._account = [], ()
        if len(raw) > LONGEST_LINE:
            self._fault("", f"longer than {LONGEST_LINE} bytes")
            return None
        try:
            fields = next(csv.reader([raw.decode(encoding).rstrip("\r\n")], delimiter=separator, strict=True), [])
        except UnicodeDecodeError as error:
            self._fault("", f"byte {error.start + 1} cannot be read as {encoding}")
            return None
        except csv.Error:
            self._fault("", "no line of CSV: a quote is not closed or not doubled, or a line break stands inside")
            return None
        fields = [field.replace("\xa0", " ").strip() for field in fields]
        if not any(fields):
            return None  # spreadsheets leave such lines at the end
        row = dict(zip(names, fields, strict=False))
        self._account = (row.get("account", ""),)
        if len(fields) != len(names):
            self._fault("", f"{len(fields)} fields instead of {len(names)}")
            return None
        return self._judged(row)

    def _judged(self, row: dict[str, str]) -> AccountLine | None:
        account = row["account"]
        if not self._accounts.accepts(account):
            self._fault("account", f"{_shown(account)} is no account number: {_described(self._accounts)}")
        texts = {name: row.get(name, "") for name in (*TEXTS, *FURTHER_TEXTS)}
        for name, value in texts.items():
            if len(value) > LONGEST_TEXT or not value.isprintable():
                self._fault(name, f"longer than {LONGEST_TEXT} characters or with unprintable ones")
        phones = row["phones"].split()
        for phone in phones:
            if not is_e164(phone):
                self._fault("phones", f"{_shown(phone)} is not in the form +79161234567")
        if len(phones) > MOST_PHONES:
            self._fault("phones", f"more than {MOST_PHONES}")
        place = (*texts.values(), " ".join(phones))
        of_account = (*place, *(row.get(name, "") for name in FURTHER_OF_ACCOUNT))
        first_line, before = self._places.setdefault(account, (self._line, of_account))
        if before != of_account:
            names = (*OF_ACCOUNT, *FURTHER_OF_ACCOUNT)
            column = next(name for name, one, other in zip(names, of_account, before, strict=True) if one != other)
            self._fault(column, f"differs from line {first_line} of the same account")
        first = first_line == self._line
        aliases = self._aliases_of(row.get("aliases", ""), account, first=first)
        group = row.get("group", "")
        if not _GROUP.fullmatch(group):
            self._fault("group", f"{_shown(group)} is no group: up to 64 letters, digits, - and _")
        line = AccountLine(self._line, account, first, place, aliases=aliases, group=group)
        if not any(row.get(name) for name in (*OF_METER, *FURTHER_OF_METER)):
            return line
        return self._with_meter(row, line)

    def _aliases_of(self, text: str, account: str, *, first: bool) -> tuple[tuple[AliasKind, str], ...]:
        """Other numbers of the account, from its first line; each belongs to one account."""
        found: dict[tuple[AliasKind, str], None] = {}
        for word in text.split() if first else ():
            match = _ALIAS.fullmatch(word.replace("-", ""))
            if match is None:
                self._fault("aliases", f"{_shown(word)} is not in the form old:123, bank:123 or els:12АБ345678")
                continue
            alias = AliasKind(match[1]), plain_alias(match[2])
            line, owner = self._aliases.setdefault(alias, (self._line, account))
            if owner != account:
                self._fault("aliases", f"{_shown(word)} stands in line {line} already", owner)
            found[alias] = None
        if len(found) > MOST_ALIASES:
            self._fault("aliases", f"more than {MOST_ALIASES}")
        return tuple(found)

    def _with_meter(self, row: dict[str, str], account_line: AccountLine) -> AccountLine:
        account = account_line.account
        serial = row["meter"]
        if not SERIAL.fullmatch(serial):
            self._fault("meter", f"{_shown(serial)} is no serial number: up to 64 letters, digits, - . / and spaces")
        elif self._meters.setdefault((account, serial), self._line) != self._line:
            line = self._meters[account, serial]
            self._fault("meter", f"{_shown(serial)} stands in line {line} of the account already")
        digits = self._whole(row, "digits", FEWEST_DIGITS, MOST_DIGITS)
        zones = self._whole(row, "zones", 1, MOST_ZONES)
        power = self._power(row["power_kw"])
        read_on = self._day("read_on", row["read_on"], self._today)
        values = self._values(row, digits, zones, known_day=bool(row["read_on"])) if digits and zones else ()
        ratio = self._whole(row, "ratio", 1, MOST_RATIO) if row.get("ratio") else 1
        remote = row.get("remote", "")
        if remote not in _REMOTE:
            self._fault("remote", f"{_shown(remote)} is neither 0 nor 1")
        return replace(
            account_line,
            meter=serial,
            digits=digits,
            zones=zones,
            power_kw=power,
            read_on=read_on,
            values=values,
            ratio=ratio,
            remote=_REMOTE.get(remote, False),
            next_verification=self._day("next_verification", row.get("next_verification", ""), LATEST),
        )

    def _whole(self, row: dict[str, str], name: str, least: int, most: int) -> int:
        """The number in a column, 0 if it is faulty."""
        if _NUMBER.fullmatch(row[name]) and least <= int(row[name]) <= most:
            return int(row[name])
        self._fault(name, f"{_shown(row[name])} is not a whole number from {least} to {most}")
        return 0

    def _power(self, text: str) -> float | None:
        if not text:
            return None
        power = float(text.replace(",", ".")) if _POWER.fullmatch(text) else 0.0
        if 0 < power <= MOST_POWER_KW:
            return power
        self._fault("power_kw", f"{_shown(text)} is no power in kilowatts, for example 15 or 7.5")
        return None

    def _day(self, column: str, text: str, latest: date) -> date | None:
        if not text:
            return None
        try:
            day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
        except ValueError:
            day = None
        if day is None:
            self._fault(column, f"{_shown(text)} is no date in the form 2026-11-25")
        elif not EARLIEST <= day <= latest:
            self._fault(column, f"{_shown(text)} lies {'in the future' if day > latest else 'too far back'}")
        return day

    def _values(self, row: dict[str, str], digits: int, zones: int, *, known_day: bool) -> tuple[int, ...]:
        values = []
        for place, name in enumerate(("t1", "t2", "t3"), start=1):
            text, wanted = row[name], known_day and place <= zones
            if not wanted and text:
                self._fault(name, "a reading without a date" if place <= zones else f"the meter has {zones} zones")
            elif wanted and not (_NUMBER.fullmatch(text) and int(text) < 10**digits):
                self._fault(name, f"{_shown(text)} is not a reading of {digits} digits, whole kilowatt-hours")
            elif wanted:
                values.append(int(text))
        return tuple(values)


def _header(raw: bytes) -> tuple[list[str], str]:
    """Names of the columns in the order of the file, and its separator. Raises BadFile."""
    text = raw.decode("utf-8", errors="replace").strip()
    separator = ";" if text.count(";") > text.count(",") else ","
    names = [name.strip().strip('"').lower() for name in text.split(separator)]
    missing = [name for name in COLUMNS if name not in names]
    strange = [name for name in names if name not in COLUMNS and name not in FURTHER]
    if missing or strange or len(names) != len(set(names)):
        wrong = [f"without {', '.join(missing)}"] * bool(missing) + [f"with {_shown(', '.join(strange))}"] * bool(
            strange
        )
        told = " and ".join(wrong) or "wrong"
        columns = f"{','.join(COLUMNS)}, and may go on with {','.join(FURTHER)}"
        raise BadFile(f"line 1: the header is {told}; it is {columns}")
    return names, separator


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _shown(text: str) -> str:
    return f"“{text if len(text) <= 40 else text[:39] + '…'}”" if text.isprintable() else "what stands there"


def _described(accounts: AccountFormat) -> str:
    lengths = " or ".join(map(str, accounts.lengths))
    return f"{lengths} digits" + (f", the last one by {accounts.check}" if accounts.check != "none" else "")
