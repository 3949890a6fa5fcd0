"""Logs: one JSON object a line, and nothing of a caller in it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from ivr.logs import JsonLines

ACCOUNT, PHONE = "1234567890", "+79161234567"


class Log:
    """What a process would write to standard error."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self.handler = logging.StreamHandler(self._stream)
        self.handler.setFormatter(JsonLines())

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def line(self) -> dict[str, Any]:
        (line,) = self.lines
        return line


@pytest.fixture
def log() -> Iterator[Log]:
    log = Log()
    root = logging.getLogger()
    level = root.level
    root.addHandler(log.handler)
    root.setLevel(logging.INFO)
    yield log
    root.removeHandler(log.handler)
    root.setLevel(level)


ours = logging.getLogger("ivr.telephony.agi.server")
library = logging.getLogger("sqlalchemy.engine")


def test_a_line_tells_when_how_bad_where_and_what(log: Log) -> None:
    ours.warning("all lines are taken")
    assert log.line["level"] == "warning"
    assert log.line["from"] == "ivr.telephony.agi.server"
    assert log.line["text"] == "all lines are taken"
    assert log.line["at"].endswith("+00:00")


def test_the_known_fields_are_kept_and_no_other(log: Log) -> None:
    ours.info("call begins", extra={"call": "c0ffee", "prompt": "identify/ask", "caller": PHONE, "account": ACCOUNT})
    assert log.line["call"] == "c0ffee"
    assert log.line["prompt"] == "identify/ask"
    assert PHONE not in log.text
    assert ACCOUNT not in log.text


def test_the_text_of_an_exception_stays_out(log: Log) -> None:
    try:
        int(f"account {ACCOUNT}")
    except ValueError:
        ours.exception("a fault in the dialogue")
    assert log.line["fault"] == "ValueError"
    assert log.line["trace"][0].startswith("test_the_text_of_an_exception_stays_out:")
    assert ACCOUNT not in log.text


def test_the_text_of_its_cause_stays_out(log: Log) -> None:
    try:
        try:
            raise KeyError(ACCOUNT)
        except KeyError as cause:
            raise RuntimeError("account not found") from cause
    except RuntimeError:
        ours.exception("a fault in the dialogue")
    assert log.line["fault"] == "RuntimeError"
    assert ACCOUNT not in log.text


def test_what_is_filled_into_a_text_of_ours_stays_out(log: Log) -> None:
    ours.info("caller %s is there", PHONE)
    assert log.line["text"] == "caller %s is there"


def test_numbers_in_the_text_of_a_library_are_masked(log: Log) -> None:
    library.warning("SELECT * FROM accounts WHERE number = %r", ACCOUNT)
    assert log.line["text"] == "SELECT * FROM accounts WHERE number = '…'"


def test_of_the_text_of_a_library_the_first_line_is_kept(log: Log) -> None:
    library.warning("a fault\nwith a caller's words")
    assert log.line["text"] == "a fault"


async def test_the_fault_of_a_forgotten_task_keeps_its_text_to_itself(log: Log) -> None:
    async def fails() -> None:
        raise ValueError(f"account {ACCOUNT}, said: один два три")

    loop = asyncio.get_running_loop()
    task = loop.create_task(fails())
    await asyncio.wait({task})
    # What asyncio does with a task whose fault nobody has asked for.
    context = {"message": "Task exception was never retrieved", "exception": task.exception(), "task": task}
    loop.default_exception_handler(context)
    assert log.line["fault"] == "ValueError"
    assert log.line["text"] == "Task exception was never retrieved"
    assert ACCOUNT not in log.text
    assert "один" not in log.text


def test_a_line_is_one_line_whatever_is_in_it(log: Log) -> None:
    ours.info("served", extra={"path": "a\nb", "seconds": 1.5, "outcome": None})
    assert log.line["path"] == "a\nb"
    assert len(log.text.splitlines()) == 1


def test_what_json_does_not_know_is_written_as_text(log: Log) -> None:
    ours.info("served", extra={"path": object})
    assert "object" in log.line["path"]
