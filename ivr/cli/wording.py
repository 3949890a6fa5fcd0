"""What commands print for the codes and figures of the layers below, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def facts_text(facts: Mapping[str, Any]) -> str:
    """Facts of the audit in a line: `cause: cable -> line; note: crew there`."""
    return "; ".join(f"{key.replace('_', ' ')}: {_value(value)}" for key, value in facts.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{_value(value['old'])} -> {_value(value['new'])}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "unknown" if value is None else "yes" if value is True else str(value)
