"""Every line of the file of accounts is read right or named with its line, column and fault."""

from __future__ import annotations

from datetime import date
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.domain.accounts import AccountFormat, CheckDigit
from ivr.storage.accounts.account_file import COLUMNS, AccountFile, AccountLine, BadFile, BadLine

TODAY = date(2026, 11, 20)
HEADER = ",".join(COLUMNS)
GOOD = {
    "account": "0012345678",
    "street": "улица Мира",
    "house": "5",
    "flat": "12",
    "district": "Север",
    "phones": "+79161234567 +74951234567",
    "meter": "00123456",
    "digits": "5",
    "zones": "2",
    "power_kw": "15",
    "read_on": "2026-10-20",
    "t1": "12345",
    "t2": "00678",
    "t3": "",
}


def line(**changes: str) -> str:
    """A good line with some columns changed."""
    return ",".join({**GOOD, **changes}.values())


def read(
    path: Path, content: str | bytes, accounts: AccountFormat | None = None, encoding: str = "utf-8"
) -> list[AccountLine | BadLine]:
    """What is found in a file with this content."""
    file = path / "accounts.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return list(AccountFile(file, accounts or AccountFormat(), TODAY).lines())


def test_a_good_line(tmp_path: Path) -> None:
    place = ("улица Мира", "5", "12", "Север", "+79161234567 +74951234567")
    expected = AccountLine(2, "0012345678", True, place, "00123456", 5, 2, 15.0, date(2026, 10, 20), (12345, 678))
    (found,) = read(tmp_path, f"{HEADER}\n{line()}\n")
    assert found == expected
    assert isinstance(found, AccountLine) and found.phones == ("+79161234567", "+74951234567")


def test_encodings_separators_and_line_ends(tmp_path: Path) -> None:
    ways = list(product(("utf-8", "utf-8-sig", "cp1251"), ",;", ("\n", "\r\n")))

    def street(encoding: str, separator: str, end: str) -> str:
        content = f"{HEADER}\n{line()}\n".replace(",", separator).replace("\n", end)
        (found,) = read(tmp_path, content, encoding=encoding)
        return found.place[0] if isinstance(found, AccountLine) else str(found)

    assert {way: street(*way) for way in ways} == dict.fromkeys(ways, "улица Мира")


def test_quotes_empty_lines_and_columns_in_another_order(tmp_path: Path) -> None:
    names = ",".join(reversed(COLUMNS))
    fields = ",".join(f'"{value}"' for value in reversed(list(GOOD.values())))
    (found,) = read(tmp_path, f"{names}\n\n,,,,,,,,,,,,,\n{fields}\n")
    assert isinstance(found, AccountLine) and (found.line, found.account) == (4, "0012345678")


def test_an_account_without_meter_and_one_without_readings(tmp_path: Path) -> None:
    bare = dict.fromkeys(("meter", "digits", "zones", "power_kw", "read_on", "t1", "t2"), "")
    unread = dict.fromkeys(("power_kw", "read_on", "t1", "t2"), "")
    without, new = read(tmp_path, f"{HEADER}\n{line(**bare)}\n{line(**unread)}\n")
    assert isinstance(without, AccountLine) and (without.meter, without.zones) == ("", 0)
    assert isinstance(new, AccountLine) and (new.power_kw, new.read_on, new.values) == (None, None, ())


BAD_FIELDS: list[tuple[dict[str, str], str, str]] = [
    ({"account": "123"}, "account", "“123” is no account number: 10 digits"),
    ({"account": "1.23E+09"}, "account", "no account number"),
    ({"account": "٠٠١٢٣٤٥٦٧٨"}, "account", "no account number"),
    ({"street": "x" * 201}, "street", "longer than 200 characters"),
    ({"district": "a\x00b"}, "district", "unprintable"),
    ({"phones": "89161234567"}, "phones", "“89161234567” is not in the form +79161234567"),
    ({"meter": ""}, "meter", "no serial number"),
    ({"meter": "=1+1"}, "meter", "no serial number"),
    ({"digits": "3"}, "digits", "whole number from 4 to 8"),
    ({"zones": "4"}, "zones", "whole number from 1 to 3"),
    ({"zones": "1"}, "t2", "the meter has 1 zones"),
    ({"power_kw": "-1"}, "power_kw", "no power"),
    ({"power_kw": "0"}, "power_kw", "no power"),
    ({"power_kw": "nan"}, "power_kw", "no power"),
    ({"read_on": "20.10.2026"}, "read_on", "no date in the form 2026-11-25"),
    ({"read_on": "2026-02-30"}, "read_on", "no date"),
    ({"read_on": "2026-11-21"}, "read_on", "in the future"),
    ({"read_on": "0001-01-01"}, "read_on", "too far back"),
    ({"read_on": ""}, "t1", "a reading without a date"),
    ({"t1": "-5"}, "t1", "not a reading of 5 digits"),
    ({"t1": "100000"}, "t1", "not a reading of 5 digits"),
    ({"t1": "12345.6"}, "t1", "whole kilowatt-hours"),
    ({"t2": ""}, "t2", "not a reading"),
    ({"t3": "7"}, "t3", "the meter has 2 zones"),
]


def test_a_bad_field_is_named(tmp_path: Path) -> None:
    def is_named(changes: dict[str, str], column: str, reason: str) -> bool:
        found = read(tmp_path, f"{HEADER}\n{line(**changes)}\n")
        assert all(isinstance(one, BadLine) and one.line == 2 for one in found), changes
        return any(isinstance(one, BadLine) and one.column == column and reason in one.reason for one in found)

    assert [case for case in BAD_FIELDS if not is_named(*case)] == []


def test_check_digits_of_the_settings_are_applied(tmp_path: Path) -> None:
    luhn = AccountFormat((10,), CheckDigit.LUHN)
    (bad, _) = read(
        tmp_path, f"{HEADER}\n{line(account='7992739871')}\n{line(account='0000000000', meter='x')}\n", luhn
    )
    assert str(bad) == "line 2: account: “7992739871” is no account number: 10 digits, the last one by luhn"


def test_all_faults_of_a_line_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}\n{line(phones='1', digits='x', power_kw='y')}\n")
    assert [one.column for one in found if isinstance(one, BadLine)] == ["phones", "digits", "power_kw"]


def test_contradictions_within_the_file(tmp_path: Path) -> None:
    lines = [line(), line(meter="2", house="7"), line(account="0000000001"), line(meter="3"), line()]
    found = read(tmp_path, "\n".join([HEADER, *lines]))
    assert [str(one) for one in found if isinstance(one, BadLine)] == [
        "line 3: house: differs from line 2 of the same account",
        "line 6: meter: “00123456” stands in line 2 of the account already",
    ]
    assert [one.first for one in found if isinstance(one, AccountLine)] == [True, True, False]


def test_a_broken_line_does_not_swallow_its_neighbours(tmp_path: Path) -> None:
    before, after = line().encode(), line(meter="2").encode()
    for broken, reason in (
        (b"1,2,3", "3 fields instead of 14"),
        ('0012345678,"улица'.encode(), "a quote is not closed"),
        (b"0012345678," + b"x" * 20_000, "longer than 16384 bytes"),
        (b"0012345678,\xff\xfe", "byte 12 cannot be read as utf-8"),
    ):
        found = read(tmp_path, b"\n".join([HEADER.encode(), before, broken, after]))
        assert [type(one) for one in found] == [AccountLine, BadLine, AccountLine], reason
        assert isinstance(found[1], BadLine) and found[1].line == 3 and reason in found[1].reason


def test_no_such_file_at_all(tmp_path: Path) -> None:
    for content, reason in (
        (b"", "line 1: the file is empty"),
        (f"{HEADER}\n".encode("utf-16"), "line 1: this is UTF-16"),
        (b"account,street\n", "line 1: the header is without house"),
        (f"{HEADER},name\n".encode(), "line 1: the header is with “name”"),
        (f"{HEADER},account\n".encode(), "line 1: the header is wrong"),
    ):
        with pytest.raises(BadFile, match=reason):
            read(tmp_path, content)


_field = st.one_of(
    st.text(max_size=30), st.sampled_from(list(GOOD.values())), st.from_regex(r"[0-9]{1,12}", fullmatch=True)
)
_line = st.one_of(
    st.binary(max_size=200),
    st.lists(_field, min_size=14, max_size=14).map(lambda fields: ",".join(fields).encode()),
    st.dictionaries(st.sampled_from(COLUMNS), _field, max_size=3).map(lambda changes: line(**changes).encode()),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(lines=st.lists(_line, max_size=8), header=st.one_of(st.just(HEADER.encode()), st.binary(max_size=60)))
def test_no_content_breaks_the_reader(tmp_path: Path, lines: list[bytes], header: bytes) -> None:
    content = b"\n".join([header, *lines])
    try:
        found = read(tmp_path, content)
    except BadFile as error:
        assert str(error).startswith("line 1: ")
        return
    last = content.count(b"\n") + 1
    for one in found:
        assert 2 <= one.line <= last
        if isinstance(one, BadLine):
            assert one.reason and one.column in ("", *COLUMNS)
            assert str(one).isprintable()
        else:
            assert AccountFormat().accepts(one.account)
            assert len(one.values) in (0, one.zones) and all(0 <= value < 10**one.digits for value in one.values)
            assert (one.read_on is None) == (not one.values) and (one.read_on or TODAY) <= TODAY


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("ratio", "0", "ratio: “0” is not a whole number from 1 to 100000"),
        ("remote", "yes", "remote: “yes” is neither 0 nor 1"),
        ("next_verification", "05.2031", "next_verification: “05.2031” is no date in the form 2026-11-25"),
        ("aliases", "77", "aliases: “77” is not in the form old:123, bank:123 or els:12АБ345678"),
        ("group", "a b", "group: “a b” is no group: up to 64 letters, digits, - and _"),
    ],
)
def test_faults_of_further_columns(tmp_path: Path, column: str, value: str, told: str) -> None:
    found = read(tmp_path, f"{HEADER},{column}\n{line()},{value}\n")
    assert [str(one) for one in found] == [f"line 2: {told}"]
