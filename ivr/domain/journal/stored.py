"""The form in which a store keeps a step: its kind, the prompt that began, and a JSON object of its other facts.

Reading is strict, and never raises: a step of another version, or a damaged one, is `Unreadable`, and the rest of its
call can still be shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, cast, get_args, get_origin, get_type_hints

from ivr.domain.faults import BadInput
from ivr.domain.journal.steps import STEPS, ReadStep, Step, Unreadable
from ivr.domain.journal.words import StepKind

PROMPT = "prompt"
"""The field that has a column of its own."""


class _Unknown(BadInput, ValueError):
    """A fact is missing, not known, or of another type."""


def columns(step: Step) -> dict[str, str]:
    """A step as stored.

    kind: a StepKind. prompt: id of the prompt that began, "" for other kinds. detail: the other facts as a JSON object,
    "" where there are none; what has its default value is left out.
    """
    facts = encode(step)
    prompt = facts.pop(PROMPT, "")
    detail = json.dumps(facts, ensure_ascii=False, separators=(",", ":")) if facts else ""
    return {"kind": step.kind.value, "prompt": prompt, "detail": detail}


def read(kind: str, prompt: str, detail: str) -> ReadStep:
    """The step that was kept so; `Unreadable` for what this version does not know."""
    try:
        facts = json.loads(detail) if detail else {}
        if not isinstance(facts, dict) or PROMPT in facts:
            raise _Unknown
        return decode(StepKind(kind), facts | ({PROMPT: prompt} if prompt or kind == StepKind.PROMPT else {}))
    except (ValueError, RecursionError):
        return Unreadable(kind, prompt, detail)


def encode(step: Step) -> dict[str, Any]:
    """The facts of a step as values of JSON; those that have their default are left out."""
    facts: dict[str, Any] = {}
    for field in _fields(step.kind):
        value = getattr(step, field.name)
        if value != field.default:
            facts[field.name] = _plain(value)
    return facts


def decode(kind: StepKind, facts: Mapping[str, Any]) -> Step:
    """The step of which `encode` gives these facts. Raises ValueError if one is missing, unknown or mistyped."""
    types = _types(kind)
    if not facts.keys() <= types.keys():
        raise _Unknown
    values: dict[str, Any] = {}
    for field in _fields(kind):
        if field.name in facts:
            values[field.name] = _typed(types[field.name], facts[field.name])
        elif field.default is MISSING:
            raise _Unknown
    return STEPS[kind](**values)


@cache
def _fields(kind: StepKind) -> tuple[Field[Any], ...]:
    return fields(STEPS[kind])


@cache
def _types(kind: StepKind) -> Mapping[str, Any]:
    """Types of the fields by their names."""
    hints = get_type_hints(STEPS[kind])
    return {field.name: hints[field.name] for field in _fields(kind)}


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _typed(wanted: Any, value: object) -> object:
    """A value of JSON as one of the type: a text, a whole number, an enum, a tuple of these, or None where it may be.

    Raises ValueError.
    """
    if get_origin(wanted) is tuple:
        if not isinstance(value, list):
            raise _Unknown
        return tuple(_typed(get_args(wanted)[0], one) for one in value)
    if NoneType in get_args(wanted):
        (wanted,) = set(get_args(wanted)) - {NoneType}
        return None if value is None else _typed(wanted, value)
    if issubclass(wanted, Enum):
        return cast("type[Enum]", wanted)(value)
    if type(value) is not wanted:
        raise _Unknown
    return value
