"""The emergency script as a process between two pipes, and its spool between many writers and a reader."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ivr.config import REPOSITORY
from ivr.telephony.emergency import SPOOL_FILE, keep

SCRIPT = REPOSITORY / "ivr" / "telephony" / "emergency.py"
HEADER = b'agi_request: x\nagi_callerid: +79161234567\nagi_calleridname: "\xff\xfe\\\n\n'
LIMIT_S = 60


def run(spool: Path, replies: bytes, sounds: str = "/sounds", file_limit: str = "unlimited") -> tuple[int, str, str]:
    """Run the script against Asterisk's `replies`; exit status, what it sent, what it wrote to stderr.

    file_limit: largest file it can write, in blocks of 512 bytes.
    """
    command = ["sh", "-c", f'ulimit -f {file_limit}; exec "$@"', "sh", sys.executable, SCRIPT, spool, sounds]
    done = subprocess.run(command, input=HEADER + replies, capture_output=True, timeout=LIMIT_S)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


DONE = b"200 result=1\n"
PLAYED = b"200 result=0 endpos=800\n"
SAID = DONE + PLAYED  # IVR_PROMPT is set, the sound plays


def typed(keys: bytes) -> bytes:
    return DONE + b"200 result=" + keys + b"\n"


ONE_ZONE = typed(b"12") + typed(b"345") + typed(b"")
SAID_BACK = SAID + 2 * SAID + PLAYED + 3 * SAID + PLAYED  # "you entered", two digits, pause, three digits, pause
CONFIRMED = ONE_ZONE + SAID_BACK + typed(b"1")


@pytest.mark.parametrize(
    "replies",
    [
        b"",
        b"HANGUP\n",
        DONE + b"HANGUP\n200 result=-1\n",
        b"511 Command Not Permitted on a dead channel or intercept routine\n",
        DONE + b"200 result=-1\n",
        b"520-Invalid command syntax.  Proper usage follows:\n",
        CONFIRMED[:-5],
    ],
    ids=["closed", "hangup", "hangup-first", "dead", "minus-one", "520-and-closed", "closed-at-the-last-question"],
)
def test_a_hang_up_ends_it_quietly(tmp_path: Path, replies: bytes) -> None:
    status, sent, errors = run(tmp_path, replies)
    assert (status, errors) == (0, "")
    assert "IVR_NEXT" not in sent
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reply", [b"510 Invalid or unknown command\n", b"520 Invalid command syntax.\n"])
def test_a_refused_command_is_a_failure_for_the_dialplan(tmp_path: Path, reply: bytes) -> None:
    status, _, errors = run(tmp_path, reply)
    assert status == 1
    assert errors == f"ivr emergency: Asterisk refused a command, reply {reply[:3].decode()}\n"


def test_a_confirmed_reading_is_kept_before_it_is_promised(tmp_path: Path) -> None:
    status, sent, errors = run(tmp_path, CONFIRMED + SAID + DONE)
    assert (status, errors) == (0, "")
    assert sent.splitlines()[-3:] == [
        'SET VARIABLE IVR_PROMPT "fixed/emergency-saved"',
        'STREAM FILE "/sounds/fixed/emergency-saved" ""',
        'SET VARIABLE IVR_NEXT "hangup"',
    ]
    assert json.loads((tmp_path / SPOOL_FILE).read_text())["values"] == ["345"]


def prompts(sent: str) -> list[str]:
    """Sounds that the caller hears, in their order, without "fixed/emergency-"."""
    return [each.rpartition("emergency-")[2] for each in re.findall(r'SET VARIABLE IVR_PROMPT "fixed/(.*)"', sent)]


def said_back(*numbers: str) -> bytes:
    """Replies while numbers are said digit by digit, with a pause behind each."""
    return SAID + b"".join(len(number) * SAID + PLAYED for number in numbers)


def test_wrong_digits_are_typed_again_and_three_zones_need_no_more(tmp_path: Path) -> None:
    wrong = ONE_ZONE + SAID_BACK + typed(b"2") + SAID
    right = b"".join(typed(keys) for keys in (b"8", b"12345678", b"2", b"3")) + said_back("8", "12345678", "2", "3")
    status, sent, errors = run(tmp_path, wrong + right + typed(b"1") + SAID + DONE)
    assert (status, errors) == (0, "")
    heard = [prompt for prompt in prompts(sent) if not prompt.startswith("digit-")]
    once = ["account", "reading", "more"]
    assert heard == [*once, "you-entered", "correct", "again", *once, "more", "you-entered", "correct", "saved"]
    kept = json.loads((tmp_path / SPOOL_FILE).read_text())
    assert (kept["account"], kept["values"]) == ("8", ["12345678", "2", "3"])


def test_three_stumbles_end_with_a_person(tmp_path: Path) -> None:
    no_number, too_long, nothing = typed(b"*"), typed(21 * b"1"), typed(b"")
    status, sent, errors = run(tmp_path, no_number + SAID + too_long + SAID + nothing + DONE)
    assert (status, errors) == (0, "")
    assert prompts(sent) == ["account", "again", "account", "again", "account"]
    assert sent.endswith('SET VARIABLE IVR_NEXT "hotline"\n')
    assert list(tmp_path.iterdir()) == []


def test_a_hang_up_after_the_confirmation_loses_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, CONFIRMED)[0] == 0
    assert json.loads((tmp_path / SPOOL_FILE).read_text())["account"] == "12"


def test_a_full_disk_is_not_promised_and_leaves_no_half_line(tmp_path: Path) -> None:
    earlier = b'{"id": "earlier"}' + b" " * 440 + b"\n"
    (tmp_path / SPOOL_FILE).write_bytes(earlier)  # 54 bytes are left
    _, sent, _ = run(tmp_path, CONFIRMED + SAID + DONE, file_limit="1")
    assert "fixed/emergency-not-saved" in sent
    assert "fixed/emergency-saved" not in sent
    assert sent.endswith('SET VARIABLE IVR_NEXT "hotline"\n')
    assert (tmp_path / SPOOL_FILE).read_bytes() == earlier


def test_no_argument_can_become_a_second_command(tmp_path: Path) -> None:
    _, sent, _ = run(tmp_path, DONE, sounds='/a "b" \\c\nHANGUP')
    assert sent.splitlines()[1] == r'GET DATA "/a \"b\" \\c HANGUP/fixed/emergency-account" 10000 21'


def test_a_line_torn_by_a_power_cut_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / SPOOL_FILE).write_text('{"id": "to')
    keep(tmp_path, {"id": "whole"})
    assert (tmp_path / SPOOL_FILE).read_text().splitlines() == ['{"id": "to', '{"id": "whole"}']


def test_a_writer_that_waited_for_the_reader_begins_a_new_file(tmp_path: Path) -> None:
    keep(tmp_path, {"id": "first"})
    place = tmp_path / SPOOL_FILE
    reader = os.open(place, os.O_RDONLY)
    fcntl.flock(reader, fcntl.LOCK_EX)
    writer = threading.Thread(target=keep, args=(tmp_path, {"id": "second"}))
    writer.start()
    place.rename(tmp_path / "taken.jsonl")
    os.close(reader)
    writer.join(LIMIT_S)
    assert (tmp_path / "taken.jsonl").read_text() == '{"id": "first"}\n'
    assert place.read_text() == '{"id": "second"}\n'


def test_many_writers_and_a_reader_lose_and_repeat_nothing(tmp_path: Path) -> None:
    calls = 8
    each = 25

    def call(number: int) -> None:
        for turn in range(each):
            keep(tmp_path, {"id": f"{number}-{turn}"})

    writers = [threading.Thread(target=call, args=(number,)) for number in range(calls)]
    for writer in writers:
        writer.start()
    found: list[str] = []
    while any(writer.is_alive() for writer in writers) or (tmp_path / SPOOL_FILE).exists():
        found += take_away(tmp_path)
    for writer in writers:
        writer.join(LIMIT_S)
    assert sorted(found) == sorted(f"{number}-{turn}" for number in range(calls) for turn in range(each))


def take_away(spool: Path) -> list[str]:
    """What the daemon does: lock, rename away, read."""
    place, taken = spool / SPOOL_FILE, spool / "taken.jsonl"
    try:
        descriptor = os.open(place, os.O_RDONLY)
    except FileNotFoundError:
        return []
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    place.rename(taken)
    os.close(descriptor)
    return [json.loads(line)["id"] for line in taken.read_text().splitlines()]
