"""Logs as JSON lines with fixed texts.

A text is a constant of the code and `extra` holds only the fields below: no account number, no caller number, no
keys and no transcript ever enters a log; the journal of calls carries them. Libraries do not know this rule, so of
their texts only the first line is kept, with its numbers masked.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime

FIELDS = (
    "call",
    "callback",
    "outage",
    "prompt",
    "outcome",
    "count",
    "path",
    "stored",
    "refused",
    "rejected",
    "dropped",
    "entries",
    "reason",
)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, module, text, the known fields, and where an exception came from.

    Of an exception only its kind and the lines of code are kept, since its text may quote data.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line for one record."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": _text(record),
        }
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            line["fault"] = record.exc_info[0].__name__
            line["trace"] = _places(record)
        return json.dumps(line, ensure_ascii=False, default=str)


def _text(record: logging.LogRecord) -> str:
    if record.name.partition(".")[0] == "ivr":
        return str(record.msg)  # the constant itself: whatever was given to fill it in stays out
    first_line = record.getMessage().partition("\n")[0]
    return re.sub(r"\d{3,}", "…", first_line)


def _places(record: logging.LogRecord) -> list[str]:
    places = []
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}")
        trace = trace.tb_next
    return places


def to_stderr(level: int = logging.INFO) -> None:
    """Send all logs of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
