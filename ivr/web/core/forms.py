"""Forms of the pages: a model of what is sent, its faults in Russian beside their fields, and what was typed, kept.

A validator that looks at other fields belongs to the field that its fault is shown beside, and sees those declared
before it; so a model declares its fields in the order in which they are judged, not in that of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Generic, TypeVar
from zoneinfo import ZoneInfo

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import PydanticCustomError

from ivr.web.core.context import context_of

LONGEST_TEXT = 200
FAULTS = {
    "enum": "Выберите из списка.",
    "bool_parsing": "Поставьте отметку или уберите её.",
    "string_too_long": "Слишком длинно: не больше {max_length} знаков.",
}
"""What is told of faults that Pydantic finds by itself, by their types."""
OTHER_FAULT = "Заполнено не так."
NOT_A_TIME = "Время не понято. Выберите день и час в календаре."


class Fields(BaseModel):
    """Fields of a form. What was left empty is as if it had not been sent: the field's default is judged instead."""

    model_config = ConfigDict(frozen=True, validate_default=True)


FieldsT = TypeVar("FieldsT", bound=Fields)


@dataclass(frozen=True, slots=True)
class Now:
    """What validators know besides the fields: the time, and the zone of times without one."""

    at: datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Filled(Generic[FieldsT]):
    """A form as it was sent. typed: every field's text; fields: None if there are faults; faults: text by field."""

    typed: dict[str, str]
    fields: FieldsT | None
    faults: dict[str, str]


def fault(text: str) -> PydanticCustomError:
    """What a validator raises: its text is shown to the person, beside the field."""
    return PydanticCustomError("told", "{told}", {"told": text})


def now_of(info: ValidationInfo) -> Now:
    """The time of the request whose form is judged."""
    now = info.context
    assert isinstance(now, Now)
    return now


async def read_form(request: Request, model: type[FieldsT]) -> Filled[FieldsT]:
    """The form that was sent, judged."""
    context = context_of(request)
    sent = await request.form()
    typed = typed_in(model, {name: value for name, value in sent.items() if isinstance(value, str)})
    return judged(model, typed, Now(context.now(), context.settings.zone))


def typed_in(model: type[Fields], sent: Mapping[str, str]) -> dict[str, str]:
    """The text of each field, empty where nothing was sent; nothing else that was sent."""
    return {name: sent.get(name, "") for name in model.model_fields}


def judged(model: type[FieldsT], typed: dict[str, str], now: Now) -> Filled[FieldsT]:
    """What was typed, as fields or with the first fault of each."""
    try:
        fields = model.model_validate({name: text for name, text in typed.items() if text.strip()}, context=now)
    except ValidationError as error:
        faults: dict[str, str] = {}
        for wrong in error.errors(include_url=False):
            context = wrong.get("ctx", {})
            text = str(context["told"]) if wrong["type"] == "told" else FAULTS.get(wrong["type"], OTHER_FAULT)
            faults.setdefault(str(wrong["loc"][0]), text.format(**context) if wrong["type"] != "told" else text)
        return Filled(typed, None, faults)
    return Filled(typed, fields, {})


def plain(text: str) -> str:
    """A text of a form without line breaks, control characters and spaces around it."""
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _moment(text: object, info: ValidationInfo) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise fault(NOT_A_TIME) from None
    if not 2000 <= at.year <= 2200:  # a year that nobody means
        raise fault(NOT_A_TIME)
    return at if at.tzinfo else at.replace(tzinfo=now_of(info).zone)


Text = Annotated[str, Field(max_length=LONGEST_TEXT), BeforeValidator(plain)]
"""One line, printable, without spaces around it."""
Moment = Annotated[datetime | None, BeforeValidator(_moment)]
"""`2026-11-25T14:05` where the customers live, as browsers send it; None if empty."""
