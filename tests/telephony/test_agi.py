"""AGI as text: quoting, commands, every form of reply, the header."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ivr.telephony.agi.commands import Code, HangUpNotice, Replies, Reply, WireError, command, parse_header, quote
from tests.telephony.asterisk_end import words_of

BUSY = settings(deadline=None)  # the machine may be

Value = TypeVar("Value")


def taken(
    take: Callable[[Value], object], values: list[Value], refusal: type[Exception], says: str = ""
) -> list[Value]:
    """Those of the values that are not refused."""
    found = []
    for value in values:
        try:
            take(value)
        except refusal as refused:
            assert says in str(refused), value
        else:
            found.append(value)
    return found


def test_a_word_is_quoted() -> None:
    assert quote("hotline") == '"hotline"'


def test_an_empty_argument_stays_an_argument() -> None:
    assert quote("") == '""'


def test_a_number_is_quoted_too() -> None:
    assert quote(7000) == '"7000"'


def test_a_quote_is_escaped() -> None:
    assert quote('a"b') == r'"a\"b"'


def test_a_backslash_is_escaped() -> None:
    assert quote("a\\b") == r'"a\\b"'


def test_a_backslash_before_a_quote_is_escaped_by_itself() -> None:
    assert quote('\\"') == r'"\\\""'


def test_spaces_stay() -> None:
    assert quote(" a  b ") == '" a  b "'


def test_cyrillic_stays() -> None:
    assert quote("Центральный район") == '"Центральный район"'


def test_what_would_begin_a_second_command_is_refused() -> None:
    assert taken(quote, ["\n", "\r", "\0", "a\nHANGUP", "a\r\n"], ValueError, "line break") == []


@BUSY
@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=50))
def test_asterisk_reads_back_every_argument(text: str) -> None:
    assert words_of(command("SET VARIABLE", "X", text).decode().removesuffix("\n")) == ["SET", "VARIABLE", "X", text]


def test_a_command_is_one_line() -> None:
    assert command("STREAM FILE", "a/b", "", 0) == b'STREAM FILE "a/b" "" "0"\n'


def test_a_command_without_arguments() -> None:
    assert command("NOOP") == b"NOOP\n"


def test_a_command_is_utf_8() -> None:
    assert command("SET VARIABLE", "D", "ё") == b'SET VARIABLE "D" "\xd1\x91"\n'


def test_the_longest_command_that_asterisk_reads() -> None:
    assert len(command("NOOP", "x" * 2039)) == 2047


def test_a_longer_command_is_refused() -> None:
    with pytest.raises(ValueError, match="2047 bytes"):
        command("NOOP", "x" * 2040)


def test_half_a_surrogate_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        command("NOOP", "\ud800")


REPLIES = {
    b"200 result=0": Reply(Code.DONE, 0),
    b"200 result=1": Reply(Code.DONE, 1),
    b"200 result=-1": Reply(Code.DONE, -1),
    b"200 result=0\r": Reply(Code.DONE, 0),
    b"200 result=": Reply(Code.DONE),
    b"200 result=-": Reply(Code.DONE),
    b"200 result=53 endpos=8000": Reply(Code.DONE, 53, endpos=8000),
    b"200 result=-1 endpos=0": Reply(Code.DONE, -1, endpos=0),
    b"200 result=0 endpos=-1": Reply(Code.DONE, 0, endpos=-1),
    b"200 result=0 (timeout) endpos=160": Reply(Code.DONE, 0, "timeout", 160),
    b"200 result=0 (timeout)": Reply(Code.DONE, 0, "timeout"),
    b"200 result= (timeout)": Reply(Code.DONE, None, "timeout"),
    b"200 result=1 ()": Reply(Code.DONE, 1, ""),
    b"200 result=1 (hotline)": Reply(Code.DONE, 1, "hotline"),
    b"200 result=1 (a (b) c)": Reply(Code.DONE, 1, "a (b) c"),
    b"200 result=1 (a) b)": Reply(Code.DONE, 1, "a) b"),
    b"200 result=1 ((((()": Reply(Code.DONE, 1, "(((("),
    b"200 result=1 (x endpos=5)": Reply(Code.DONE, 1, "x endpos=5"),
    "200 result=1 (Мира, 5)".encode(): Reply(Code.DONE, 1, "Мира, 5"),
    b"200 result=1 (\xff)": Reply(Code.DONE, 1, "\ufffd"),
    b"510 Invalid or unknown command": Reply(Code.UNKNOWN_COMMAND),
    b"510": Reply(Code.UNKNOWN_COMMAND),
    b"511 Command Not Permitted on a dead channel": Reply(Code.DEAD_CHANNEL),
    b"511": Reply(Code.DEAD_CHANNEL),
    b"520 Invalid command syntax.  Proper usage not available.": Reply(Code.BAD_SYNTAX),
    b"520": Reply(Code.BAD_SYNTAX),
}


def test_replies_of_one_line() -> None:
    assert {line: Replies().feed(line) for line in REPLIES} == REPLIES


def test_what_is_no_reply_breaks_the_wire() -> None:
    lines = [
        b"",
        b" ",
        b"200",
        b"200 ",
        b"200 result",
        b"200 ok",
        b"200-result=0",
        b"200 result=" + b"9" * 19,
        b"200 result=" + b"9" * 5000,
        b"404 not found",
        b"HANGUP now",
        b"hangup",
        b"GET / HTTP/1.1",
        b"\x00\xff",
    ]
    assert taken(lambda line: Replies().feed(line), lines, WireError) == []


def test_digits_of_other_scripts_are_no_result() -> None:
    assert Replies().feed("200 result=٣".encode()) == Reply(Code.DONE)


def test_a_fault_does_not_quote_what_arrived() -> None:
    with pytest.raises(WireError) as fault:
        Replies().feed(b"agi_callerid: 89161234567")
    assert "8916" not in str(fault.value)


def test_a_hang_up_out_of_band_is_no_reply() -> None:
    notices = [Replies().feed(line) for line in (b"HANGUP", b"HANGUP\r")]
    assert [type(notice) for notice in notices] == [HangUpNotice] * 2


def test_a_provisional_line_is_no_reply() -> None:
    assert Replies().feed(b"100 Trying...") is None


def test_a_usage_text_of_several_lines_is_one_reply() -> None:
    replies = Replies()
    usage = [b"520-Invalid command syntax.  Proper usage follows:", b"Usage: NoOp", b"200 result=0", b"HANGUP", b""]
    assert [replies.feed(line) for line in usage] == [None] * 5
    assert replies.feed(b"520 End of proper usage.") == Reply(Code.BAD_SYNTAX)


def test_after_a_usage_text_replies_are_read_again() -> None:
    replies = Replies()
    for line in (b"520-Usage", b"text", b"520 End"):
        replies.feed(line)
    assert replies.feed(b"200 result=1") == Reply(Code.DONE, 1)


def test_a_usage_text_without_an_end_breaks_the_wire() -> None:
    replies = Replies()
    replies.feed(b"520-Usage")
    with pytest.raises(WireError, match="without an end"):
        for _ in range(1000):
            replies.feed(b"more")


LINES = st.one_of(
    st.binary(max_size=60),
    st.builds(
        lambda code, rest: code + rest,
        st.sampled_from([b"200 ", b"200 result=", b"200 result=1 (", b"520-", b"520 ", b"511 ", b"1", b"HANGUP"]),
        st.binary(max_size=60),
    ),
)


@BUSY
@given(st.lists(LINES, max_size=20))
@example([b"200 result=1 endpos=" + b"9" * 5000])
@example(["200 result=²".encode()])
def test_no_bytes_do_more_than_break_the_wire(lines: list[bytes]) -> None:
    replies = Replies()
    for line in lines:
        try:
            reply = replies.feed(line)
        except WireError:
            return
        assert reply is None or isinstance(reply, Reply | HangUpNotice)


def test_the_header_is_read_by_name() -> None:
    assert parse_header([b"agi_channel: PJSIP/x-1", b"agi_callerid: 89161234567"]) == {
        "agi_channel": "PJSIP/x-1",
        "agi_callerid": "89161234567",
    }


def test_a_header_value_may_hold_colons() -> None:
    assert parse_header([b"agi_request: agi://host:4573/x"]) == {"agi_request": "agi://host:4573/x"}


def test_a_header_value_may_be_empty() -> None:
    assert parse_header([b"agi_accountcode: "]) == {"agi_accountcode": ""}


def test_a_header_is_read_in_any_encoding() -> None:
    assert parse_header([b"agi_calleridname: \xcf\xe5\xf2\xf0"])["agi_calleridname"].startswith("\ufffd")


def test_another_line_is_no_header() -> None:
    lines = [b"", b"agi_channel", b"channel: x", b"GET / HTTP/1.1", b"Host: x", b": x"]
    assert taken(lambda line: parse_header([line]), lines, WireError) == []


def test_a_header_has_lines() -> None:
    with pytest.raises(WireError):
        parse_header([])


@BUSY
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_bytes_in_a_header_do_more_than_break_the_wire(lines: list[bytes]) -> None:
    try:
        parse_header(lines)
    except WireError:
        return
    assert all(line.startswith(b"agi_") for line in lines)
