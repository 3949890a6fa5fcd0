"""What commands print for the codes and figures of the layers below, in English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ivr.domain.outages import State
from ivr.storage.outages.changes import (
    AlreadyKnown,
    GoesOn,
    NobodyThere,
    NoSuchOutage,
    NotSuspected,
    OutageFault,
    OutOfOrder,
)


def facts_text(facts: Mapping[str, Any]) -> str:
    """Facts of the audit in a line: `cause: cable -> line; note: crew there`."""
    return "; ".join(f"{key.replace('_', ' ')}: {_value(value)}" for key, value in facts.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return f"{_value(value['old'])} -> {_value(value['new'])}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "unknown" if value is None else "yes" if value is True else str(value)


def outage_fault_text(fault: OutageFault) -> str:
    """Why an outage could not be entered or changed, and what to do."""
    match fault:
        case NobodyThere():
            return "no account lies there: is the place spelt as in billing? --anywhere enters it all the same"
        case AlreadyKnown(known=known) if known.state is State.SUSPECTED:
            return f"outage {known.id} is suspected there: `ivr outage confirm {known.id}`"
        case AlreadyKnown(known=known):
            return f"outage {known.id} is of the same place: change it by `ivr outage change {known.id}`"
        case OutOfOrder(outage=outage, ends=ends):
            began = outage.began_at.astimezone(ends.tzinfo).isoformat(timespec="minutes")
            return f"outage {outage.id} began later, at {began}; if there is none, it is withdrawn"
        case NoSuchOutage(state=None, outage=number):
            return f"there is no outage {number}"
        case GoesOn(outage=number):
            return f"outage {number} goes on"
        case NotSuspected(outage=number, state=state):
            return f"outage {number} is {state}, not suspected"
        case NoSuchOutage(outage=number, state=state):
            return f"outage {number} is {state}"
    raise AssertionError(fault)
